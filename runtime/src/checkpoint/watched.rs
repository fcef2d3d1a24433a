//! What a test is told of a checkpoint; nothing without the feature.

#[cfg(feature = "testing")]
use std::sync::Arc;

use super::Slot;
#[cfg(feature = "testing")]
use super::{Checkpoint, CheckpointState, Source};
#[cfg(feature = "testing")]
use crate::watch::Watched;

#[cfg_attr(not(feature = "testing"), expect(clippy::unused_self, reason = "nobody is told"))]
impl<T> Slot<T> {
    #[inline]
    pub(super) fn tell_saved(&self) {
        #[cfg(feature = "testing")]
        self.watched.saved();
    }

    #[inline]
    pub(super) fn tell_committing(&self) {
        #[cfg(feature = "testing")]
        self.watched.commits();
    }
}

#[cfg(feature = "testing")]
impl<T: CheckpointState> Checkpoint<T> {
    /// What tells a test of each save.
    pub(crate) fn watched(&self) -> &Watched {
        &self.slot.watched
    }

    /// What a heartbeat would see of it.
    pub(crate) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.slot) as Arc<dyn Source>
    }
}
