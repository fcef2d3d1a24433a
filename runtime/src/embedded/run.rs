//! One run of an activity: its attempts, one after the other, and what is stored between them.

use std::{sync::Arc, time::Duration};

use temporalio_common::{
    data_converters::PayloadConversionError, error::ApplicationFailure,
    protos::temporal::api::common::v1::Payload,
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    WithoutInstance, WithoutServer,
    claim::Claim,
    error::{EmbeddedError, Kind},
    lease::{StoredLease, Tenure},
    retries::{DEADLINE_EXCEEDED, HEARTBEAT_TIMEOUT, Retries},
    store::{Record, Store},
};
use crate::{
    attempt::Facts,
    handle::key_of,
    input,
    lease::Lease,
    worker::{Activity, Engine},
};

/// An activity under its id, with what every attempt of it needs.
pub(super) struct Run {
    store: Arc<Store>,
    claim: Claim,
    activity_type: String,
    input: Vec<Payload>,
    shutdown: CancellationToken,
}

impl Run {
    pub(super) fn new<A: Activity>(
        store: Arc<Store>,
        claim: Claim,
        activity: &A,
        input: &A::Input,
        shutdown: CancellationToken,
    ) -> Result<Self, EmbeddedError> {
        let activity_type = activity.name().to_owned();
        let input = input::encode(input).map_err(unconverted)?;
        Ok(Self { store, claim, activity_type, input, shutdown })
    }

    /// Attempts it until it completes, fails for good, or should stop.
    pub(super) async fn finish<A>(&self) -> Result<A::Output, EmbeddedError>
    where
        A: Activity<Instance: WithoutInstance, Context: WithoutServer>,
    {
        let mut record = self.record()?;
        let mut retries = Retries::new(A::OPTIONS);
        while !self.shutdown.is_cancelled() {
            record.attempt = record.attempt.saturating_add(1);
            self.store.write(self.claim.id(), &record)?;
            let deadline = retries.deadline(A::OPTIONS.start_to_close());
            let (result, written) = self.attempt::<A>(record, deadline).await?;
            record = written;
            let failure = match result {
                Ok(output) => {
                    self.store.remove(self.claim.id())?;
                    return Ok(output);
                }
                Err(error) => as_failure(error)?,
            };
            if self.is_handed_over(&failure) {
                break;
            }
            let delay = retries.after(failure)?;
            tokio::select! {
                () = sleep(delay) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
        Err(EmbeddedError::new(Kind::Interrupted))
    }

    /// Whether an attempt ended because of the shutdown, rather than in a way of its own.
    fn is_handed_over(&self, failure: &ApplicationFailure) -> bool {
        self.shutdown.is_cancelled()
            && !failure.is_non_retryable()
            && failure.type_name() == Some("WorkerShutdown")
    }

    fn record(&self) -> Result<Record, EmbeddedError> {
        let asked = &self.activity_type;
        match self.store.read(self.claim.id())? {
            None => Ok(Record::new(asked)),
            Some(record) if record.activity_type == *asked => Ok(record.named()),
            Some(Record { activity_type: stored, .. }) => {
                let (id, asked) = (self.claim.id().to_owned(), asked.clone());
                Err(EmbeddedError::new(Kind::OtherActivity { id, stored, asked }))
            }
        }
    }

    /// One attempt: how it ended, and the record that it left.
    async fn attempt<A>(
        &self,
        record: Record,
        deadline: Option<Instant>,
    ) -> Result<(Result<A::Output, ActivityError>, Record), EmbeddedError>
    where
        A: Activity<Instance: WithoutInstance, Context: WithoutServer>,
    {
        let input = input::decode::<A::Input>(&self.input).map_err(unconverted)?;
        let timeout = A::OPTIONS.declared_timeout();
        let facts = facts::<A>(self.claim.id(), &record, deadline);
        let store = Arc::clone(&self.store);
        let lease = StoredLease::new(store, self.claim.id(), record, self.shutdown.clone());
        let tenure = Tenure::of(lease);
        let lease = tenure.lease();
        let beaten = Arc::clone(&lease) as Arc<dyn Lease>;
        // A task of its own: a body that blocks its thread must not block the watch over it.
        let running = AbortOnDropHandle::new(tokio::spawn(async move {
            let engine = Engine { options: A::OPTIONS, facts, lease: beaten };
            let instance = A::Instance::without_instance();
            A::attempt(engine, instance, A::Context::without_server(), input).await
        }));
        let result = tokio::select! {
            biased;
            joined = running => joined.unwrap_or_else(|error| Err(panicked(error))),
            () = lease.expired(timeout) => Err(timed_out(
                HEARTBEAT_TIMEOUT,
                format!("no heartbeat for {timeout:?}"),
            )),
            () = overrun(deadline) => Err(timed_out(
                DEADLINE_EXCEEDED,
                "the attempt went on after its time was over".to_owned(),
            )),
        };
        Ok((result, tenure.end()))
    }
}

fn unconverted(error: PayloadConversionError) -> EmbeddedError {
    EmbeddedError::new(Kind::Conversion(error.into()))
}

fn facts<A: Activity>(id: &str, record: &Record, deadline: Option<Instant>) -> Facts {
    Facts {
        activity_type: record.activity_type.clone(),
        number: record.attempt,
        key: key_of(&record.run_id, id),
        heartbeat_timeout: Some(A::OPTIONS.declared_timeout()),
        started: Instant::now(),
        came_late: false,
        deadline,
        details: record.details.clone(),
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

/// How long an attempt that was told its deadline may take to leave its newest checkpoint.
const SETTLING: Duration = Duration::from_secs(1);

/// Waits until an attempt did not even notice that its time is over.
async fn overrun(deadline: Option<Instant>) {
    match deadline.and_then(|deadline| deadline.checked_add(SETTLING)) {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

fn timed_out(type_name: &str, words: String) -> ActivityError {
    let failure = ApplicationFailure::builder(words).type_name(type_name.to_owned()).build();
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
