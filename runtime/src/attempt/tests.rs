//! The life of an attempt against a scripted lease, on tokio's paused clock.

#![allow(clippy::unchecked_time_subtraction, reason = "moments in the wrong order fail a test")]

mod answers;
mod blocking;
mod clocks;
mod ends;
mod engine;
mod grace;
mod hand_over;
mod handle;
mod hostile;
mod late;
mod left;
mod listeners;
mod load;
mod lookout;
mod looks;
mod plain;
mod telemetry;
mod waiting;

use std::{
    error::Error,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use temporalio_common::{
    data_converters::{
        GenericPayloadConverter, PayloadConverter, SerializationContext, SerializationContextData,
    },
    error::ApplicationFailure,
};
use tokio::time::sleep;
use tracing::Level;

use self::plain::PlainLease;
use super::*;
use crate::{
    cancel::Cancelled,
    lease::{
        Reply, TooLarge,
        scripted::{Line, ScriptedLease},
    },
    listener::Listener,
    options::Grace,
};

const SECOND: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(9);

/// Beats every 3 s, less the jitter.
const OPTIONS: Options = Options::new(TIMEOUT);

fn payload<T: serde::Serialize + 'static>(value: T) -> Payload {
    let converter = PayloadConverter::default();
    let data = SerializationContextData::None;
    converter.to_payload(&SerializationContext::new(&data, &converter), &value).unwrap()
}

fn facts() -> Facts {
    Facts {
        activity_type: "count".to_owned(),
        number: 1,
        key: "run/1".into(),
        heartbeat_timeout: Some(TIMEOUT),
        started: Instant::now(),
        came_late: false,
        deadline: None,
        details: Vec::new(),
    }
}

fn resumed_from(value: u64) -> Facts {
    Facts { number: 2, details: vec![payload(value)], ..facts() }
}

/// An attempt with a `Checkpoint<u64>` and a `Cancellation`.
async fn attempt<T, F>(
    options: Options,
    facts: Facts,
    lease: &Arc<ScriptedLease>,
    body: impl FnOnce(Checkpoint<u64>, Cancellation) -> F,
) -> Result<T, ActivityError>
where
    T: serde::Serialize + 'static,
    F: Future<Output = Result<T, ActivityError>>,
{
    let takes = Takes::NOTHING.checkpoint().cancellation();
    run(options, takes, facts, Arc::clone(lease) as Arc<dyn Lease>, body).await
}

/// The failure type that the server is told.
fn failure_type<T: fmt::Debug>(result: &Result<T, ActivityError>) -> &str {
    match result {
        Err(ActivityError::Application(failure)) => failure.type_name().unwrap_or("(none)"),
        Err(ActivityError::Cancelled { .. }) => "(cancelled)",
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn message<T: fmt::Debug>(result: &Result<T, ActivityError>) -> String {
    match result {
        Err(ActivityError::Application(failure)) => failure.to_string(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn friendly() -> Arc<ScriptedLease> {
    Arc::new(ScriptedLease::friendly())
}

fn stopping(reason: CancelReason) -> Arc<ScriptedLease> {
    Arc::new(ScriptedLease::stopping(reason))
}

/// Says when it was dropped.
struct Witness(Arc<AtomicBool>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A body that never ends by itself; when it was dropped, and how it was answered.
async fn endless(
    options: Options,
    takes: Takes,
    facts: Facts,
    lease: &Arc<ScriptedLease>,
) -> (Duration, String) {
    let began = Instant::now();
    let dropped = Arc::new(AtomicBool::new(false));
    let witness = Witness(Arc::clone(&dropped));
    let body = async move |_: Checkpoint<u64>, _| {
        let _witness = witness;
        std::future::pending::<Result<(), ActivityError>>().await
    };
    let result = run(options, takes, facts, Arc::clone(lease) as Arc<dyn Lease>, body).await;
    assert!(dropped.load(Ordering::SeqCst), "destructors ran");
    (began.elapsed(), failure_type(&result).to_owned())
}
