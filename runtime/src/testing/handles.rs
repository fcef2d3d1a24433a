//! Handles made by hand, for a body that is called as the plain function it is.

use std::sync::Arc;

use temporalio_common::{
    data_converters::PayloadConverter, protos::temporal::api::common::v1::Payload,
};

use super::{stage::Stage, trial::fresh_key};
use crate::{
    attempt::Takes,
    cancel::{CancelReason, Cancellation},
    checkpoint::{Checkpoint, CheckpointState, Slot, Source, decode, encode},
    handle::{Attempt, Known},
    progress::Progress,
    watch::Watch,
};

/// A `Checkpoint`, a `Cancellation` and an `Attempt` made by hand: what the body saves can be asked for, and when it
/// is to stop is up to the test.
///
/// There is no heartbeat: a `commit` is acknowledged at once, and no grace ends.
///
/// ```
/// use autobeat::{CancelReason, Checkpoint, activity, testing::Handles};
/// use temporalio_sdk::activities::ActivityError;
///
/// #[activity(heartbeat_timeout = "30s")]
/// async fn count_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
///     for number in checkpoint.resume(0..end) {
///         number?;
///     }
///     Ok(end)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ActivityError> {
/// let handles = Handles::resumed_from(7);
/// assert_eq!(count_to::call(handles.checkpoint(), 10).await?, 10);
/// assert_eq!(handles.saved(), [8, 9, 10]);
///
/// let handles = Handles::<u64>::new();
/// handles.cancel(CancelReason::Paused);
/// assert!(count_to::call(handles.checkpoint(), 10).await.is_err());
/// # Ok(())
/// # }
/// ```
pub struct Handles<T> {
    checkpoint: Checkpoint<T>,
    attempt: Attempt,
    stage: Arc<Stage>,
}

impl<T> std::fmt::Debug for Handles<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Handles").finish_non_exhaustive()
    }
}

impl<T: CheckpointState> Default for Handles<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: CheckpointState> Handles<T> {
    /// Those of a first attempt: the checkpoint starts from its default.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_from(Vec::new())
    }

    /// Those of an attempt that goes on where an earlier one was.
    ///
    /// # Panics
    ///
    /// Where the state cannot be serialised, or not be read again.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "as it is handed to `save`")]
    pub fn resumed_from(state: T) -> Self {
        let details = encode(&PayloadConverter::default(), &state)
            .unwrap_or_else(|error| panic!("the state cannot be serialised: {error}"));
        Self::starting_from(vec![details])
    }

    fn starting_from(details: Vec<Payload>) -> Self {
        let slot = Arc::new(Slot::new(read(&details), details));
        // Nothing is ever sent: there is nothing to wait for.
        slot.acknowledgements().acknowledge(u64::MAX);
        let cancellation = Cancellation::new();
        let watch = Arc::new(Stage::new(Vec::new(), Vec::new()).recording());
        let source = Arc::clone(&slot) as Arc<dyn Source>;
        watch.begins(Takes::NOTHING.checkpoint().cancellation(), &source, &cancellation);
        let checkpoint = Checkpoint::new(slot, cancellation);
        checkpoint.watched().tell(Arc::clone(&watch) as Arc<dyn Watch>);
        // One that goes on where an earlier one was is no first one.
        let number = if checkpoint.is_resumed() { 2 } else { 1 };
        let known = Known::of_test(number, fresh_key("activity"));
        let attempt = Attempt::new(known, checkpoint.shows());
        Self { checkpoint, attempt, stage: watch }
    }

    /// The checkpoint for the body; its clones are one.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint<T> {
        self.checkpoint.clone()
    }

    /// The cancellation for the body; its clones are one.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        self.checkpoint.cancellation().clone()
    }

    /// The attempt for the body: the first, or the second of one that is resumed. Its time is never over.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        self.attempt.clone()
    }

    /// What people are shown at the moment, if anything.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.checkpoint.progress()
    }

    /// Tells the body to stop, and why.
    pub fn cancel(&self, reason: CancelReason) {
        self.checkpoint.cancellation().cancel(reason);
    }

    /// What was saved so far, in its order, as a next attempt would read it.
    ///
    /// # Panics
    ///
    /// Where a saved value cannot be read again.
    #[must_use]
    pub fn saved(&self) -> Vec<T> {
        read_all(&self.stage.traces().saved)
    }
}

/// Saved values, as a next attempt would read them.
pub(super) fn read_all<T: CheckpointState>(payloads: &[Payload]) -> Vec<T> {
    // What is taken for no checkpoint is read as one that starts from the default.
    let one = |payload| read(std::slice::from_ref(payload)).unwrap_or_default();
    payloads.iter().map(one).collect()
}

/// A saved value, as a next attempt would read it.
pub(super) fn read<T: CheckpointState>(details: &[Payload]) -> Option<T> {
    decode(&PayloadConverter::default(), details).unwrap_or_else(|error| {
        panic!("what was saved cannot be read as a `{}`: {error}", std::any::type_name::<T>())
    })
}
