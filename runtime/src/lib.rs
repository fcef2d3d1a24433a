//! Temporal activities that heartbeat, checkpoint, resume and cancel by themselves.
//!
//! [`#[activity]`](macro@activity) makes a plain Rust function an activity for any worker that is
//! built on the official `temporalio-sdk`:
//!
//! ```
//! # use std::time::Duration;
//! # use temporalio_sdk::WorkerOptions;
//! use autobeat::{Checkpoint, activity};
//! use temporalio_sdk::activities::ActivityError;
//!
//! /// Adds up numbers, one at a time; a retried attempt goes on where the last one was.
//! #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
//! async fn add_up(checkpoint: Checkpoint<(u64, u64)>, end: u64) -> Result<u64, ActivityError> {
//!     let (mut next, mut sum) = checkpoint.get();
//!     while next <= end {
//!         sum += next;
//!         next += 1;
//!         checkpoint.save((next, sum))?;
//!     }
//!     Ok(sum)
//! }
//!
//! // In the worker:
//! let options = WorkerOptions::new("numbers")
//!     .register_activities(add_up)
//!     .graceful_shutdown_period(Duration::from_millis(50)) // else a shutdown tells the activities nothing
//!     .build();
//! # let _ = (options, add_up.options());
//!
//! // In the workflow: `ctx.execute_activity(add_up, 1_000_000, add_up.options()).await?`.
//! ```
//!
//! # The manual
//!
//! [`guide`] is the manual, one page a subject. Begin with [the first activity](guide::first_activity): from an
//! empty folder to an activity that resumes, is tested, and can be looked at.
//!
//! - To write: [checkpoints](guide::checkpoints), [loops](guide::loops), [cancellation and
//!   clean-up](guide::cancellation), [databases and outside services](guide::databases), [blocking
//!   code](guide::blocking), [the keys](guide::keys).
//! - To run: [shutdown and deploys](guide::shutdown), [calling it](guide::calling), [changing the
//!   state](guide::changing_state), [in a worker that exists](guide::existing_workers), [other languages and
//!   codecs](guide::other_languages), [without a server](guide::embedded).
//! - To trust: [testing](guide::testing), [progress and metrics](guide::progress_and_metrics),
//!   [troubleshooting](guide::troubleshooting).
//! - To understand: [how it works](guide::how_it_works), [timeouts, intervals and what they
//!   cost](guide::timeouts), [design decisions](guide::design).
//! - What the compiler says, mistake by mistake: [`messages`].
//!
//! # What happens in an attempt
//!
//! 1. *Load.* What the last attempt saved is decoded; without one, the state starts from its
//!    `Default`.
//! 2. *Beat.* A task of its own sends a heartbeat every interval, each with the newest saved value.
//!    The first goes out after one interval, so a short activity costs no request. Where the interval
//!    is at most a third of the timeout, one in three goes out on the SDK's own lane, which gives up an
//!    attempt that it never hears of.
//! 3. *Run.* The body is polled in place, with the handles it asked for: [`Checkpoint`],
//!    [`Cancellation`], [`Attempt`], and the SDK's `ActivityContext`.
//! 4. *Settle.* How it ended is answered to the server: see [`CancelReason`] for why an attempt may
//!    be asked to stop, and [`Cancelled`] for how to say that it did. The answer goes through the SDK;
//!    an attempt that has beaten asks once whether it came, and says it again where it did not.
//!
//! Loops that go on where the last attempt was need no bookkeeping: see
//! [`Checkpoint::resume`], and its relatives for larger states, keys, streams, several items at a time
//! ([`Resume::chunks`]) and several at once ([`Checkpoint::resume_concurrent_at`]).
//!
//! # What other languages may rely on
//!
//! A worker in another language may take over, or a workflow in one may look at how an activity failed. So
//! these stay as they are:
//!
//! - the checkpoint is the first of the heartbeat's details, as the client's data converter writes it, plain
//!   JSON by default; [`Progress`] is the second;
//! - the position of [`Checkpoint::resume`] is how many items are done, a number; [`Finished`] and
//!   [`Progress`] say what their JSON is;
//! - the failures that are ours have these types:
//!
//! | type | why the attempt ended | is retried | is benign |
//! | --- | --- | --- | --- |
//! | `ActivityPaused` | [`Paused`](CancelReason::Paused) | yes | yes |
//! | `ActivityReset` | [`Reset`](CancelReason::Reset) | yes | yes |
//! | `WorkerShutdown` | [`WorkerShutdown`](CancelReason::WorkerShutdown) | yes | yes |
//! | `HandOver` | [`HandOver`](CancelReason::HandOver) | yes | yes |
//! | `NotFound` | [`NotFound`](CancelReason::NotFound) | yes | no |
//! | `LeaseLost` | [`LeaseLost`](CancelReason::LeaseLost) | yes | no |
//! | `DeadlineExceeded` | [`DeadlineExceeded`](CancelReason::DeadlineExceeded) | yes | no |
//! | `ActivityStalled` | [`Stalled`](CancelReason::Stalled) | yes | no |
//! | `CheckpointTooLarge` | [`CheckpointTooLarge`](CancelReason::CheckpointTooLarge) | no | no |
//! | `CheckpointInvalid` | [`CheckpointInvalid`](CancelReason::CheckpointInvalid) | no | no |
//! | `BadCheckpoint` | what it found stored is not its checkpoint | yes, but for `on_bad_checkpoint = "fail"` | no |
//! | `UnrequestedCancellation` | its body answered that it was cancelled, and nobody had asked | yes | no |
//!
//! # Metrics
//!
//! [`metrics::observe`] measures heartbeats, checkpoints and attempts with the meter of the SDK's own
//! telemetry.
//!
//! # Features
//!
//! | feature | what it adds | for |
//! | --- | --- | --- |
//! | none | attributes, handles, loops, metrics | a worker |
//! | `embedded` | the module of that name, which runs an activity in this process, without a server | one machine |
//! | `testing` | the module of that name: whether an activity resumes and cleans up | dev-dependencies |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod auto_heartbeat;
mod blocking;
mod by_keys;
mod cancel;
mod checkpoint;
mod definition;
#[cfg(feature = "embedded")]
pub mod embedded;
mod events;
// The manual costs who builds the crate nothing. Its code needs both features.
#[cfg(any(all(doc, not(doctest)), all(doctest, feature = "embedded", feature = "testing")))]
pub mod guide;
mod handle;
mod heartbeat;
#[cfg(any(feature = "embedded", feature = "testing"))]
mod input;
mod lease;
#[cfg(test)]
mod listener;
mod lookout;
pub mod metrics;
mod options;
mod outcome;
mod progress;
mod registration;
mod resume;
mod seen;
mod start;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod types;
#[cfg(feature = "testing")]
mod watch;
#[cfg(any(feature = "embedded", feature = "testing"))]
mod without_server;
mod worker;

pub use autobeat_macros::{activities, activity};
pub use temporalio_macros::activity_definitions;

pub use crate::{
    auto_heartbeat::AutoHeartbeat,
    cancel::{CancelReason, Cancellation, Cancelled},
    checkpoint::{Checkpoint, CheckpointState},
    handle::Attempt,
    progress::Progress,
    resume::{
        Finished, FromCancelled, Resume, ResumeAfter, ResumeAfterChunks, ResumeChunks,
        ResumeConcurrent, ResumeConcurrentAll, ResumeError, ResumeStream, ResumeStreamChunks,
    },
    seen::Seen,
};

#[cfg(doc)]
#[doc = include_str!("messages.md")]
pub mod messages {}

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
