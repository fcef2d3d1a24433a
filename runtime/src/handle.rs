//! The attempt itself, as its body sees it.

use std::{fmt, sync::Arc};

use tokio::time::Instant;

use crate::{attempt::Facts, progress::Progress};

/// The attempt itself: which one it is, what its work is called, and how long it has.
///
/// Take it as a parameter before the inputs. It is cheap to clone into tasks.
///
/// ```
/// # use autobeat::{Attempt, Progress, activity};
/// # use temporalio_sdk::activities::ActivityError;
/// # struct Bank;
/// # impl Bank { async fn charge(&self, key: &str, cents: u64) -> std::io::Result<()> { Ok(()) } }
/// # const BANK: Bank = Bank;
/// #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "10m")]
/// async fn charge(attempt: Attempt, cents: u64) -> Result<(), ActivityError> {
///     // However often this is tried, the bank charges once.
///     Ok(BANK.charge(attempt.key(), cents).await?)
/// }
/// ```
#[derive(Clone)]
pub struct Attempt {
    known: Known,
    shows: Arc<dyn Shows>,
}

/// What is known of an attempt from its beginning.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    number: u32,
    key: Arc<str>,
    deadline: Option<Instant>,
}

impl Known {
    pub(crate) fn of(facts: &Facts) -> Self {
        Self { number: facts.number, key: Arc::clone(&facts.key), deadline: facts.deadline }
    }

    /// That of a test, which has as much time as it wants.
    #[cfg(feature = "testing")]
    pub(crate) fn of_test(number: u32, key: Arc<str>) -> Self {
        Self { number, key, deadline: None }
    }
}

/// Where the progress of a body goes that says it itself.
pub(crate) trait Shows: Send + Sync {
    /// Shows it from now on.
    fn tell(&self, progress: Progress);
}

/// The key of an activity, in the format that is promised.
pub(crate) fn key_of(run_id: &str, activity_id: &str) -> Arc<str> {
    format!("{run_id}/{activity_id}").into()
}

impl Attempt {
    pub(crate) fn new(known: Known, shows: Arc<dyn Shows>) -> Self {
        Self { known, shows }
    }

    /// Which attempt this is; the first is 1.
    ///
    /// For people and for logs. It is no fence against an older attempt that is still running somewhere:
    /// after a reset the server counts from 1 again.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.known.number
    }

    /// The key of this activity: the same in every attempt, another one for every other activity.
    ///
    /// For idempotency keys: an outside service that is told it with each request does once what is asked
    /// of it in several attempts. It is the run id, a slash, and the activity id, and stays so:
    /// `"0198c1f2-3d0e-7a44-b1c3-5a1d3a6f0e21/5"`. The run is that of the workflow, so a workflow that is run
    /// again, reset or continued as new has other keys. Of an activity without a workflow SDK 1.1 does not
    /// say the run: there it is the moment when it was scheduled, in nanoseconds since 1970, which another
    /// activity of the same id cannot share. In the embedded engine the activity id is that of the call, and a run begins afresh once it has
    /// completed. An id that a workflow sets itself has to be used once in a run: two activities of one id
    /// would have one key. A local activity needs one that its workflow sets, as `activity_id` of its
    /// `LocalActivityOptions`: the SDK chooses another one after each retry that its workflow waits for
    /// (by default those from a minute on).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.known.key
    }

    /// When the time of this attempt is over; `None` where it has as much as it wants.
    ///
    /// The body is dropped then, with [`DeadlineExceeded`](crate::CancelReason::DeadlineExceeded).
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.known.deadline
    }

    /// Shows people how far the work is, for a body that keeps no checkpoint.
    ///
    /// The next heartbeat carries the newest of what was shown, as the second of its details; the first,
    /// which is the checkpoint's, stays as it was, or empty. An empty one is loaded as none, so a
    /// [`Checkpoint`](crate::Checkpoint) can be added to the body later. It costs a lock, counts as progress
    /// for `stall_timeout`, and takes the place of what
    /// [`show_progress`](crate::Checkpoint::show_progress) shows.
    ///
    /// ```
    /// # use autobeat::{Attempt, Progress, activity};
    /// # use temporalio_sdk::activities::ActivityError;
    /// # fn blocks(path: &str) -> impl Iterator<Item = Vec<u8>> { std::iter::empty() }
    /// #[activity(heartbeat_timeout = "30s", stall_timeout = "5m")]
    /// fn checksum(attempt: Attempt, path: String) -> Result<u64, ActivityError> {
    ///     let mut sum = 0_u64;
    ///     for (done, block) in (1..).zip(blocks(&path)) {
    ///         sum = block.iter().fold(sum, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
    ///         attempt.show(Progress::new(done).unit("blocks"));
    ///     }
    ///     Ok(sum)
    /// }
    /// ```
    pub fn show(&self, progress: Progress) {
        self.shows.tell(progress);
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Attempt")
            .field("number", &self.known.number)
            .field("key", &self.known.key)
            .finish_non_exhaustive()
    }
}
