//! What a run of a schedule shows, whoever ran it.

use std::fmt;

use autobeat::CancelReason;

use crate::{
    inprocess::{
        activity::{Closed, Timeout, Token},
        history::{End, Event, Order, Rpc, Said, What, WorkerStep},
    },
    schedules::run::Ran,
    workflows::Outcome,
};

/// How an activity closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// An attempt completed it.
    Completed,
    /// The last of its attempts failed with this type.
    Failed(String),
    /// It was asked to stop, and did.
    Cancelled,
    /// A timeout was over.
    TimedOut(Timeout),
    /// It was ended from outside.
    Terminated,
    /// It did not close.
    Open,
}

impl Ending {
    /// As a workflow saw it.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Completed(_) => Self::Completed,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::Failed { type_name, .. } => Self::Failed(type_name.clone()),
            Outcome::TimedOut(name) => Self::TimedOut(match name.as_str() {
                "heartbeat" => Timeout::Heartbeat,
                "start to close" => Timeout::StartToClose,
                "schedule to close" => Timeout::ScheduleToClose,
                _ => Timeout::ScheduleToStart,
            }),
        }
    }

    /// As a world saw it.
    fn of_world(closed: Option<Closed>, history: &[Event]) -> Self {
        match closed {
            Some(Closed::Completed) => Self::Completed,
            Some(Closed::Failed) => Self::Failed(last_failure(history)),
            Some(Closed::Cancelled) => Self::Cancelled,
            Some(Closed::TimedOut(timeout)) => Self::TimedOut(timeout),
            Some(Closed::Terminated) => Self::Terminated,
            None => Self::Open,
        }
    }
}

fn last_failure(history: &[Event]) -> String {
    let failure = history.iter().rev().find_map(|event| match &event.what {
        What::Called(called) if called.rpc == Rpc::Fail => called.failure.clone(),
        _ => None,
    });
    failure.unwrap_or_default()
}

/// What is seen of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Its number.
    pub number: u32,
    /// The checkpoint that its body began with, if it did.
    pub began: Option<u64>,
    /// What its body was told, in order.
    pub told: Vec<CancelReason>,
    /// How its body returned, unless it was dropped.
    pub end: Option<End>,
}

/// What a run shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// How the activity closed.
    pub ending: Ending,
    /// Its attempts, in the order of their starts.
    pub attempts: Vec<Attempt>,
    /// Whether two bodies ran at once.
    pub overlaps: bool,
    /// Whether a body began with less than was committed before.
    pub forgets: bool,
}

impl Sample {
    /// Of a run in the process.
    #[must_use]
    pub fn of_world(ran: &Ran) -> Self {
        Self::of(Ending::of_world(ran.closed, &ran.history), &ran.history)
    }

    /// Of a history that ended so.
    #[must_use]
    pub fn of(ending: Ending, history: &[Event]) -> Self {
        let mut reader = Reader::default();
        for event in history {
            reader.read(&event.what);
        }
        Self {
            ending,
            attempts: reader.attempts.into_iter().map(|(_, attempt)| attempt).collect(),
            overlaps: reader.overlaps,
            forgets: reader.forgets,
        }
    }
}

#[derive(Default)]
struct Reader {
    attempts: Vec<(Token, Attempt)>,
    running: Vec<Token>,
    committed: u64,
    overlaps: bool,
    forgets: bool,
}

impl Reader {
    fn read(&mut self, what: &What) {
        match what {
            What::Started { token, number } => {
                let attempt = Attempt { number: *number, began: None, told: Vec::new(), end: None };
                self.attempts.push((*token, attempt));
            }
            // From then on nothing is promised of what was committed before.
            What::Ordered(Order::Reset { heartbeats: true }, _) => self.committed = 0,
            What::Worker(WorkerStep::Crashed | WorkerStep::Ended) => self.running.clear(),
            What::Body(token, said) => self.hear(*token, *said),
            _ => {}
        }
    }

    fn hear(&mut self, token: Token, said: Said) {
        if let Said::Committed(value) = said {
            self.committed = self.committed.max(value);
        }
        let attempt = self.attempts.iter_mut().find(|(of, _)| *of == token);
        let Some((_, attempt)) = attempt else { return };
        match said {
            Said::Began(value) => {
                attempt.began = Some(value);
                self.forgets |= value < self.committed;
                self.overlaps |= !self.running.is_empty();
                self.running.push(token);
            }
            Said::Cancelled(reason) => attempt.told.push(reason),
            Said::Returned(end) => {
                attempt.end = Some(end);
                self.running.retain(|running| *running != token);
            }
            Said::Dropped => self.running.retain(|running| *running != token),
            _ => {}
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.ending)?;
        for attempt in &self.attempts {
            let Attempt { number, began, told, end } = attempt;
            let began = began.map_or_else(|| "never".to_owned(), |value| value.to_string());
            write!(formatter, "; #{number} from {began}")?;
            if !told.is_empty() {
                write!(formatter, " told {told:?}")?;
            }
            match end {
                Some(end) => write!(formatter, " {end:?}")?,
                None => write!(formatter, " dropped")?,
            }
        }
        if self.overlaps {
            write!(formatter, "; TWO AT ONCE")?;
        }
        if self.forgets {
            write!(formatter, "; FORGOT A COMMIT")?;
        }
        Ok(())
    }
}
