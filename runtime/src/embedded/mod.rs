//! Runs an activity in this process, without a server.
//!
//! The function keeps the meaning that it has on a Temporal server: it is retried as Temporal does
//! by default (after 1 s, doubling, at most 100 s, as often as it takes or as `max_attempts` says),
//! its timeouts hold, a panic is a failure, and its checkpoint outlives the process in a file.
//! `kill -9` and the same call again goes on where it was.
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

mod error;
mod lease;
mod store;

use std::{path::Path, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use temporalio_common::{
    data_converters::{
        ActivitySerializationContext, GenericPayloadConverter, PayloadConverter,
        SerializationContext, SerializationContextData,
    },
    error::ApplicationFailure,
    protos::temporal::api::common::v1::Payload,
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub use self::error::EmbeddedError;
use self::{
    error::Kind,
    lease::StoredLease,
    store::{Record, Store},
};
use crate::{
    attempt::{self, ActivityReturn, Facts},
    checkpoint::{CheckpointState, decode},
    lease::Lease,
    worker::{Activity, Handles, NoContext},
};

/// A body that asks for nothing that only a server has.
#[diagnostic::on_unimplemented(
    message = "this activity takes the SDK's `ActivityContext`, which exists on a server alone",
    label = "cannot run without a server",
    note = "take a `Cancellation` or a `Checkpoint` instead"
)]
pub trait WithoutServer: crate::worker::Context + sealed::Sealed {
    #[doc(hidden)]
    fn without_server() -> Self;
}

impl WithoutServer for NoContext {
    fn without_server() -> Self {
        Self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::worker::NoContext {}
}

/// An engine for one process, with its store.
#[derive(Clone)]
pub struct Embedded {
    store: Arc<Store>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Embedded").finish_non_exhaustive()
    }
}

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
        Ok(Self { store: Arc::new(Store::open(path.as_ref())?) })
    }

    /// Runs an activity to its end, from where its last attempt was; Ctrl-C is a worker's shutdown.
    ///
    /// The id names this piece of work in the store. A second Ctrl-C does not wait for the body.
    /// `max_attempts` counts within one call; the number of the attempt counts on.
    ///
    /// # Errors
    ///
    /// [`is_failed`](EmbeddedError::is_failed) when the activity failed for good and
    /// [`is_interrupted`](EmbeddedError::is_interrupted) after Ctrl-C: both keep the checkpoint, and
    /// the same call goes on there. [`is_other_activity`](EmbeddedError::is_other_activity) when
    /// the id is another activity's. Otherwise the store failed.
    ///
    /// # Cancel safety
    ///
    /// A dropped call stops the attempt as a kill does: the next one goes on at the last beat.
    pub async fn run<A>(
        &self,
        activity: A,
        id: &str,
        input: A::Input,
    ) -> Result<A::Output, EmbeddedError>
    where
        A: Activity<Instance = (), Context: WithoutServer>,
        A::Return: ActivityReturn<Output = A::Output>,
    {
        let shutdown = CancellationToken::new();
        let impatient = async {
            // Where signals cannot be had, there is no Ctrl-C to wait for.
            if tokio::signal::ctrl_c().await.is_ok() {
                shutdown.cancel();
                if tokio::signal::ctrl_c().await.is_ok() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            result = self.run_until(activity, id, input, shutdown.clone()) => result,
            () = impatient => Err(EmbeddedError::new(Kind::Interrupted)),
        }
    }

    /// [`run`](Self::run) with a token of the caller's for the worker's shutdown.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_until<A>(
        &self,
        activity: A,
        id: &str,
        input: A::Input,
        shutdown: CancellationToken,
    ) -> Result<A::Output, EmbeddedError>
    where
        A: Activity<Instance = (), Context: WithoutServer>,
        A::Return: ActivityReturn<Output = A::Output>,
    {
        // Encoded once and decoded for every attempt, as on a server.
        let input = encode_input(&input)?;
        let mut record = self.record(id, activity.name())?;
        let mut retries = Retries::new::<A>();
        loop {
            record.attempt += 1;
            self.store.write(id, &record)?;
            let (result, written) = self.attempt::<A>(id, record, &input, &shutdown).await?;
            record = written;
            let failure = match result {
                Ok(output) => {
                    self.store.remove(id)?;
                    return Ok(output);
                }
                Err(error) => as_failure(error)?,
            };
            if shutdown.is_cancelled() {
                return Err(EmbeddedError::new(Kind::Interrupted));
            }
            let delay = retries.after(failure)?;
            tokio::select! {
                () = sleep(delay) => {}
                () = shutdown.cancelled() => return Err(EmbeddedError::new(Kind::Interrupted)),
            }
        }
    }

    /// What is stored of an activity that has not completed; `None` when there is nothing.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or its state is no `T`.
    pub fn stored<T: CheckpointState>(&self, id: &str) -> Result<Option<Stored<T>>, EmbeddedError> {
        let Some(record) = self.store.read(id)? else { return Ok(None) };
        let state = decode(&PayloadConverter::default(), &record.details())
            .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))?;
        Ok(Some(Stored { attempt: record.attempt, state }))
    }

    /// Forgets an activity: its next run starts afresh.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub fn forget(&self, id: &str) -> Result<(), EmbeddedError> {
        self.store.remove(id)
    }

    fn record(&self, id: &str, asked: &str) -> Result<Record, EmbeddedError> {
        match self.store.read(id)? {
            None => Ok(Record::new(asked)),
            Some(record) if record.activity_type == asked => Ok(record),
            Some(Record { activity_type: stored, .. }) => {
                let (id, asked) = (id.to_owned(), asked.to_owned());
                Err(EmbeddedError::new(Kind::OtherActivity { id, stored, asked }))
            }
        }
    }

    /// One attempt: how it ended, and the record that it left.
    async fn attempt<A>(
        &self,
        id: &str,
        record: Record,
        input: &[Payload],
        shutdown: &CancellationToken,
    ) -> Result<(Result<A::Output, ActivityError>, Record), EmbeddedError>
    where
        A: Activity<Instance = (), Context: WithoutServer>,
        A::Return: ActivityReturn<Output = A::Output>,
    {
        let input = decode_input::<A::Input>(input)?;
        let timeout = A::OPTIONS.declared_timeout();
        let facts = facts::<A>(&record);
        let lease =
            Arc::new(StoredLease::new(Arc::clone(&self.store), id, record, shutdown.clone()));
        let beaten = Arc::clone(&lease) as Arc<dyn Lease>;
        // A task of its own: a body that blocks its thread must not block the watch over it.
        let running = AbortOnDropHandle::new(tokio::spawn(async move {
            attempt::run(A::OPTIONS, A::TAKES, facts, beaten, |checkpoint, cancellation| {
                let context = A::Context::without_server();
                A::run((), Handles { checkpoint, cancellation, context }, input)
            })
            .await
        }));
        let result = tokio::select! {
            biased;
            joined = running => joined.unwrap_or_else(|error| Err(panicked(error))),
            () = lease.expired(timeout) => Err(heartbeat_timeout(timeout)),
        };
        Ok((result, lease.close()))
    }
}

