//! The edge to the SDK: what a marker is, how it runs in a worker, how it registers.

use std::{
    borrow::Cow,
    collections::HashSet,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use temporalio_common::{ActivityDefinition, data_converters::TemporalSerializable};
use temporalio_sdk::{
    ActivityOptions,
    activities::{ActivityContext, ActivityError, ActivityInfo},
};
use tokio::time::Instant;

use crate::{
    attempt::{self, ActivityReturn, Facts, Takes},
    cancel::Cancellation,
    checkpoint::{Checkpoint, CheckpointState},
    events::say,
    handle::{Attempt, Known, key_of},
    lease::{Lease, environment::EnvironmentLease, local::LocalLease, server::ServerLease},
    options::{Options, activity_options},
    types::DeclaresCloseTimeout,
};

/// A boxed future, as the SDK takes it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// What the attribute says about a function, for every engine that runs it.
pub trait Activity:
    Declared
    + ActivityDefinition<Input: Send + Sync, Output: Send + Sync>
    + Sized
    + Send
    + Sync
    + 'static
{
    /// What a method is called on; `()` for a free function.
    type Instance: Send + 'static;
    /// The SDK's context where the body takes it, or [`NoContext`].
    type Context: Context;

    /// Has the body run by an engine, which makes the handles.
    ///
    /// The state of its checkpoint is named nowhere else: as a type that belongs to the activity it
    /// would have to be as visible as the activity is.
    fn attempt(
        engine: Engine,
        instance: Self::Instance,
        context: Self::Context,
        input: Self::Input,
    ) -> BoxFuture<Result<Self::Output, ActivityError>>;
}

/// What an engine knows of the attempt that it has made.
pub struct Engine {
    pub(crate) options: Options,
    pub(crate) facts: Facts,
    pub(crate) lease: Arc<dyn Lease>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Engine {
    /// Has it made; compiled once for all bodies of one state and one output.
    #[must_use]
    pub fn run<S, T>(self, takes: Takes, body: Body<S, T>) -> BoxFuture<Result<T, ActivityError>>
    where
        S: CheckpointState,
        T: TemporalSerializable + Send + 'static,
    {
        let Self { options, facts, lease } = self;
        #[cfg(feature = "testing")]
        let body = match lease.watch() {
            Some(watch) => crate::watch::watched(watch, takes, body),
            None => body,
        };
        let known = Known::of(&facts);
        Box::pin(attempt::run(options, takes, facts, lease, |checkpoint, cancellation| {
            let attempt = Attempt::new(known, checkpoint.shows());
            body(Handles { checkpoint, cancellation, attempt })
        }))
    }
}

/// A body with all but its handles.
pub type Body<S, T> = Box<dyn FnOnce(Handles<S>) -> BoxFuture<Result<T, ActivityError>> + Send>;

/// What the attribute says, whatever is wrong with the function below it.
pub trait Declared {
    /// What was declared.
    const OPTIONS: Options;

    /// Uses what cannot be called, so that the compiler does not miss a use of it.
    fn refused(&self) -> ActivityOptions
    where
        for<'a> Self: DeclaresCloseTimeout<'a>,
    {
        activity_options(Self::OPTIONS)
    }
}

/// What a body is handed beside its inputs and the SDK's context.
#[derive(Debug)]
pub struct Handles<S> {
    /// Where the work stands.
    pub checkpoint: Checkpoint<S>,
    /// Whether to stop.
    pub cancellation: Cancellation,
    /// Which attempt it is.
    pub attempt: Attempt,
}

/// The state of a function without a `Checkpoint`.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct NoCheckpoint;

/// The context of a function without an `ActivityContext`.
#[derive(Clone, Copy, Debug)]
pub struct NoContext;

/// What a body may take of the SDK's context.
pub trait Context: Send + 'static {
    /// Takes it.
    fn of(context: &ActivityContext) -> Self;
}

impl Context for ActivityContext {
    fn of(context: &ActivityContext) -> Self {
        context.clone()
    }
}

impl Context for NoContext {
    fn of(_: &ActivityContext) -> Self {
        Self
    }
}

/// Runs an attempt that the SDK handed to this worker.
pub fn execute<A: Activity>(
    instance: A::Instance,
    context: ActivityContext,
    input: A::Input,
) -> BoxFuture<Result<A::Output, ActivityError>> {
    let options = A::OPTIONS;
    let handed_in = A::Context::of(&context);
    let (facts, lease) = edges(context, options);
    A::attempt(Engine { options, facts, lease }, instance, handed_in, input)
}

/// The SDK's context as an attempt sees it: facts, and a lease.
pub(crate) async fn run_attempt<S, B, F>(
    options: Options,
    takes: Takes,
    context: ActivityContext,
    body: B,
) -> Result<<F::Output as ActivityReturn>::Output, ActivityError>
where
    S: CheckpointState,
    B: FnOnce(Checkpoint<S>, Cancellation) -> F,
    F: Future<Output: ActivityReturn<Output: TemporalSerializable + 'static>>,
{
    let (facts, lease) = edges(context, options);
    attempt::run(options, takes, facts, lease, body).await
}

/// What an attempt is written against.
fn edges(context: ActivityContext, options: Options) -> (Facts, Arc<dyn Lease>) {
    let mut facts = facts(&context);
    let is_test = EnvironmentLease::is_meant(context.info());
    warn_without_timeout(&facts, context.info().is_local || is_test, options);
    if is_test {
        // There its time is over a second after 1970 began, which means nothing.
        (facts.started, facts.deadline) = (Instant::now(), None);
    }
    let lease: Arc<dyn Lease> = if context.info().is_local {
        let deadline = context.info().deadline.filter(|_| !is_test);
        Arc::new(LocalLease::new(context, deadline))
    } else if is_test {
        Arc::new(EnvironmentLease::new(context))
    } else {
        Arc::new(ServerLease::new(context, facts.heartbeat_timeout))
    };
    (facts, lease)
}

/// The instance that a worker holds for an activity that takes one.
///
/// # Panics
///
/// Where the SDK hands over none: it registers an activity with its instance, always.
#[must_use]
pub fn instance<I>(instance: Option<Arc<I>>) -> Arc<I> {
    instance.expect("the SDK hands over the instance that was registered")
}

/// Says once a type what is missing where the server has no heartbeat timeout.
fn warn_without_timeout(facts: &Facts, is_local: bool, options: Options) {
    static WARNED: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    if is_local || facts.heartbeat_timeout.is_some() {
        return;
    }
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_news = warned.get_or_insert_default().insert(facts.activity_type.clone());
    // Whoever listens may take its time.
    drop(warned);
    if is_news {
        say!(
            warn,
            activity_type = facts.activity_type,
            "scheduled without a heartbeat timeout, so a dead worker is noticed late: set \
             `heartbeat_timeout` to {:?} in the workflow, or use the activity's `options()`",
            options.declared_timeout(),
        );
    }
}

fn facts(context: &ActivityContext) -> Facts {
    let info = context.info();
    let heartbeat_timeout = info.heartbeat_timeout.filter(|timeout| !timeout.is_zero());
    let on_its_way = on_its_way(info);
    let (started, came_late) = if info.is_local {
        // One clock counted, on this machine.
        (before(on_its_way), false)
    } else {
        started(on_its_way, heartbeat_timeout)
    };
    Facts {
        activity_type: info.activity_type.clone(),
        number: info.attempt,
        key: key_of(&run_of(info).unwrap_or_default(), &info.activity_id),
        heartbeat_timeout,
        started,
        came_late,
        deadline: deadline(info, started),
        details: context.heartbeat_details().raw().to_vec(),
    }
}

/// What tells an activity from every other one of its id: the run of its workflow, or its own where it has
/// none. Where the SDK does not say that one, as 1.1 does not, it is the moment when the activity was
/// scheduled, in nanoseconds since 1970: the server keeps it over all attempts, and has one activity of an
/// id at a time.
pub(crate) fn run_of(info: &ActivityInfo) -> Option<Cow<'_, str>> {
    let run_ids = [info.workflow_run_id.as_deref(), info.activity_run_id.as_deref()];
    let run_id = run_ids.into_iter().flatten().find(|run_id| !run_id.is_empty());
    run_id.map(Cow::Borrowed).or_else(|| {
        let scheduled = info.scheduled_time?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(scheduled.as_nanos().to_string().into())
    })
}

