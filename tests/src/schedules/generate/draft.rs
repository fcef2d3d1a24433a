//! A schedule in thousandths of its heartbeat timeout.

use std::time::Duration;

use crate::{
    inprocess::{
        Moment, Skew,
        activity::{ResetRule, Retry},
        history::{Lane, Order},
        network::{Fate, Hits, Loss, Outage},
    },
    schedules::{
        schedule::{Action, Command, Plan, Schedule, Timeouts, WhenTold},
        variants::{VARIANTS, Variant},
    },
};

/// Thousandths of the heartbeat timeout.
pub(super) type Span = u32;

/// A schedule before its timeout is known.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) variant: usize,
    /// The workflow's timeout, in quarters of the declared one.
    pub(super) timeout_quarters: u32,
    pub(super) start_to_close: Option<Span>,
    pub(super) schedule_to_close: Option<Span>,
    pub(super) schedule_to_start: Option<Span>,
    pub(super) retry_milliseconds: u64,
    pub(super) attempts: u32,
    pub(super) forgets: bool,
    pub(super) ahead: bool,
    pub(super) latency: Latency,
    pub(super) outages: Vec<(Span, Span, Loss, Hits)>,
    pub(super) spots: Vec<(Lane, u32, DraftFate)>,
    pub(super) plans: Vec<(Vec<DraftAction>, DraftWhenTold)>,
    pub(super) commands: Vec<(Span, DraftCommand)>,
    pub(super) grace: Option<Span>,
}

/// How far away the server is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Latency {
    Milliseconds(u64),
    /// Thousandths of the timeout: for a server that is slower than the interval.
    Slow(Span),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DraftFate {
    pub(super) before: Span,
    pub(super) after: Span,
    pub(super) loss: Loss,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum DraftAction {
    Plain(Action),
    Sleep(Span),
    SaveInALoop(u32, Span),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum DraftWhenTold {
    Plain(WhenTold),
    CleansUpFor(Span),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum DraftCommand {
    Order(Order),
    ShutDown(Span),
    Crash(Span),
}

impl Draft {
    /// The schedule that it is a draft of.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let variant = &VARIANTS[self.variant % VARIANTS.len()];
        let timeout = self.timeout(variant);
        let time = |span: Span| time(timeout, span);
        let at = |span: Span| Moment::after(time(span));
        Schedule {
            variant,
            timeouts: Timeouts {
                heartbeat: timeout,
                start_to_close: self.start_to_close.map_or(Duration::from_hours(24), time),
                schedule_to_close: self.schedule_to_close.map(time),
                schedule_to_start: self.schedule_to_start.map(time),
            },
            retry: self.retry(),
            reset: if self.forgets { ResetRule::Forgotten } else { ResetRule::Told },
            skew: if self.ahead { Skew::Ahead } else { Skew::Behind },
            latency: match self.latency {
                Latency::Milliseconds(latency) => Duration::from_millis(latency).min(timeout / 50),
                Latency::Slow(span) => time(span),
            },
            outages: self.outages(&at),
            spots: self.spots.iter().map(|spot| (spot.0, spot.1, spot.2.fate(&time))).collect(),
            plans: self.plans.iter().map(|(actions, told)| plan(actions, *told, &time)).collect(),
            commands: self.commands(&time),
            grace: self.grace.map(time),
        }
    }

    /// A workflow may ask for another timeout than was declared.
    fn timeout(&self, variant: &Variant) -> Duration {
        (variant.heartbeat_timeout * self.timeout_quarters / 4).max(Duration::from_secs(1))
    }

    fn retry(&self) -> Retry {
        Retry {
            initial: Duration::from_millis(self.retry_milliseconds),
            coefficient: 2.0,
            maximum: Duration::from_millis(self.retry_milliseconds * 4),
            attempts: self.attempts,
        }
    }

    fn outages(&self, at: &impl Fn(Span) -> Moment) -> Vec<Outage> {
        let outage = |&(from, length, loss, hits): &(Span, Span, Loss, Hits)| Outage {
            from: at(from),
            to: at(from + length),
            loss,
            hits,
        };
        self.outages.iter().map(outage).collect()
    }

    /// In order; whatever was paused is unpaused in the end, or it would never end.
    fn commands(&self, time: &impl Fn(Span) -> Duration) -> Vec<(Moment, Command)> {
        let mut drafts = self.commands.clone();
        drafts.sort_by_key(|(at, _)| *at);
        let paused = drafts.iter().any(|(_, it)| matches!(it, DraftCommand::Order(Order::Pause)));
        if let Some((last, _)) = drafts.last().copied().filter(|_| paused) {
            drafts.push((last + 1500, DraftCommand::Order(Order::Unpause)));
        }
        let command = |(at, draft): (Span, DraftCommand)| {
            let command = match draft {
                DraftCommand::Order(order) => Command::Order(order),
                DraftCommand::ShutDown(away) => Command::ShutDown(time(away)),
                DraftCommand::Crash(away) => Command::Crash(time(away)),
            };
            (Moment::after(time(at)), command)
        };
        drafts.into_iter().map(command).collect()
    }
}

impl DraftFate {
    fn fate(self, time: &impl Fn(Span) -> Duration) -> Fate {
        Fate { before: time(self.before), after: time(self.after), loss: self.loss }
    }
}

/// Whole milliseconds, as tokio counts, and at least one.
fn time(timeout: Duration, span: Span) -> Duration {
    let milliseconds = timeout.as_millis() * u128::from(span) / 1000;
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX).max(1))
}

fn plan(
    actions: &[DraftAction],
    when_told: DraftWhenTold,
    time: &impl Fn(Span) -> Duration,
) -> Plan {
    let action = |draft: &DraftAction| match *draft {
        DraftAction::Plain(action) => action,
        DraftAction::Sleep(span) => Action::Sleep(time(span)),
        DraftAction::SaveInALoop(times, span) => Action::SaveInALoop(times, time(span)),
    };
    Plan {
        actions: actions.iter().map(action).collect(),
        when_told: match when_told {
            DraftWhenTold::Plain(told) => told,
            DraftWhenTold::CleansUpFor(span) => WhenTold::CleansUpFor(time(span)),
        },
    }
}
