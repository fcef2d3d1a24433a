//! One activity by the rules of a server, as plain data: it knows neither clocks nor calls.
//!
//! Invariants:
//! - at most one attempt is started, and its token is the only one that is not stale, but for
//!   [`ResetRule::Forgotten`], where a token says no more than its attempt's number;
//! - whoever shows a stale token is told that it is not found, and changes nothing;
//! - once closed, nothing changes any more.

mod next;
mod terms;

use std::time::Duration;

use temporalio_common::protos::temporal::api::common::v1::Payload;

pub use self::terms::{ResetRule, Retry, Terms, Timeout};
use super::moment::Moment;

/// Names one start of an attempt: of all that its number is shared with, in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// How an activity ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// An attempt completed it.
    Completed,
    /// An attempt failed, and there is no other.
    Failed,
    /// It was asked to stop, and did.
    Cancelled,
    /// A timeout was over, and there is no other attempt.
    TimedOut(Timeout),
    /// It was ended from outside.
    Terminated,
}

/// Why a call changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The token is stale.
    NotFound,
    /// Nobody asked for a cancellation.
    NotRequested,
}

/// What a heartbeat is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Somebody wants it cancelled.
    pub cancel_requested: bool,
    /// It is paused.
    pub paused: bool,
    /// It was reset.
    pub reset: bool,
}

/// A failure as an attempt answers it.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// Whether another attempt would be of use.
    pub non_retryable: bool,
    /// When the next attempt is to start, instead of what the policy says.
    pub next_retry_delay: Option<Duration>,
    /// The last details, which replace those that are stored.
    pub details: Option<Vec<Payload>>,
}

/// What became of an attempt or the activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Another attempt follows.
    Retried {
        /// Its number.
        number: u32,
        /// When it may start.
        due: Moment,
    },
    /// It is over.
    Closed(Closed),
}

/// What a worker is handed.
#[derive(Clone, Debug)]
pub struct Started {
    /// The token of the attempt.
    pub token: Token,
    /// Its number.
    pub number: u32,
    /// What the last attempt left.
    pub details: Option<Vec<Payload>>,
    /// How long after the activity was scheduled it started.
    pub age: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Waiting { due: Moment },
    Started { token: Token, number: u32, at: Moment, heard: Moment },
    Closed(Closed),
}

#[derive(Clone, Copy, Debug)]
struct Reset {
    heartbeats: bool,
}

/// One activity.
#[derive(Debug)]
pub struct Activity {
    terms: Terms,
    scheduled: Moment,
    number: u32,
    state: State,
    details: Option<Vec<Payload>>,
    cancel_requested: bool,
    paused: bool,
    reset: Option<Reset>,
    /// The numbers of the attempts that were started.
    numbers: Vec<u32>,
    /// Whether a call is about whatever attempt runs.
    by_name: bool,
}

impl Activity {
    /// Schedules an activity.
    #[must_use]
    pub fn new(terms: Terms, now: Moment) -> Self {
        Self {
            terms: terms.clamped(),
            scheduled: now,
            number: 1,
            state: State::Waiting { due: now },
            details: None,
            cancel_requested: false,
            paused: false,
            reset: None,
            numbers: Vec::new(),
            by_name: false,
        }
    }

    /// The terms as the server took them.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The details that are stored.
    #[must_use]
    pub fn details(&self) -> Option<&[Payload]> {
        self.details.as_deref()
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        match self.state {
            State::Closed(closed) => Some(closed),
            _ => None,
        }
    }

