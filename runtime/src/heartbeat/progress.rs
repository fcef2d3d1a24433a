//! Whether the work moves: the second clock.
//!
//! A save reads no clock, so that it costs nanoseconds. The heartbeat looks at a counter instead, and
//! knows when something moved to within an interval.
//!
//! A process that was stopped, or a runtime that was blocked, says nothing about the body: it is given an
//! interval to move, once, before it counts as stalled.

use std::time::Duration;

use tokio::time::Instant;

use crate::checkpoint::Source;

/// How often a body has moved, and saved.
///
/// Read under no lock of a pulse: a value is cloned under the one that counts the saves, which is users' code.
#[derive(Clone, Copy)]
pub(super) struct Moves {
    count: u64,
    saves: u64,
}

impl Moves {
    pub(super) fn of(source: &dyn Source) -> Self {
        Self { count: source.progress(), saves: source.saves() }
    }
}

/// When a body was last seen to move.
pub(super) struct Progress {
    count: u64,
    /// When the count was first seen as it is.
    pub(super) seen: Instant,
    pub(super) looked: Instant,
    pub(super) saves: u64,
    /// When the newest save was first seen.
    saved: Option<Instant>,
    /// Until when it is no stall, since it may have had no time to move.
    excused: Option<Instant>,
}

impl Progress {
    pub(super) fn since(start: Instant, source: &dyn Source) -> Self {
        let Moves { count, saves } = Moves::of(source);
        Self { count, seen: start, looked: start, saves, saved: None, excused: None }
    }

    /// The body begins only now.
    pub(super) fn begins(&mut self, now: Instant) {
        (self.seen, self.looked) = (now, now);
    }

    /// `true` when something moved since the last look.
    pub(super) fn look(&mut self, Moves { count, saves }: Moves, now: Instant) -> bool {
        self.looked = now;
        if saves != self.saves {
            (self.saves, self.saved) = (saves, Some(now));
        }
        let moved = count != self.count;
        if moved {
            (self.count, self.seen, self.excused) = (count, now, None);
        }
        moved
    }

    /// When it counts as stalled, unless something moves.
    pub(super) fn stalls_at(&self, stall_timeout: Duration) -> Instant {
        let stalls_at = self.seen + stall_timeout;
        self.excused.map_or(stalls_at, |excused| stalls_at.max(excused))
    }

    /// Excuses it until then; `false` where it was excused since it last moved.
    pub(super) fn excuse(&mut self, until: Instant) -> bool {
        let is_first = self.excused.is_none();
        self.excused = self.excused.or(Some(until));
        is_first
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
