//! What a client does to payloads is done to checkpoints, on both ways to the server.

use std::time::Duration;

use autobeat_tests::{
    activities::Action,
    conversion::{REVERSED, SPACIOUS, with_codec, with_codec_that_panics_at, with_converter},
    environment::{Environment, eventually},
    workflows::Outcome,
};
use temporalio_common::data_converters::DataConverter;

use crate::{LIMIT, attempt_begun, item_done};

async fn goes_on_with(converter: DataConverter, encoding: &[u8]) {
    let Some(environment) = Environment::open_with(converter).await else { return };
    let ledger = environment.ledger();
    let worker = environment.worker().await;
    let plan = environment.plan(1_000, Duration::from_millis(5)).before(1, 100, Action::Fail);
    let run = environment.start(environment.job("process_items", plan)).await;

    // An error leaves its checkpoint through the SDK, right before it.
    assert_eq!(attempt_begun(&ledger, 2).await.0, 100);
    // A kill leaves what the last heartbeat carried.
    item_done(&ledger, 500).await;
    let stored = async || run.stored_payload().await;
    let stored = eventually("a heartbeat", LIMIT, stored).await;
    assert_eq!(stored.metadata["encoding"], encoding);
    drop(worker);
    let _second = environment.worker().await;

    assert!(attempt_begun(&ledger, 3).await.0 > 100);
    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
    assert_eq!(ledger.missing(1_000), [] as [u64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_hides_checkpoints() {
    goes_on_with(with_codec(), REVERSED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_converter_of_the_clients_own_writes_checkpoints() {
    goes_on_with(with_converter(), SPACIOUS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_panics_for_a_while_costs_neither_the_heartbeat_nor_the_attempt() {
    let converter = with_codec_that_panics_at(100..=300);
    let Some(environment) = Environment::open_with(converter).await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(1_000, Duration::from_millis(5));
    let run = environment.start(environment.job("process_items", plan)).await;

    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
    assert_eq!(ledger.beginnings().len(), 1);
}
