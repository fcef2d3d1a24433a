//! The same activities with our attribute.
//!
//! Their workflows set the timeout that is measured; the interval follows it where none is declared.

use std::thread;

use autobeat::{Cancelled, Checkpoint, activity};
use temporalio_sdk::{
    WorkerOptionsBuilder,
    activities::{ActivityContext, ActivityError},
    worker_options_builder,
};
use tokio::time::interval;

use super::{by_hand::ByHand, variant::ITEMS_PER_COMMIT};
use crate::{
    activities::Plan,
    ledger::{self, Ledger, Scribe},
};

/// What a body writes down when it learns that it is cancelled.
pub const TOLD: &str = "told";

/// What comes before how many items are done in what it writes down once a commit was acknowledged.
pub const ACKNOWLEDGED: &str = "acknowledged-";

/// Every activity that is compared, for a worker.
pub fn register<S: worker_options_builder::State>(
    options: WorkerOptionsBuilder<S>,
) -> WorkerOptionsBuilder<S> {
    options
        .register_activities(ByHand)
        .register_activities(save_items)
        .register_activities(save_items_each_second)
        .register_activities(save_and_commit_items)
        .register_activities(commit_each_item)
        .register_activities(sleep)
        .register_activities(sleep_each_second)
        .register_activities(block)
}

/// Does its items one by one, saving after each.
#[activity(heartbeat_timeout = "30s")]
pub async fn save_items(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    items(checkpoint, &context, plan, |_| false).await
}

/// As [`save_items`], with a heartbeat each second.
#[activity(heartbeat_timeout = "30s", heartbeat_interval = "1s")]
pub async fn save_items_each_second(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    items(checkpoint, &context, plan, |_| false).await
}

/// As [`save_items`], with a commit after each hundredth item.
#[activity(heartbeat_timeout = "30s")]
pub async fn save_and_commit_items(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    items(checkpoint, &context, plan, |done| done % ITEMS_PER_COMMIT == 0).await
}

/// As [`save_items`], with a commit after each item.
#[activity(heartbeat_timeout = "30s")]
pub async fn commit_each_item(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    items(checkpoint, &context, plan, |_| true).await
}

async fn items(
    checkpoint: Checkpoint<u64>,
    context: &ActivityContext,
    plan: Plan,
    commits: fn(u64) -> bool,
) -> Result<u64, ActivityError> {
    let scribe = begin(context, &plan, checkpoint.get())?;
    let mut pace = interval(plan.item_time);
    for item in checkpoint.get()..plan.items {
        pace.tick().await;
        scribe.item(item).map_err(anyhow::Error::from)?;
        let done = item + 1;
        if commits(done) {
            heed(&scribe, checkpoint.commit(done).await)?;
            scribe.note(&format!("{ACKNOWLEDGED}{done}")).map_err(anyhow::Error::from)?;
        } else {
            heed(&scribe, checkpoint.save(done))?;
        }
    }
    Ok(plan.items)
}

fn heed(scribe: &Scribe, saved: Result<(), Cancelled>) -> anyhow::Result<()> {
    if saved.is_err() {
        told(scribe)?;
    }
    Ok(saved?)
}

/// Waits, and returns when it began.
#[activity(heartbeat_timeout = "30s")]
pub async fn sleep(plan: Plan) -> Result<u64, ActivityError> {
    let began = since_epoch();
    tokio::time::sleep(plan.item_time).await;
    Ok(began)
}

/// As [`sleep`], with a heartbeat each second.
#[activity(heartbeat_timeout = "30s", heartbeat_interval = "1s")]
pub async fn sleep_each_second(plan: Plan) -> Result<u64, ActivityError> {
    sleep::call(plan).await
}

/// Blocks its thread, though it is asynchronous.
// What is measured is a body that awaits nothing.
#[allow(clippy::unused_async)]
#[activity(heartbeat_timeout = "30s")]
pub async fn block(plan: Plan) -> Result<u64, ActivityError> {
    let began = since_epoch();
    thread::sleep(plan.item_time);
    Ok(began)
}

/// Opens the ledger of an attempt, and writes down where it begins.
pub(super) fn begin(context: &ActivityContext, plan: &Plan, next: u64) -> anyhow::Result<Scribe> {
    let scribe = Ledger::new(&plan.ledger).of_attempt(context.info().attempt)?;
    scribe.begin(next)?;
    Ok(scribe)
}

/// Writes down that the body was told of a cancellation.
pub(super) fn told(scribe: &Scribe) -> anyhow::Result<()> {
    Ok(scribe.note(TOLD)?)
}

/// Now, in microseconds since the epoch.
pub(super) fn since_epoch() -> u64 {
    u64::try_from(ledger::now().as_micros()).unwrap_or(u64::MAX)
}
