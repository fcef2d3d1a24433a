//! A lease that only counts.

use std::sync::atomic::AtomicUsize;

use futures_util::future::BoxFuture;

use super::*;
use crate::{checkpoint::Details, lease::BeatError};

/// It keeps nothing of a beat, as one on a server does, and counts who comes.
pub(super) struct PlainLease {
    takes_heartbeats: bool,
    beats: AtomicUsize,
    looks: AtomicUsize,
}

impl PlainLease {
    /// Every beat is welcome.
    pub(super) fn friendly() -> Self {
        Self { takes_heartbeats: true, beats: AtomicUsize::new(0), looks: AtomicUsize::new(0) }
    }

    /// As that of a local activity.
    pub(super) fn nowhere() -> Self {
        Self { takes_heartbeats: false, ..Self::friendly() }
    }

    pub(super) fn beats(&self) -> usize {
        self.beats.load(Ordering::SeqCst)
    }

    /// How often somebody looked whether it is told to stop.
    pub(super) fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Lease for PlainLease {
    fn takes_heartbeats(&self) -> bool {
        self.takes_heartbeats
    }

    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(&self, _: Details, _: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        assert!(self.takes_heartbeats, "nobody beats here");
        self.beats.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Reply::GoOn)).boxed()
    }

    fn leave(&self, _: Option<Details>, _: Details) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        false
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        std::future::pending().boxed()
    }
}
