//! Plays one attempt on a runtime of its own, which ends with it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use futures_util::FutureExt;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::ActivityError;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    time::{Instant, sleep, sleep_until},
};

use super::{
    WithoutServer,
    event::Event,
    lease::StagedLease,
    real_time::{self, Endless},
    stage::Stage,
};
use crate::{
    attempt::Facts,
    input,
    lease::{Failed, Lease},
    options::Options,
    worker::{Activity, Engine},
};

/// The longest time that an attempt may take on its own clock.
const DAYS: u64 = 30;
const LONGEST: Duration = Duration::from_hours(24 * DAYS);

/// How long, in real time, threads may take that an attempt leaves behind.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// How an attempt came to its end, from the outside.
pub(super) enum Curtain<T> {
    /// It was answered to the server.
    Answered(Result<T, ActivityError>),
    /// Its process crashed.
    Crashed,
    /// It was given up, since its body came to no end.
    Endless(Endless),
}

/// What ended an attempt.
enum Cause<T> {
    Itself(T),
    Crash,
    NoEnd,
}

/// What an attempt is given.
pub(super) struct Cast<'a> {
    pub(super) activity_type: &'a str,
    pub(super) input: &'a [Payload],
    /// What the server held when it began.
    pub(super) details: Vec<Payload>,
    pub(super) number: u32,
    /// What the activity is called in every attempt.
    pub(super) key: &'a Arc<str>,
    /// What happens when.
    pub(super) timeline: Vec<(Duration, Event)>,
    /// Whether its clock runs as the world's does, rather than jump to what is waited for.
    pub(super) in_real_time: bool,
}

/// Does it on this thread, or on another one where this one belongs to a runtime.
pub(super) fn off_runtime<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if Handle::try_current().is_err() {
        return work();
    }
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Plays it to its end; also how long it took on its own clock.
///
/// # Panics
///
/// Where the input cannot be read again, or the attempt does not end.
pub(super) fn perform<A>(
    stage: &Arc<Stage>,
    instance: A::Instance,
    cast: &Cast<'_>,
) -> (Curtain<A::Output>, Duration)
where
    A: Activity<Context: WithoutServer>,
{
    let input = input::decode::<A::Input>(cast.input)
        .unwrap_or_else(|error| panic!("the input cannot be read again: {error}"));
    let runtime = runtime(cast.in_real_time);
    real_time::look_at(stage);
    let (cause, took) = runtime.block_on(async {
        let began = Instant::now();
        stage.server.begin();
        stage.unwinding().begin();
        let attempt = AssertUnwindSafe(attempt::<A>(stage, instance, input, cast));
        let mut attempt = Box::pin(attempt.catch_unwind());
        let cause = tokio::select! {
            biased;
            () = stage.crashed() => Cause::Crash,
            () = play(stage, &cast.timeline) => Cause::Crash,
            ended = &mut attempt => Cause::Itself(ended),
            () = stage.stillness().is_too_long() => Cause::NoEnd,
            () = sleep(LONGEST), if stage.is_timed => {
                panic!("the attempt did not end within {DAYS} days on its own clock")
            }
        };
        let took = began.elapsed();
        stage.unwinding().end();
        // A destructor that panics changes nothing about how it ended.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(attempt)));
        (cause, took)
    });
    runtime.shutdown_timeout(LEFT_BEHIND);
    let curtain = match (cause, stage.stillness().endless()) {
        (Cause::Crash, _) => Curtain::Crashed,
        (_, Some(endless)) => Curtain::Endless(endless),
        (Cause::Itself(ended), None) if !stage.is_crashed() => {
            Curtain::Answered(ended.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))))
        }
        (Cause::Itself(_) | Cause::NoEnd, None) => Curtain::Crashed,
    };
    (curtain, took)
}

/// In real time it is as a worker has it, with a thread beside that of the body; a clock that jumps has to
/// itself all that runs.
fn runtime(in_real_time: bool) -> Runtime {
    let runtime = if in_real_time {
        Builder::new_multi_thread().worker_threads(1).enable_all().build()
    } else {
        Builder::new_current_thread().enable_all().start_paused(true).build()
    };
    runtime.unwrap_or_else(|error| panic!("no runtime for the attempt: {error}"))
}

async fn attempt<A>(
    stage: &Arc<Stage>,
    instance: A::Instance,
    input: A::Input,
    cast: &Cast<'_>,
) -> Result<A::Output, ActivityError>
where
    A: Activity<Context: WithoutServer>,
{
    let options = if stage.is_timed { A::OPTIONS } else { A::OPTIONS.without_stall_timeout() };
    let started = Instant::now();
    let timeouts = stage.is_timed.then_some(A::OPTIONS);
    let facts = Facts {
        activity_type: cast.activity_type.to_owned(),
        number: cast.number,
        key: Arc::clone(cast.key),
        heartbeat_timeout: timeouts.map(|options| options.declared_timeout()),
        started,
        came_late: false,
        deadline: timeouts.and_then(longest).and_then(|longest| started.checked_add(longest)),
        details: cast.details.clone(),
    };
    let lease = Arc::new(StagedLease(Arc::clone(stage))) as Arc<dyn Lease>;
    let engine = Engine { options, facts, lease };
    A::attempt(engine, instance, A::Context::without_server(), input).await
}

/// How long a first attempt may take.
fn longest(options: Options) -> Option<Duration> {
    options.start_to_close().into_iter().chain(options.schedule_to_close()).min()
}

/// Makes things happen at their instants; never comes to an end.
async fn play(stage: &Stage, timeline: &[(Duration, Event)]) {
    let began = Instant::now();
    for (after, event) in timeline {
        sleep_until(began + *after).await;
        stage.happen(*event);
    }
    std::future::pending::<()>().await;
}

/// What the server is told of a panic.
fn panicked(panic: &(dyn Any + Send)) -> ActivityError {
    ActivityError::application(Failed::of_panic(panic).failure())
}
