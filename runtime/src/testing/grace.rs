//! How long a body that was told to stop may go on, where the clock of its attempt jumps.
//!
//! A timer for it would be over as soon as the body waits for a thread or a socket. So what the body waits
//! for by timers counts on the clock of the attempt, whenever the body is run; and what else it waits for
//! counts in real time.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::{attempt::Takes, cancel::Cancellation, options::Options};

/// The longest time that is waited for a body in earnest.
const LONGEST: Duration = Duration::from_secs(10);

/// The grace of a body; it begins when the body is told.
pub(super) struct Grace {
    options: Options,
    told: OnceLock<Told>,
    is_counted: OnceLock<()>,
}

struct Told {
    since: Instant,
    grace: Duration,
    cancellation: Cancellation,
}

impl Grace {
    pub(super) fn new(options: Options) -> Self {
        Self { options, told: OnceLock::new(), is_counted: OnceLock::new() }
    }

    /// The body was told.
    pub(super) fn begin(&self, takes: Takes, cancellation: &Cancellation) {
        match self.options.grace(takes.can_see_cancellation()) {
            None => {}
            Some(Duration::ZERO) => cancellation.give_up(),
            Some(grace) => {
                let cancellation = cancellation.clone();
                let _ = self.told.set(Told { since: Instant::now(), grace, cancellation });
            }
        }
    }

    /// Counts it on the clock of the attempt; on the thread that has this clock.
    pub(super) fn count(&self) {
        if let Some(told) = self.told.get() {
            self.is_counted.get_or_init(|| {
                let end = tokio::time::Instant::now().checked_add(told.grace);
                told.cancellation.ends_at(end);
            });
        }
    }

    /// Looks at it in real time, for a body that does not move.
    pub(super) fn look(&self) {
        if let Some(told) = self.told.get()
            && told.since.elapsed() >= told.grace.min(LONGEST)
        {
            told.cancellation.give_up();
        }
    }
}
