//! Runs an activity in this process, without a server.
//!
//! The function keeps the meaning that it has on a Temporal server: it is retried as Temporal does
//! by default (after 1 s, doubling, at most 100 s, as often as it takes), or as `retry(…)` and
//! `max_attempts` say, its timeouts hold, a panic is a failure, and its checkpoint outlives the process in a file.
//! `kill -9` and the same call again goes on where it was.
//!
//! Heartbeats are written on the runtime's blocking pool, which needs one thread more than there are
//! activities that are not `async`.
//!
//! It is for one machine only; past that, the same function runs on Temporal, unchanged.
//!
//! ```
//! use autobeat::{Checkpoint, activity, embedded::Embedded};
//! use temporalio_sdk::activities::ActivityError;
//!
//! #[activity(heartbeat_timeout = "5s")]
//! async fn count_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
//!     for number in checkpoint.get()..end {
//!         checkpoint.save(number + 1)?;
//!     }
//!     Ok(checkpoint.get())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("progress.redb");
//! let engine = Embedded::open(path)?;
//! assert_eq!(engine.run(count_to, "count", 1000).await?, 1000);
//! # Ok(())
//! # }
//! ```

mod claim;
mod error;
mod interrupts;
mod lease;
mod retries;
mod run;
mod store;

use std::{path::Path, pin::Pin, sync::Arc};

use temporalio_common::data_converters::PayloadConverter;
use tokio_util::sync::CancellationToken;

pub use self::error::EmbeddedError;
use self::{claim::Claims, error::Kind, interrupts::Interrupts, run::Run, store::Store};
pub use crate::without_server::{WithoutInstance, WithoutServer};
use crate::{
    checkpoint::{CheckpointState, decode},
    worker::Activity,
};

/// An engine for one process, with its store; its clones are one engine.
#[derive(Clone)]
pub struct Embedded {
    store: Arc<Store>,
    claims: Claims,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Embedded").finish_non_exhaustive()
    }
}

/// A run that is on its way once it is awaited.
///
/// It is no `impl Future`: of one the compiler says at each `.await`, too, that an activity cannot be run so.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, EmbeddedError>> + Send + 'a>>;

/// What is stored of an activity that has not completed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored<T> {
    /// The number of its last attempt.
    pub attempt: u32,
    /// Its checkpoint, if it saved one.
    pub state: Option<T>,
}

impl Embedded {
    /// Opens the store, and creates it where there is none.
    ///
    /// # Errors
    ///
    /// [`is_in_use`](EmbeddedError::is_in_use) while another process has it open,
    /// [`is_damaged`](EmbeddedError::is_damaged) when the file is no store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, EmbeddedError> {
        Ok(Self { store: Arc::new(Store::open(path.as_ref())?), claims: Claims::default() })
    }

    /// Runs an activity to its end, from where its last attempt was; Ctrl-C is a worker's shutdown.
    ///
    /// The id names this piece of work in the store. Once it has completed nothing is kept of it, and the
    /// same call begins afresh. A second Ctrl-C does not wait for the body.
    /// `max_attempts`, `retry(…)` and `schedule_to_close_timeout` count within one call; the number of the attempt
    /// counts on.
    ///
    /// Ctrl-C is `run`'s from its first call on: as long as no run is on its way it ends the process, as
    /// it does by default. A program that listens to it for other ends, or that must go on after it,
    /// takes [`run_until`](Self::run_until) with a token of its own.
    ///
    /// # Errors
    ///
    /// [`is_failed`](EmbeddedError::is_failed) when the activity failed for good and
    /// [`is_interrupted`](EmbeddedError::is_interrupted) after Ctrl-C: both keep the checkpoint, and
    /// the same call goes on there. Where what is stored is not its checkpoint it has failed at once: this
    /// process would read it no better, and one that can goes on there. [`is_running`](EmbeddedError::is_running) while the id runs, and
    /// [`is_other_activity`](EmbeddedError::is_other_activity) when
    /// the id is another activity's. Otherwise the store failed.
    ///
    /// # Cancel safety
    ///
    /// A dropped call stops the attempt as a kill does: the next one goes on at the last beat, also at
    /// once, and nothing is written of the old one any more. Where a write is on its way to the disk,
    /// the drop waits for it. A body that blocks its thread cannot be stopped, and works on unheard.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its timers and its I/O enabled.
    pub fn run<'a, A>(&'a self, activity: A, id: &'a str, input: A::Input) -> Running<'a, A::Output>
    where
        A: Activity<Instance: WithoutInstance, Context: WithoutServer>,
    {
        Box::pin(async move {
            let shutdown = CancellationToken::new();
            let run = self.run_until(activity, id, input, shutdown.clone());
            // Where signals cannot be had, there is no Ctrl-C to wait for.
            let Ok(mut interrupts) = Interrupts::listen() else { return run.await };
            let impatient = async {
                interrupts.next().await;
                shutdown.cancel();
                interrupts.next().await;
            };
            tokio::select! {
                biased;
                result = run => result,
                () = impatient => Err(EmbeddedError::new(Kind::Interrupted)),
            }
        })
    }

    /// [`run`](Self::run) with a token of the caller's for the worker's shutdown, and without Ctrl-C.
    ///
    /// A body that ends in its own way during the shutdown is not interrupted: what completed has
    /// completed, and what failed for good has failed. Where the token is cancelled before, nothing
    /// begins.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub fn run_until<'a, A>(
        &'a self,
        activity: A,
        id: &'a str,
        input: A::Input,
        shutdown: CancellationToken,
    ) -> Running<'a, A::Output>
    where
        A: Activity<Instance: WithoutInstance, Context: WithoutServer>,
    {
        Box::pin(async move {
            let claim = self.claims.claim(id)?;
            let store = Arc::clone(&self.store);
            Run::new(store, claim, &activity, &input, shutdown)?.finish::<A>().await
        })
    }

    /// What is stored of an activity that has not completed; `None` when there is nothing.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or its state is no `T`.
    pub fn stored<T: CheckpointState>(&self, id: &str) -> Result<Option<Stored<T>>, EmbeddedError> {
        let Some(record) = self.store.read(id)? else { return Ok(None) };
        let state = decode(&PayloadConverter::default(), &record.details)
            .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))?;
        Ok(Some(Stored { attempt: record.attempt, state }))
    }

    /// Forgets an activity: its next run starts afresh.
    ///
    /// # Errors
    ///
    /// [`is_running`](EmbeddedError::is_running) while it runs, and when the store cannot be written.
    pub fn forget(&self, id: &str) -> Result<(), EmbeddedError> {
        // A run would only write it again.
        let _claim = self.claims.claim(id)?;
        self.store.remove(id)
    }
}
