//! Who waits for a checkpoint to be acknowledged.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    lookout,
    sync::{AtomicU64, Notify, watch},
};

/// Who waits for which version to be acknowledged, and which one was.
pub(crate) struct Acknowledgements {
    wanted: AtomicU64,
    asked: Arc<Notify>,
    reached: watch::Sender<u64>,
}

impl Acknowledgements {
    pub(super) fn new() -> Self {
        Self { wanted: AtomicU64::new(0), asked: Arc::default(), reached: watch::Sender::new(0) }
    }

    /// Asks for a heartbeat and waits until one carried this version.
    pub(super) async fn reach(&self, version: u64) {
        let mut reached = self.reached.subscribe();
        self.wanted.fetch_max(version, Ordering::AcqRel);
        // The body may block its thread next, and a heartbeat that it woke would wait there behind it.
        lookout::ring(&self.asked);
        // The sender lives in `self`, so this cannot fail.
        let _ = reached.wait_for(|reached| *reached >= version).await;
    }

    /// Waits until somebody asks for a heartbeat.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// The version that somebody waits for, where it was not acknowledged yet.
    pub(crate) fn wanted(&self) -> Option<u64> {
        let wanted = self.wanted.load(Ordering::Acquire);
        (wanted > *self.reached.borrow()).then_some(wanted)
    }

    /// Says that a version was acknowledged, and all before it.
    pub(crate) fn acknowledge(&self, version: u64) {
        self.reached.send_if_modified(|reached| {
            let news = version > *reached;
            *reached = version.max(*reached);
            news
        });
    }
}
