//! Notices that the machine stood still: what happened then says nothing of a schedule.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const LOOK: Duration = Duration::from_millis(20);

/// Measures for as long as it is there.
pub(crate) struct Hitch {
    longest: Arc<AtomicU64>,
}

impl Hitch {
    /// On a thread of its own, which nothing but the machine can hold up.
    pub(crate) fn watch() -> Self {
        let longest = Arc::new(AtomicU64::new(0));
        let weak = Arc::downgrade(&longest);
        thread::spawn(move || measure(&weak));
        Self { longest }
    }

    /// By how much it was late at most.
    pub(crate) fn longest(self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::Relaxed))
    }
}

fn measure(longest: &Weak<AtomicU64>) {
    while let Some(longest) = longest.upgrade() {
        let since = Instant::now();
        thread::sleep(LOOK);
        let late = since.elapsed().saturating_sub(LOOK);
        longest.fetch_max(u64::try_from(late.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
