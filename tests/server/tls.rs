//! A server behind TLS that asks for a certificate, a key and a header: both lanes bring what the client of
//! their worker was given.

use std::time::Duration;

use autobeat_tests::{
    environment::Environment,
    tls::{Brings, Call, Door},
    worker::{LocalWorker, activity_worker},
    workflows::Outcome,
};

use crate::item_done;

#[tokio::test(flavor = "multi_thread")]
async fn both_lanes_come_through_with_what_their_client_was_given() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let door = Door::before(environment.address()).await.expect("a door");
    let options = activity_worker(&environment.activity_queue(), None);
    let worker = LocalWorker::start_of(door.client(Brings::ALL), options).await;
    let _worker = worker.expect("a worker that is let in");
    let plan = environment.plan(u64::MAX, Duration::from_millis(5));
    let run = environment.start(environment.job("process_items", plan)).await;
    // Longer than the SDK's lane may be left alone, and then an answer to ours.
    item_done(&ledger, 1_600).await;
    run.cancel().await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    assert!(ledger.noted(1, "cancelled-Requested").is_some(), "the answer came back");
    assert_eq!(ledger.beginnings().len(), 1, "it was given up");
    let calls = door.calls();
    let beats = |is_ours| {
        let is_one =
            |call: &&Call| call.rpc == "RecordActivityTaskHeartbeat" && call.is_ours == is_ours;
        calls.iter().filter(is_one).count()
    };
    eprintln!("through TLS: {} heartbeats of ours, {} of the SDK's", beats(true), beats(false));
    assert!(beats(true) >= 4 && beats(false) >= 1, "{calls:?}");
    for call in calls {
        assert!(call.is_authorised, "{call:?}");
        // The first call of a connection is for no namespace.
        let is_for_all = call.rpc == "GetSystemInfo";
        assert!(is_for_all || call.namespace.as_deref() == Some("default"), "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_is_closed_to_whoever_brings_less() {
    let Some(environment) = Environment::open().await else { return };
    let door = Door::before(environment.address()).await.expect("a door");
    for brings in [
        Brings { certificate: false, ..Brings::ALL },
        Brings { key: false, ..Brings::ALL },
        Brings { header: false, ..Brings::ALL },
    ] {
        let entered = door.client(brings).await;
        assert!(entered.is_err(), "{brings:?}");
    }
    assert!(door.calls().iter().all(|call| !call.is_authorised), "{:?}", door.calls());
    door.client(Brings::ALL).await.expect("a client that is let in");
}