fn facts<A: Activity>(record: &Record) -> Facts {
    let now = Instant::now();
    Facts {
        activity_type: record.activity_type.clone(),
        number: record.attempt,
        heartbeat_timeout: Some(A::OPTIONS.declared_timeout()),
        started: now,
        deadline: A::OPTIONS.start_to_close().map(|timeout| now + timeout),
        details: record.details(),
    }
}

/// Temporal's default retry policy.
struct Retries {
    attempts: u32,
    most: Option<u32>,
    /// When the time of all attempts together is over.
    end: Option<Instant>,
    delays: ExponentialBackoff,
}

impl Retries {
    fn new<A: Activity>() -> Self {
        Self {
            attempts: 0,
            most: A::OPTIONS.attempts(),
            end: A::OPTIONS.schedule_to_close().map(|timeout| Instant::now() + timeout),
            delays: ExponentialBuilder::new()
                .with_min_delay(Duration::from_secs(1))
                .with_max_delay(Duration::from_secs(100))
                .without_max_times()
                .build(),
        }
    }

    /// How long to wait after a failure; fails where there is no further attempt.
    fn after(&mut self, failure: Box<ApplicationFailure>) -> Result<Duration, EmbeddedError> {
        self.attempts += 1;
        let delay = self.delays.next().unwrap_or(Duration::from_secs(100));
        let delay = failure.next_retry_delay().unwrap_or(delay);
        let spent = self.most.is_some_and(|most| self.attempts >= most);
        let late = self.end.is_some_and(|end| Instant::now() + delay >= end);
        if spent || late || failure.is_non_retryable() {
            let attempts = self.attempts;
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        tracing::warn!(target: "autobeat", %failure, ?delay, "the attempt failed; trying again");
        Ok(delay)
    }
}

fn as_failure(error: ActivityError) -> Result<Box<ApplicationFailure>, EmbeddedError> {
    match error {
        ActivityError::Application(failure) => Ok(failure),
        ActivityError::WillCompleteAsync => Err(EmbeddedError::new(Kind::CompletesElsewhere)),
        // Nobody can request a cancellation here, so the body says so by itself.
        _ => Ok(Box::new(ApplicationFailure::non_retryable("the activity was cancelled"))),
    }
}

fn heartbeat_timeout(timeout: Duration) -> ActivityError {
    let failure = ApplicationFailure::builder(format!("no heartbeat for {timeout:?}"))
        .type_name("HeartbeatTimeout".to_owned())
        .build();
    ActivityError::application(failure)
}

fn panicked(error: tokio::task::JoinError) -> ActivityError {
    let payload = error.try_into_panic().unwrap_or_else(|_| Box::new("its runtime shut down"));
    let words = payload
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "something that is no text".to_owned());
    let failure = ApplicationFailure::builder(format!("the activity panicked: {words}"))
        .type_name("Panic".to_owned())
        .build();
    ActivityError::application(failure)
}

fn encode_input<I>(input: &I) -> Result<Vec<Payload>, EmbeddedError>
where
    I: temporalio_common::data_converters::TemporalSerializable + 'static,
{
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter
        .to_payloads(&SerializationContext::new(&data, &converter), input)
        .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))
}

fn decode_input<I>(payloads: &[Payload]) -> Result<I, EmbeddedError>
where
    I: temporalio_common::data_converters::TemporalDeserializable + 'static,
{
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter
        .from_payloads(&SerializationContext::new(&data, &converter), payloads.to_vec())
        .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))
}
