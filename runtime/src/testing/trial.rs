//! One attempt with whatever is to happen to it, and how it ended.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use temporalio_common::{
    data_converters::{PayloadConverter, TemporalSerializable},
    protos::temporal::api::common::v1::Payload,
};

use super::{
    WithoutInstance, WithoutServer,
    ended::Ended,
    event::{Event, Point},
    perform::{Cast, Curtain, off_runtime, perform},
    stage::Stage,
    unwinding::CAUGHT,
};
use crate::{
    checkpoint::{CheckpointState, encode},
    handle::key_of,
    input,
    worker::Activity,
};

/// One attempt of an activity, with whatever is to happen to it.
///
/// It runs as it does in a worker, heartbeats and timeouts included, on a runtime of its own whose clock
/// jumps to whatever is waited for: hours take milliseconds. A body that blocks its thread holds that
/// clock still, and one that waits for threads or sockets of its own lets it run ahead.
///
/// ```
/// use std::time::Duration;
///
/// use autobeat::{
///     CancelReason, Checkpoint, activity,
///     testing::{Event, Trial},
/// };
/// use temporalio_sdk::activities::ActivityError;
/// use tokio::time::sleep;
///
/// #[activity(heartbeat_timeout = "30s")]
/// async fn count_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
///     for number in checkpoint.resume(0..end) {
///         number?;
///         sleep(Duration::from_secs(1)).await;
///     }
///     Ok(end)
/// }
///
/// let paused = Trial::of(count_to, 100)
///     .at(Duration::from_secs(60), Event::Cancel(CancelReason::Paused))
///     .run();
/// assert_eq!(paused.failure_type(), Some("ActivityPaused"));
///
/// let next = paused.next().run();
/// assert_eq!(next.output(), Some(&100));
/// assert_eq!(next.took(), Duration::from_secs(40));
/// ```
#[must_use = "a trial does nothing unless it is run"]
pub struct Trial<A: Activity> {
    activity_type: String,
    instance: A::Instance,
    input: Vec<Payload>,
    details: Vec<Payload>,
    number: u32,
    key: Arc<str>,
    script: Vec<(Point, Event)>,
    timeline: Vec<(Duration, Event)>,
    seed: u64,
}

impl<A: Activity> fmt::Debug for Trial<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Trial")
            .field("activity_type", &self.activity_type)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl<A> Trial<A>
where
    A: Activity<Instance: WithoutInstance, Context: WithoutServer>,
{
    /// The first attempt of a function.
    ///
    /// # Panics
    ///
    /// Where the input cannot be serialised.
    pub fn of(activity: A, input: A::Input) -> Self {
        Self::of_method(activity, WithoutInstance::without_instance(), input)
    }
}

impl<A> Trial<A>
where
    A: Activity<Instance: Clone, Context: WithoutServer>,
{
    /// The first attempt of a method, on this instance.
    ///
    /// # Panics
    ///
    /// Where the input cannot be serialised.
    #[expect(clippy::needless_pass_by_value, reason = "as it is handed to a workflow")]
    pub fn of_method(activity: A, instance: A::Instance, input: A::Input) -> Self {
        Self {
            activity_type: activity.name().to_owned(),
            instance,
            input: encode_input(&input),
            details: Vec::new(),
            number: 1,
            key: fresh_key(activity.name()),
            script: Vec::new(),
            timeline: Vec::new(),
            seed: 0,
        }
    }

    /// The attempt starts from what an earlier one saved.
    ///
    /// # Panics
    ///
    /// Where the state cannot be serialised.
    pub fn from_checkpoint<S: CheckpointState>(mut self, state: &S) -> Self {
        let details = encode(&PayloadConverter::default(), state);
        let details = details.unwrap_or_else(|error| panic!("cannot serialise the state: {error}"));
        self.details = vec![details];
        self
    }

    /// The number of the attempt; the first is 1.
    pub fn number(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Something happens within the `save` for this time, which counts from 1: after the value is
    /// stored, and before the body goes on.
    pub fn after_save(mut self, save: u64, event: Event) -> Self {
        self.script.push((Point::Save(save), event));
        self
    }

    /// Something happens when the body gives way for this time, which counts from 1: at an `.await`
    /// that is not ready.
    pub fn at_await(mut self, time: u64, event: Event) -> Self {
        self.script.push((Point::GivesWay(time), event));
        self
    }

    /// Something happens so long after the attempt began, on its own clock.
    pub fn at(mut self, after: Duration, event: Event) -> Self {
        self.timeline.push((after, event));
        self
    }

    /// What the jitter of the heartbeats is drawn from; 0 otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The attempt after this one, which starts from what the server holds.
    pub(super) fn next(mut self, details: Vec<Payload>) -> Self {
        self.details = details;
        self.number += 1;
        self
    }

    /// Runs the attempt to its end; on a thread of its own where this one belongs to a runtime.
    ///
    /// # Panics
    ///
    /// Where the attempt does not end within 30 days of its own clock, or its body does nothing for 10 s of
    /// real time, or saves a million times. Also where it catches the crash.
    #[must_use]
    #[track_caller]
    pub fn run(mut self) -> Ended<A> {
        self.timeline.sort_by_key(|(after, _)| *after);
        let script = std::mem::take(&mut self.script);
        let stage = Arc::new(Stage::new(self.details.clone(), script).timed().recording());
        let (instance, seed) = (self.instance.clone(), self.seed);
        let cast = Cast {
            activity_type: &self.activity_type,
            input: &self.input,
            details: self.details.clone(),
            number: self.number,
            key: &self.key,
            timeline: std::mem::take(&mut self.timeline),
            in_real_time: false,
        };
        let (curtain, took) = off_runtime(|| {
            let before = fastrand::get_seed();
            fastrand::seed(seed);
            let performed = perform::<A>(&stage, instance, &cast);
            fastrand::seed(before);
            performed
        });
        if let Curtain::Endless(endless) = &curtain {
            panic!("`{}` {endless}", self.activity_type);
        }
        let traces = stage.traces();
        assert!(!traces.has_caught_it, "`{}` cannot be tried: {CAUGHT}", self.activity_type);
        Ended::new(curtain, traces, stage.server.beats(), took, self)
    }
}

/// The key of an activity of its own; others of its name have others.
pub(super) fn fresh_key(activity_type: &str) -> Arc<str> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    key_of(&format!("test-run-{count}"), activity_type)
}

/// The input, as the server keeps it.
pub(super) fn encode_input<I: TemporalSerializable + 'static>(input: &I) -> Vec<Payload> {
    input::encode(input).unwrap_or_else(|error| panic!("the input cannot be serialised: {error}"))
}
