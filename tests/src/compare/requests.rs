//! How many heartbeats an activity sends in a minute, where it saves all the time and where it waits.
//!
//! Each combination has a worker of its own, which counts what leaves its client.

use std::time::Duration;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{
    delays::VARIANTS,
    spread::Spread,
    stage::Stage,
    variant::{TIMEOUTS, Variant, Work},
};
use crate::program::say;

/// How many activities there are of each kind.
pub const EACH: u32 = 4;

/// For how long they are counted: a whole number of the times for which the SDK holds a heartbeat back, at every timeout here.
pub const WINDOW: Duration = Duration::from_secs(72);

/// How long an item takes.
const ITEM_TIME: Duration = Duration::from_millis(20);

/// Longer than a run: these activities are ended from outside.
const LONG: Duration = Duration::from_mins(10);

/// Requests to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    /// Whose activity.
    pub variant: Variant,
    /// Its heartbeat timeout, in seconds.
    pub timeout: u64,
    /// Whether it saves all the time, or only waits.
    pub is_busy: bool,
    /// How many a minute.
    pub per_minute: Spread,
}

/// Measures all of them, side by side.
pub async fn measure(stage: &Stage, runs: u32) -> anyhow::Result<Vec<Requests>> {
    let kinds: Vec<(Variant, u64, bool)> = TIMEOUTS
        .into_iter()
        .flat_map(|timeout| VARIANTS.map(|variant| (variant, timeout)))
        .flat_map(|(variant, timeout)| [true, false].map(|is_busy| (variant, timeout, is_busy)))
        .collect();
    let mut samples = vec![Vec::new(); kinds.len()];
    for run in 1..=runs {
        say(&format!("requests: run {run} of {runs}, for {WINDOW:?}"));
        let counts = try_join_all(kinds.iter().map(|kind| count(stage, *kind))).await?;
        for (of_kind, count) in samples.iter_mut().zip(counts) {
            of_kind.push(count);
        }
    }
    let row = |((variant, timeout, is_busy), samples)| Requests {
        variant,
        timeout,
        is_busy,
        per_minute: Spread::of(samples),
    };
    Ok(kinds.into_iter().zip(samples).map(row).collect())
}

/// How many heartbeats one of these activities sends in a minute.
async fn count(
    stage: &Stage,
    (variant, timeout, is_busy): (Variant, u64, bool),
) -> anyhow::Result<f64> {
    let queue = stage.name("requests");
    let mut worker = stage.worker(&queue).await?;
    let (work, time) = if is_busy { (Work::Items, ITEM_TIME) } else { (Work::Sleep, LONG) };
    let timeout = Duration::from_secs(timeout);
    let phase = Variant::ByHand.interval(timeout);
    // Apart, so that the window does not begin or end at the same place of all of them.
    let started = (0..EACH).map(|place| {
        let queue = &queue;
        async move {
            sleep(phase * place / EACH).await;
            stage.start(queue, (variant, work), timeout, time, 0).await
        }
    });
    let running = try_join_all(started).await?;
    sleep(phase / EACH).await;
    let before = worker.heartbeats().await?;
    sleep(WINDOW).await;
    let sent = worker.heartbeats().await? - before;
    for activity in running {
        activity.end().await;
    }
    let sent = f64::from(u32::try_from(sent)?);
    Ok(sent / f64::from(EACH) * 60.0 / WINDOW.as_secs_f64())
}