/// How long an attempt was on its way to this process, by the clocks of two machines.
fn on_its_way(info: &ActivityInfo) -> Duration {
    let started = info.started_time;
    started.and_then(|started| SystemTime::now().duration_since(started).ok()).unwrap_or_default()
}

/// When the server started to count, on this machine's clock; and whether that was so long ago that the
/// server is asked first.
///
/// The two machines' clocks may differ by any amount, so no more than a tenth of the timeout is
/// believed: an attempt is handed over in far less, and a wrong clock must not cost a lease.
fn started(on_its_way: Duration, heartbeat_timeout: Option<Duration>) -> (Instant, bool) {
    let believed = heartbeat_timeout.map(|timeout| timeout / 10);
    let Some(believed) = believed else { return (Instant::now(), false) };
    (before(on_its_way.min(believed)), on_its_way > believed)
}

fn before(length: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(length).unwrap_or(now)
}

/// When the attempt's time is over: both moments are the server's, so their distance is true.
fn deadline(info: &ActivityInfo, started: Instant) -> Option<Instant> {
    let length = info.deadline?.duration_since(info.started_time?).ok()?;
    started.checked_add(length)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;
    use crate::listener::Listener;

    fn facts(activity_type: &str, heartbeat_timeout: Option<Duration>) -> Facts {
        Facts {
            activity_type: activity_type.to_owned(),
            number: 1,
            key: key_of("run", "1"),
            heartbeat_timeout,
            started: Instant::now(),
            came_late: false,
            deadline: None,
            details: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenth_of_the_timeout_on_its_way_is_believed_and_more_is_asked_about() {
        let (millis, timeout) = (Duration::from_millis, Some(Duration::from_secs(10)));
        let now = Instant::now();
        assert_eq!(started(Duration::ZERO, timeout), (now, false));
        assert_eq!(started(millis(1_000), timeout), (now - millis(1_000), false));
        assert_eq!(started(millis(1_001), timeout), (now - millis(1_000), true));
        assert_eq!(started(millis(3_600_000), None), (now, false), "nobody follows it");
    }

    #[test]
    fn a_missing_timeout_is_said_once_a_type_with_what_to_set() {
        const OPTIONS: Options = Options::new(Duration::from_secs(30));
        let listener = Listener::at(Level::WARN);
        for _ in 0..3 {
            warn_without_timeout(&facts("forgetful", None), false, OPTIONS);
        }
        warn_without_timeout(&facts("careful", Some(Duration::from_secs(9))), false, OPTIONS);
        warn_without_timeout(&facts("local", None), true, OPTIONS);
        let said = listener.said();
        assert_eq!(said.matches("WARN").count(), 1, "{said}");
        assert!(said.contains("forgetful") && said.contains("to 30s in the workflow"), "{said}");
    }

    /// Waits for another attempt that has something to say, too.
    struct Waiting;

    impl tracing::Subscriber for Waiting {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target() == "autobeat"
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, _: &tracing::Event<'_>) {
            let (report, others) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let options = Options::new(Duration::from_secs(30));
                warn_without_timeout(&facts("beside it", None), false, options);
                let _ = report.send(());
            });
            others.recv_timeout(Duration::from_secs(5)).unwrap();
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn whoever_hears_of_a_missing_timeout_keeps_no_other_attempt_waiting() {
        let _heard = Listener::at(Level::WARN);
        let _waiting = tracing::subscriber::set_default(Waiting);
        warn_without_timeout(&facts("first", None), false, Options::new(Duration::from_secs(30)));
    }
}
