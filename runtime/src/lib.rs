//! Temporal activities that heartbeat, checkpoint, resume and cancel by themselves.
//!
//! [`#[activity]`](macro@activity) makes a plain Rust function an activity for any worker that is
//! built on the official `temporalio-sdk`:
//!
//! ```
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
//! // In the worker: `WorkerOptions::new("numbers").register_activities(add_up)`.
//! // In the workflow: `ctx.execute_activity(add_up, 1_000_000, add_up.options()).await?`.
//! # let _ = add_up.options();
//! ```
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
//! # Two clocks
//!
//! The heartbeat says that the worker is alive; whether the *work* moves is another question, which
//! `stall_timeout` asks: without [`save`](Checkpoint::save), [`update`](Checkpoint::update),
//! [`commit`](Checkpoint::commit), [`touch`](Checkpoint::touch) or [`show`](Attempt::show) for that long,
//! the attempt fails as `ActivityStalled`; after its process was stopped, or its runtime blocked, an interval
//! later at the earliest.
//!
//! # In turns
//!
//! With `max_runtime` an attempt ends after that long, with [`CancelReason::HandOver`], and the next one
//! goes on at once where it was, on whichever worker has room. It drops nothing: the loops hand over when the
//! next item is asked for and one was done, other bodies where they [`save`](Checkpoint::save),
//! [`update`](Checkpoint::update), [`commit`](Checkpoint::commit) or [`check`](Cancellation::check). Whatever
//! waits in [`run_until_cancelled`](Cancellation::run_until_cancelled) goes on, and no grace begins. Where an
//! attempt saved nothing, the ordinary backoff comes before the next one. The server counts each hand-over as
//! an attempt, also for the backoff of a failure that comes later.
//!
//! # Retries
//!
//! When a failed attempt is followed by another is the server's to decide, by the policy that the
//! workflow hands over. The attribute declares one in the words of the SDK, and `options()` carries it;
//! in an `impl` block a method's `retry(…)` replaces that of the block as a whole:
//!
//! ```
//! use autobeat::activity;
//! use temporalio_common::error::ApplicationFailure;
//! use temporalio_sdk::activities::ActivityError;
//!
//! #[activity(
//!     heartbeat_timeout = "30s",
//!     start_to_close_timeout = "10m",
//!     max_attempts = 20,
//!     retry(initial_interval = "5s", maximum_interval = "5m", non_retryable_error_types = ["BadInput"])
//! )]
//! async fn charge(amount: String) -> Result<u64, ActivityError> {
//!     let cents: u64 = amount.parse().map_err(bad_input)?;
//!     // …
//! #   std::future::ready(()).await;
//!     Ok(cents)
//! }
//!
//! /// An error that `?` took has no type for a policy to match: this gives it one.
//! fn bad_input(error: std::num::ParseIntError) -> ActivityError {
//!     let failure = ApplicationFailure::builder(error).type_name("BadInput".to_owned());
//!     ActivityError::application(failure.build())
//! }
//! # let _ = charge.options();
//! ```
//!
//! A failure that must never be tried again, whoever schedules the activity, says so itself:
//! `.non_retryable(true)`. Types are compared letter by letter. The timeouts that the server notices are
//! `"TemporalTimeout:Heartbeat"` and `"TemporalTimeout:StartToClose"`.
//!
//! # Other options for one call
//!
//! What `options()` returns are the SDK's, whose fields can be set: a task queue, another policy, a
//! cancellation of its own for what must run after the workflow was cancelled.
//!
//! ```
//! # use autobeat::activity;
//! use temporalio_common::RetryPolicy;
//! # use temporalio_sdk::activities::ActivityError;
//! use temporalio_sdk::WorkflowCancellationToken;
//!
//! # #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "10m")]
//! # async fn clean_up() -> Result<(), ActivityError> { Ok(()) }
//! # fn options() -> temporalio_sdk::ActivityOptions {
//! let mut options = clean_up.options();
//! options.cancellation_token = Some(WorkflowCancellationToken::new());
//! options.retry_policy = Some(RetryPolicy::builder().maximum_attempts(3).build());
//! # options
//! # }
//! // ctx.execute_activity(clean_up, (), options).await?
//! ```
//!
//! # A database as the authority
//!
//! A checkpoint follows the work: after a kill some items are done again. Where the work is rows in a database
//! and each must be there once, the database says how far it is: rows and position are one transaction, fenced
//! by a number that the database gives each attempt when it begins. Whoever lost the turn, such as a worker
//! that was frozen and wakes, then finds another number there, and writes nothing. [`Attempt::number`] is no
//! such number: a reset counts attempts from 1 again.
//!
//! The checkpoint still shows the progress, hands over, and tells of cancellations. A loop begins at what was
//! saved last, also in this attempt, so the position of the database is saved before it:
//!
//! ```
//! # use autobeat::{Checkpoint, activity};
//! # use temporalio_sdk::activities::ActivityError;
//! # struct Import { position: u64 }
//! # impl Import {
//! #     fn begin(file: &str) -> std::io::Result<Self> { Ok(Self { position: 0 }) }
//! #     fn insert(&mut self, rows: &[String]) -> std::io::Result<()> { Ok(()) }
//! # }
//! # fn read(file: &str) -> std::io::Result<Vec<String>> { Ok(Vec::new()) }
//! #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
//! fn import_rows(checkpoint: Checkpoint<u64>, file: String) -> Result<(), ActivityError> {
//!     let rows = read(&file)?;
//!     let mut import = Import::begin(&file)?; // a number of its own, and the position
//!     checkpoint.save(import.position)?;
//!     for chunk in checkpoint.resume(rows).chunks(100) {
//!         import.insert(&chunk?)?; // rows and position, if the number is still its own
//!     }
//!     Ok(())
//! }
//! # let _ = import_rows.options();
//! ```
//!
//! The example `import_rows` has all of it, with SQLite.
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
//! # Without a workflow
//!
//! Servers of version 1.31 and later run an activity by itself. `start_options(task_queue, id)` are the options
//! with which a client starts it as declared; [`Seen`] is what the client sees of it meanwhile. A cancellation
//! by the activity's handle is [`CancelReason::Requested`], as that of a workflow, and its termination
//! [`CancelReason::NotFound`].
//!
//! ```
//! use autobeat::{Checkpoint, Seen, activity};
//! use temporalio_client::{ActivityDescribeOptions, Client};
//! use temporalio_sdk::activities::ActivityError;
//!
//! #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
//! async fn add_up(checkpoint: Checkpoint<u64>, last: u64) -> Result<u64, ActivityError> {
//!     // …
//! #   std::future::ready(()).await;
//!     Ok(last)
//! }
//!
//! async fn start(client: Client) -> anyhow::Result<u64> {
//!     let options = add_up.start_options("sums", "the-sum-of-a-million");
//!     let activity = client.start_activity(add_up, 1_000_000, options).await?;
//!     let look = ActivityDescribeOptions::builder().include_heartbeat_details(true).build();
//!     let seen = activity.describe(look).await?.heartbeat_details::<Seen<u64>>().await?;
//!     println!("{:?}", seen.and_then(|seen| seen.progress));
//!     Ok(activity.result().await?)
//! }
//! ```
//!
//! # Metrics
//!
//! [`metrics::observe`] measures heartbeats, checkpoints and attempts with the meter of the SDK's own
//! telemetry.
//!
//! # Features
//!
//! - `embedded`: the module of that name, which runs an activity in this process, without a server.
//! - `testing`: the module of that name, for dev-dependencies: whether an activity resumes and cleans up.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod auto_heartbeat;
mod cancel;
mod checkpoint;
#[cfg(feature = "embedded")]
pub mod embedded;
mod events;
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
