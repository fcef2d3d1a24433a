//! What follows an attempt: another one, and what a pause or a reset makes of it.

use std::time::Duration;

use super::{Activity, Change, Closed, Reset, ResetRule, State};
use crate::inprocess::moment::Moment;

impl Activity {
    /// Holds the next attempt, and tells a running one.
    pub fn pause(&mut self) {
        self.paused = self.closed().is_none();
    }

    /// Lets a held attempt start at once.
    pub fn unpause(&mut self, now: Moment) {
        if std::mem::take(&mut self.paused)
            && let State::Waiting { due } = &mut self.state
        {
            *due = now;
            self.forget_heartbeats();
        }
    }

    /// Begins anew with attempt number 1, at once where no attempt runs, which also unpauses. What
    /// it does to one that runs differs.
    pub fn reset(&mut self, heartbeats: bool, now: Moment) {
        self.reset = Some(Reset { heartbeats });
        match (&mut self.state, self.terms.reset) {
            (State::Waiting { due }, _) => {
                *due = now;
                self.number = 1;
                self.paused = false;
                self.forget_heartbeats();
            }
            (State::Started { .. }, ResetRule::Told) => self.paused = false,
            (State::Started { .. }, ResetRule::Forgotten) => self.number = 1,
            (State::Closed(_), _) => {}
        }
    }

    /// Ends what was asked of a reset; whether there was one.
    fn forget_heartbeats(&mut self) -> bool {
        let reset = self.reset.take();
        if reset.is_some_and(|reset| reset.heartbeats) {
            self.details = None;
        }
        reset.is_some()
    }

    /// Another attempt, or the end where there is none.
    pub(super) fn retry(
        &mut self,
        now: Moment,
        delay: Option<Duration>,
        otherwise: Closed,
    ) -> Change {
        if self.cancel_requested {
            return self.close(otherwise);
        }
        if self.paused {
            // Whoever unpauses it lets it go on, however many attempts there were.
            self.number += 1;
            return self.wait_until(now);
        }
        if self.terms.reset == ResetRule::Told && self.forget_heartbeats() {
            self.number = 1;
            return self.wait_until(now);
        }
        let Some(planned) = self.terms.retry.delay_after(self.number) else {
            return self.close(otherwise);
        };
        let due = now + delay.unwrap_or(planned);
        let end = self.terms.schedule_to_close.map(|timeout| self.scheduled + timeout);
        if end.is_some_and(|end| due > end) {
            return self.close(otherwise);
        }
        self.forget_heartbeats();
        self.number += 1;
        self.wait_until(due)
    }

    fn wait_until(&mut self, due: Moment) -> Change {
        self.state = State::Waiting { due };
        Change::Retried { number: self.number, due }
    }
}
