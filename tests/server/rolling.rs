//! Deploys that go forward and back.

use std::time::Duration;

use autobeat_tests::{
    environment::{Environment, eventually},
    variants::Successor,
    workflows::Outcome,
};

use crate::{LIMIT, attempt_begun, item_done};

const ITEM_TIME: Duration = Duration::from_millis(5);
const ITEMS: u64 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_cannot_read_the_checkpoint_is_rolled_back_and_nothing_is_lost() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let first = environment.worker_with_grace(Duration::from_millis(50)).await;
    let run =
        environment.start(environment.job("process_items", environment.plan(ITEMS, ITEM_TIME)));
    let run = run.await;
    item_done(&ledger, 100).await;
    first.shut_down().await;
    let saved = run.stored().await.expect("a checkpoint");

    let forward = environment.worker_of(Successor).await;
    let failed = async || run.pending().await.filter(|pending| pending.attempt >= 5);
    let pending = eventually("the new one fails, and is tried again", LIMIT, failed).await;
    let failure = pending.last_failure.expect("a failure");
    assert!(failure.message.contains("on_bad_checkpoint"), "{failure:?}");
    assert_eq!(run.stored().await, Some(saved.clone()), "what was saved stays");
    forward.shut_down().await;

    let _back = environment.worker().await;
    let (next, _) = attempt_begun(&ledger, 2).await;
    assert_eq!(next.to_string(), saved, "it goes on where it was");
    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    assert!(ledger.missing(ITEMS).is_empty());
    let attempts: Vec<u32> = ledger.entries().iter().map(|entry| entry.attempt).collect();
    let last = attempts.iter().copied().max().expect("an attempt");
    assert!(last >= 5, "the attempts between have begun nothing: {last}");
    assert!(ledger.repeated(1, last).is_empty());
}
