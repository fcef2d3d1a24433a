//! How long it takes until a body is told that its activity was cancelled, paused or terminated.
//!
//! Activities of all variants begin at random instants, so that each is at another place between two
//! heartbeats when the orders are given, all at once, through the client.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use super::{
    ours::TOLD,
    spread::Spread,
    stage::{Order, Running, Stage},
    variant::{TIMEOUTS, Variant, Work},
};
use crate::{
    environment::eventually,
    ledger::{self, Record},
    program::say,
};

/// The orders that are given.
pub const ORDERS: [Order; 3] = [Order::Cancel, Order::Pause, Order::Terminate];

/// Those whose heartbeats differ: a commit changes nothing of how a body is told.
pub const VARIANTS: [Variant; 3] = [Variant::ByHand, Variant::Default, Variant::EachSecond];

/// How many activities of each kind there are at once.
const EACH: u32 = 4;

/// How long an item takes, and so how late a body looks.
const ITEM_TIME: Duration = Duration::from_millis(20);

/// How late a body may be told, past a whole heartbeat of the SDK.
const PATIENCE: Duration = Duration::from_secs(10);

/// How late bodies were told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delays {
    /// Whose activity.
    pub variant: Variant,
    /// Its heartbeat timeout, in seconds.
    pub timeout: u64,
    /// What was done to it.
    pub order: Order,
    /// From the order to the body, in seconds.
    pub delay: Spread,
    /// How many were never told.
    pub untold: usize,
}

/// Measures all of them, timeout by timeout.
pub async fn measure(stage: &Stage, runs: u32) -> anyhow::Result<Vec<Delays>> {
    let queue = stage.name("delays");
    let _worker = stage.worker(&queue).await?;
    let mut rows = Vec::new();
    for timeout in TIMEOUTS {
        say(&format!("delays: timeout {timeout} s"));
        let kinds = VARIANTS.into_iter().flat_map(|of| ORDERS.map(|order| (of, timeout, order)));
        rows.extend(try_join_all(kinds.map(|kind| measure_one(stage, &queue, kind, runs))).await?);
    }
    Ok(rows)
}

async fn measure_one(
    stage: &Stage,
    queue: &str,
    (variant, timeout, order): (Variant, u64, Order),
    runs: u32,
) -> anyhow::Result<Delays> {
    let mut told = Vec::new();
    for _ in 0..runs {
        let each = (0..EACH).map(|_| delay_of_one(stage, queue, variant, timeout, order));
        told.extend(try_join_all(each).await?);
    }
    let untold = told.iter().filter(|delay| delay.is_none()).count();
    let delay = Spread::of(told.into_iter().flatten().map(|delay| delay.as_secs_f64()));
    Ok(Delays { variant, timeout, order, delay, untold })
}

async fn delay_of_one(
    stage: &Stage,
    queue: &str,
    variant: Variant,
    heartbeat_timeout: u64,
    order: Order,
) -> anyhow::Result<Option<Duration>> {
    let heartbeat_timeout = Duration::from_secs(heartbeat_timeout);
    let phase = Variant::ByHand.interval(heartbeat_timeout);
    sleep(phase.mul_f64(fastrand::f64())).await;
    let kind = (variant, Work::Items);
    let activity = stage.start(queue, kind, heartbeat_timeout, ITEM_TIME, 0).await?;
    let ledger = activity.ledger();
    let begun = async || ledger.newest();
    eventually("it begins", Duration::from_mins(1), begun).await;
    sleep(phase.mul_f64(fastrand::f64()) + Duration::from_secs(1)).await;
    let asked = ledger::now();
    let told = async { Ok(timeout(phase + PATIENCE, told_at(&activity)).await.ok()) };
    let (told, ()) = try_join(told, activity.order(order)).await?;
    activity.end().await;
    Ok(told.map(|at| at.saturating_sub(asked)))
}

/// When the body wrote that it was told.
async fn told_at(activity: &Running) -> Duration {
    let note = Record::Note(TOLD.to_owned());
    loop {
        let newest = activity.ledger().newest();
        if let Some(newest) = newest.filter(|newest| newest.record == note) {
            return newest.at;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
