//! Whether the work moves: the second clock.
//!
//! A save reads no clock, so that it costs nanoseconds. The heartbeat looks at a counter instead, and
//! knows when something moved to within an interval.

use tokio::time::Instant;

use crate::checkpoint::Source;

/// When a body was last seen to move.
pub(super) struct Progress {
    count: u64,
    /// When the count was first seen as it is.
    pub(super) seen: Instant,
    pub(super) looked: Instant,
    pub(super) saves: u64,
    /// When the newest save was first seen.
    saved: Option<Instant>,
}

impl Progress {
    pub(super) fn since(start: Instant, source: &dyn Source) -> Self {
        let (count, saves) = (source.progress(), source.saves());
        Self { count, seen: start, looked: start, saves, saved: None }
    }

    /// Looks at the counters; `true` when something moved since the last look.
    pub(super) fn look(&mut self, source: &dyn Source, now: Instant) -> bool {
        self.looked = now;
        let (count, saves) = (source.progress(), source.saves());
        if saves != self.saves {
            (self.saves, self.saved) = (saves, Some(now));
        }
        let moved = count != self.count;
        if moved {
            (self.count, self.seen) = (count, now);
        }
        moved
    }

    /// What is said of a body that moves no more.
    pub(super) fn stalled(&self, now: Instant) -> String {
        let still = now.saturating_duration_since(self.seen);
        let saved = self.saved.map_or_else(
            || "nothing was saved in this attempt".to_owned(),
            |saved| {
                let age = now.saturating_duration_since(saved);
                format!("{} saves in this attempt, the last {age:.1?} ago", self.saves)
            },
        );
        format!("no progress for {still:.1?}; {saved}")
    }
}