    /// Whether a worker that asks now is handed an attempt.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        matches!(self.state, State::Waiting { due } if due <= now && !self.paused)
    }

    /// When it becomes due by itself.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        match self.state {
            State::Waiting { due } if !self.paused => Some(due),
            _ => None,
        }
    }

    /// The started attempt that the server still knows.
    #[must_use]
    pub fn known(&self) -> Option<Token> {
        match self.state {
            State::Started { token, number, .. } if number == self.number => Some(token),
            _ => None,
        }
    }

    /// The attempt that was started last, and the number that the server gives to what runs.
    #[must_use]
    pub fn latest(&self) -> (Token, Option<u32>) {
        let token = Token(u64::try_from(self.numbers.len()).unwrap_or(u64::MAX));
        let runs = matches!(self.state, State::Started { .. });
        (token, runs.then_some(self.number))
    }

    /// The call that comes is about whatever attempt runs, or not.
    pub fn call_by_name(&mut self, by_name: bool) {
        self.by_name = by_name;
    }

    /// Hands the attempt that is due to a worker.
    pub fn start(&mut self, now: Moment) -> Option<Started> {
        if !self.is_due(now) {
            return None;
        }
        self.numbers.push(self.number);
        let token = Token(u64::try_from(self.numbers.len()).unwrap_or(u64::MAX));
        self.state = State::Started { token, number: self.number, at: now, heard: now };
        Some(Started {
            token,
            number: self.number,
            details: self.details.clone(),
            age: now.since(self.scheduled),
        })
    }

    /// A heartbeat: its details replace those that are stored, also where there are none. Too large
    /// ones fail the activity for good, and the attempt is told that it was cancelled.
    ///
    /// # Errors
    ///
    /// Where the token is stale.
    pub fn heartbeat(
        &mut self,
        token: Token,
        details: Option<Vec<Payload>>,
        size: usize,
        now: Moment,
    ) -> Result<Flags, Refusal> {
        self.check(token)?;
        if size > self.terms.details_limit {
            self.state = State::Closed(Closed::Failed);
            return Ok(Flags { cancel_requested: true, ..Flags::default() });
        }
        if let State::Started { heard, .. } = &mut self.state {
            *heard = now;
        }
        self.details = details;
        Ok(Flags {
            cancel_requested: self.cancel_requested,
            paused: self.paused,
            reset: self.reset.is_some(),
        })
    }

    /// The attempt completed.
    ///
    /// # Errors
    ///
    /// Where the token is stale.
    pub fn complete(&mut self, token: Token) -> Result<Change, Refusal> {
        self.check(token)?;
        Ok(self.close(Closed::Completed))
    }

    /// The attempt stopped because it was asked to.
    ///
    /// # Errors
    ///
    /// Where the token is stale, or nobody asked.
    pub fn cancelled(&mut self, token: Token) -> Result<Change, Refusal> {
        self.check(token)?;
        if !self.cancel_requested {
            return Err(Refusal::NotRequested);
        }
        Ok(self.close(Closed::Cancelled))
    }

    /// The attempt failed.
    ///
    /// # Errors
    ///
    /// Where the token is stale.
    pub fn fail(&mut self, token: Token, failure: Failure, now: Moment) -> Result<Change, Refusal> {
        self.check(token)?;
        if let Some(details) = failure.details {
            self.details = Some(details);
        }
        if failure.non_retryable {
            return Ok(self.close(Closed::Failed));
        }
        Ok(self.retry(now, failure.next_retry_delay, Closed::Failed))
    }

    /// Somebody wants it cancelled: done at once where no attempt runs.
    pub fn request_cancel(&mut self) -> Option<Change> {
        match self.state {
            State::Waiting { .. } => Some(self.close(Closed::Cancelled)),
            State::Started { .. } => {
                self.cancel_requested = true;
                None
            }
            State::Closed(_) => None,
        }
    }

    /// Ends it: whoever calls for it afterwards is told that it is not found.
    pub fn terminate(&mut self) -> Option<Change> {
        self.closed().is_none().then(|| self.close(Closed::Terminated))
    }

    /// When which timeout is over next.
    #[must_use]
    pub fn timer(&self) -> Option<(Moment, Timeout)> {
        let whole = self.terms.schedule_to_close;
        let whole = whole.map(|timeout| (self.scheduled + timeout, Timeout::ScheduleToClose));
        let own = match self.state {
            State::Waiting { due } => {
                let timeout = self.terms.schedule_to_start.filter(|_| !self.paused);
                [timeout.map(|timeout| (due + timeout, Timeout::ScheduleToStart)), None]
            }
            State::Started { at, heard, .. } => {
                let unheard = self.terms.heartbeat_timeout;
                [
                    Some((at + self.terms.start_to_close, Timeout::StartToClose)),
                    unheard.map(|timeout| (heard + timeout, Timeout::Heartbeat)),
                ]
            }
            State::Closed(_) => return None,
        };
        own.into_iter().chain([whole]).flatten().min()
    }

    /// A timeout is over.
    pub fn time_out(&mut self, timeout: Timeout, now: Moment) -> Change {
        match timeout {
            Timeout::ScheduleToStart | Timeout::ScheduleToClose => {
                self.close(Closed::TimedOut(timeout))
            }
            Timeout::StartToClose | Timeout::Heartbeat => {
                self.retry(now, None, Closed::TimedOut(timeout))
            }
        }
    }

    fn check(&self, token: Token) -> Result<(), Refusal> {
        let is_started = matches!(self.state, State::Started { .. });
        if self.by_name {
            return is_started.then_some(()).ok_or(Refusal::NotFound);
        }
        let place = usize::try_from(token.0 - 1).unwrap_or(usize::MAX);
        let has_number = self.numbers.get(place) == Some(&self.number);
        let is_latest = place + 1 == self.numbers.len();
        let is_known = has_number && (is_latest || self.terms.reset == ResetRule::Forgotten);
        (is_started && is_known).then_some(()).ok_or(Refusal::NotFound)
    }

    fn close(&mut self, closed: Closed) -> Change {
        self.state = State::Closed(closed);
        Change::Closed(closed)
    }
}
