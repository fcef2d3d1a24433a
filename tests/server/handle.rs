//! The attempt as a handle: what it is called, and progress without a checkpoint.

use std::time::Duration;

use autobeat::Progress;
use autobeat_tests::{
    environment::{Environment, Run, eventually},
    workflows::{ACTIVITY_ID, Outcome},
};
use temporalio_common::protos::temporal::api::{
    common::v1::Payload, workflow::v1::PendingActivityInfo,
};

use crate::{LIMIT, attempt_begun};

const ITEMS: u64 = 30;

/// The details that the server stores, and how far they say the work is.
async fn shown(run: &Run) -> Option<(Payload, Progress)> {
    details_of(run.pending().await?)
}

fn details_of(pending: PendingActivityInfo) -> Option<(Payload, Progress)> {
    let details = pending.heartbeat_details?.payloads;
    let [first, second] = details.try_into().ok()?;
    Some((first, serde_json::from_slice(&second.data).expect("a progress")))
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_shown_without_a_checkpoint_and_survives_a_failure() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let mut job =
        environment.job("show_blocks", environment.plan(ITEMS, Duration::from_millis(100)));
    job.retry_interval = Duration::from_secs(2);
    // One beat within the attempt shows it; and a busy machine is not to end the attempt before it fails by itself.
    job.heartbeat_timeout = Duration::from_secs(6);
    let run = environment.start(job).await;

    let (first, progress) = eventually("some progress", LIMIT, async || shown(&run).await).await;
    assert!(first.data.is_empty() && first.metadata["encoding"] == b"binary/null", "{first:?}");
    assert!(progress.done > 0 && progress.done < ITEMS, "{progress:?}");
    assert_eq!((progress.total, progress.unit.as_deref()), (Some(ITEMS), Some("blocks")));

    // Before the next one has anything to show.
    let failed =
        async || run.pending().await.filter(|it| it.attempt == 2 && it.last_started_time.is_none());
    let failed = eventually("the first attempt failed", LIMIT, failed).await;
    let why = failed.last_failure.clone().expect("a failure").message;
    assert_eq!(why, "failed as planned");
    let (first, progress) = details_of(failed).expect("the failure carries it");
    assert!(first.data.is_empty(), "{first:?}");
    assert_eq!(progress.done, ITEMS, "the newest, which no heartbeat carried");
    attempt_begun(&ledger, 2).await;
    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));

    let described = environment.cli().describe(environment.name()).await.expect("a description");
    let run_id = &described["workflowExecutionInfo"]["execution"]["runId"];
    let key = format!("key-{}/{ACTIVITY_ID}", run_id.as_str().expect("a run id"));
    for attempt in [1, 2] {
        assert!(ledger.noted(attempt, &key).is_some(), "{key}: {:?}", ledger.entries());
        // Two minutes, as its workflow says.
        assert!(ledger.noted(attempt, "minutes-2").is_some(), "{:?}", ledger.entries());
    }
}
