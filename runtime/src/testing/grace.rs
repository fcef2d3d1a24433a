//! How long a body that was told to stop may go on, where no heartbeat counts it.
//!
//! On a clock that jumps a timer for it would be over as soon as the body waits for a thread or a socket. So
//! what the body waits for by timers counts on the clock of the attempt, whenever the body is run; and what
//! else it waits for counts in real time.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::real_time::LOOKS;
use crate::{attempt::Takes, cancel::Cancellation, options::Options};

/// The longest time that is waited for a body in earnest, unless all its time is real.
const LONGEST: Duration = Duration::from_secs(10);

/// The grace of a body; it begins when the body is told.
pub(super) struct Grace {
    options: Options,
    in_real_time: bool,
    told: OnceLock<Told>,
    is_counted: OnceLock<()>,
}

struct Told {
    grace: Duration,
    cancellation: Cancellation,
    /// How often this was looked at since then.
    looks: AtomicU32,
}

impl Grace {
    pub(super) fn new(options: Options, in_real_time: bool) -> Self {
        Self { options, in_real_time, told: OnceLock::new(), is_counted: OnceLock::new() }
    }

    /// The body was told.
    pub(super) fn begin(&self, takes: Takes, cancellation: &Cancellation) {
        match self.options.grace(takes.can_see_cancellation()) {
            None => {}
            Some(Duration::ZERO) => cancellation.give_up(),
            Some(grace) => {
                let (cancellation, looks) = (cancellation.clone(), AtomicU32::new(0));
                let _ = self.told.set(Told { grace, cancellation, looks });
            }
        }
    }

    /// Counts it on the clock of the attempt; on the thread that has this clock.
    pub(super) fn count(&self) {
        if let Some(told) = self.told.get() {
            let end = || told.cancellation.ends_at(Instant::now().checked_add(told.grace));
            self.is_counted.get_or_init(end);
        }
    }

    /// Looks at it in real time, for a body that is not run.
    pub(super) fn look(&self) {
        let Some(told) = self.told.get() else { return };
        // The first look may come at once.
        let looks = told.looks.fetch_add(1, Ordering::Relaxed);
        let longest = if self.in_real_time { told.grace } else { told.grace.min(LONGEST) };
        if LOOKS * looks >= longest {
            told.cancellation.give_up();
        }
    }
}
