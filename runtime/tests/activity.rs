//! What the attribute takes, under the strictest lints that a user may have.

#![deny(missing_docs, unused, warnings, clippy::all, clippy::pedantic)]
#![forbid(unsafe_code)]

use std::{path::PathBuf, time::Duration};

use autobeat::{Cancellation, Checkpoint, Finished, activity};
use temporalio_common::{ActivityDefinition, data_converters::MultiArgs2};
use temporalio_sdk::{
    ActivityCancellationType, WorkerOptions,
    activities::{ActivityContext, ActivityError, ExecutableActivity},
};

/// Everything at once.
#[activity(
    heartbeat_timeout = "30s",
    heartbeat_interval = "1s",
    start_to_close_timeout = "2h",
    schedule_to_close_timeout = "1d",
    schedule_to_start_timeout = "1h 30m",
    max_attempts = 3,
    retry(
        initial_interval = "2s",
        backoff_coefficient = 1.5,
        maximum_interval = "1m",
        non_retryable_error_types = ["BadInput", "TemporalTimeout:Heartbeat"],
    ),
    cancellation_type = "try_cancel",
    stall_timeout = "5m",
    cancel_grace = "never",
    on_bad_checkpoint = "restart",
    name = "everything-at-once"
)]
pub async fn everything(
    cancellation: Cancellation,
    context: ActivityContext,
    checkpoint: Checkpoint<u64>,
    mut path: PathBuf,
    (start, end): (u64, u64),
) -> Result<String, ActivityError> {
    path.push(context.info().activity_id.clone());
    for number in start.max(checkpoint.get())..end {
        cancellation.check()?;
        checkpoint.save(number)?;
    }
    Ok(path.display().to_string())
}

/// No handles, no inputs, no close timeout, an alias for its result.
#[activity(heartbeat_timeout = "1500ms")]
async fn nothing() -> std::io::Result<()> {
    std::future::ready(()).await;
    Ok(())
}

/// Not `async`, with the error of `anyhow`, and a word that has no quotes.
#[activity(
    heartbeat_timeout = "30s",
    schedule_to_close_timeout = "1m",
    cancellation_type = abandon,
    cancel_grace = "0s"
)]
fn blocking(checkpoint: Checkpoint<Vec<u8>>, _: u8) -> anyhow::Result<usize> {
    checkpoint.update(|bytes| bytes.push(1))?;
    Ok(checkpoint.get().len())
}

/// A raw name, six inputs, and names that generated code could meet.
#[activity(heartbeat_timeout = "30s")]
async fn r#move(
    input: u8,
    handles: u8,
    input_0: u8,
    context: u8,
    name: u8,
    private: u8,
) -> Result<u8, ActivityError> {
    Ok(std::future::ready(input + handles + input_0 + context + name + private).await)
}

mod inner {
    use super::ActivityError;

    /// Names of ours under a path of their own are the user's inputs.
    #[derive(Default, serde::Serialize, serde::Deserialize)]
    pub(super) struct Checkpoint;

    /// Takes somebody else's checkpoint.
    #[super::activity(heartbeat_timeout = "30s", crate = ::autobeat)]
    pub(super) async fn foreign(
        _checkpoint: super::inner::Checkpoint,
    ) -> Result<(), ActivityError> {
        std::future::ready(Ok(())).await
    }
}

/// Several at once: a loop that is `Send`.
#[activity(heartbeat_timeout = "30s")]
async fn all_at_once(done: Checkpoint<Finished>, urls: Vec<String>) -> Result<(), ActivityError> {
    done.resume_concurrent(urls, 8, |url| async move {
        tokio::time::sleep(Duration::from_millis(url.len() as u64)).await;
        Ok(())
    })
    .await
}

/// One after another, as they come.
#[activity(heartbeat_timeout = "30s")]
async fn one_by_one(done: Checkpoint<u64>, urls: Vec<String>) -> Result<u64, ActivityError> {
    let mut urls = done.resume_stream(futures_util::stream::iter(urls));
    while let Some(url) = urls.next().await {
        tokio::time::sleep(Duration::from_millis(url?.len() as u64)).await;
    }
    Ok(done.get())
}

/// Under the name that a manifest may give the crate.
mod renamed {
    use autobeat as beat;
    use temporalio_sdk::activities::ActivityError;

    /// Knows the crate by another name alone.
    #[beat::activity(heartbeat_timeout = "30s", crate = crate::renamed::beat)]
    pub(super) async fn renamed(done: beat::Checkpoint<u64>) -> Result<u64, ActivityError> {
        std::future::ready(Ok(done.get())).await
    }
}

/// Implements the contract of another place.
#[activity(heartbeat_timeout = "30s", definition = everything)]
async fn implementation(_: PathBuf, _: (u64, u64)) -> Result<String, ActivityError> {
    Ok(std::future::ready(String::new()).await)
}

#[test]
fn a_marker_is_registered_called_and_knows_its_options() {
    let worker = WorkerOptions::new("anywhere")
        .register_activities(everything)
        .register_activities(nothing)
        .register_activities(blocking)
        .register_activities(r#move)
        .register_activities(inner::foreign)
        .register_activities(renamed::renamed)
        .register_activities(all_at_once)
        .register_activities(one_by_one)
        .build();
    let registered = format!("{:?}", worker.activities());
    for name in [
        "everything-at-once",
        "\"nothing\"",
        "\"blocking\"",
        "\"move\"",
        "\"foreign\"",
        "\"renamed\"",
    ] {
        assert!(registered.contains(name), "{name} in {registered}");
    }
    assert_eq!(implementation.name(), "everything-at-once");
}

#[test]
fn inputs_are_the_parameters_that_are_no_handles() {
    fn input_of<A: ActivityDefinition<Input = I> + ExecutableActivity, I>(_: A) {}
    input_of::<_, MultiArgs2<PathBuf, (u64, u64)>>(everything);
    input_of::<_, ()>(nothing);
    input_of::<_, u8>(blocking);
    input_of::<_, inner::Checkpoint>(inner::foreign);
}

#[test]
fn options_are_what_was_declared() {
    let options = everything.options();
    assert_eq!(options.heartbeat_timeout, Some(Duration::from_secs(30)));
    assert_eq!(options.schedule_to_start_timeout, Some(Duration::from_mins(90)));
    assert_eq!(options.close_timeouts.start_to_close(), Some(Duration::from_hours(2)));
    assert_eq!(options.close_timeouts.schedule_to_close(), Some(Duration::from_hours(24)));
    assert_eq!(options.cancellation_type, ActivityCancellationType::TryCancel);
    assert_eq!(options.retry_policy.map(|policy| policy.maximum_attempts()), Some(3));

    let options = blocking.options();
    assert_eq!(options.cancellation_type, ActivityCancellationType::Abandon);
    assert_eq!(options.retry_policy, None);
}

#[tokio::test]
async fn call_runs_the_plain_body() {
    nothing::call().await.unwrap();
    assert_eq!(r#move::call(1, 2, 3, 4, 5, 6).await.unwrap(), 21);
}
