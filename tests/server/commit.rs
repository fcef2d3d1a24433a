//! What `commit` acknowledged is never older afterwards.

use std::{env, time::Duration};

use autobeat_tests::{
    environment::{Environment, eventually},
    ledger::Record,
};

use crate::{LIMIT, attempt_begun, worker_program};

/// How many kills the usual run takes; `AUTOBEAT_COMMIT_KILLS` asks for more.
const KILLS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_value_survives_a_kill_at_that_instant() {
    let Some(environment) = Environment::open().await else { return };
    let kills = env::var("AUTOBEAT_COMMIT_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let ledger = environment.ledger();
    let mut job =
        environment.job("commit_items", environment.plan(u64::MAX, Duration::from_millis(10)));
    job.heartbeat_timeout = Duration::from_secs(1);
    let _run = environment.start(job).await;

    let mut worker = environment.worker_process(worker_program()).await;
    let mut attempt = 1;
    for kill in 1..=kills {
        let (from, _) = attempt_begun(&ledger, attempt).await;
        // Over all kills: from the first commits to some after the SDK's own beat, which goes out
        // once a timeout and could overtake them.
        let further = fastrand::u64(..120);
        let committed = async || match ledger.newest()?.record {
            Record::Item(item) if item >= from + further => Some(()),
            _ => None,
        };
        eventually("commits", LIMIT, committed).await;
        worker.kill().await.unwrap();

        // Read after the kill: nothing more is written down. A busy machine may have cost an attempt its
        // lease before, so that more have begun than were killed.
        attempt = ledger.beginnings().len() + 1;
        let newest_first = ledger.entries().into_iter().rev();
        let acknowledged = newest_first.map(|entry| entry.record).find_map(|record| match record {
            Record::Item(item) => Some(item),
            _ => None,
        });
        let acknowledged = acknowledged.expect("an item");
        worker = environment.worker_process(worker_program()).await;
        let (loaded, _) = attempt_begun(&ledger, attempt).await;
        eprintln!("kill {kill}: {acknowledged} acknowledged, {} loaded", loaded - 1);
        assert!(loaded > acknowledged, "kill {kill}: {loaded} after {acknowledged}");
    }
}
