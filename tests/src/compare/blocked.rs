//! Whether an `async` body that blocks its thread for three timeouts completes, alone in its worker.

use std::time::Duration;

use futures_util::future::try_join;
use serde::{Deserialize, Serialize};

use super::{
    stage::Stage,
    variant::{Variant, Work},
};
use crate::{program::say, workflows::Outcome};

/// How long it blocks its thread.
pub const BLOCK: Duration = Duration::from_secs(6);

/// Its heartbeat timeout.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// How often each is done in a run.
const EACH: u32 = 5;

/// What became of those that blocked their thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocked {
    /// Whose activity.
    pub variant: Variant,
    /// How many there were, one after the other, each in a worker of its own.
    pub count: u32,
    /// How many of them completed.
    pub completed: u32,
}

/// Measures both, side by side.
pub async fn measure(stage: &Stage, runs: u32) -> anyhow::Result<Vec<Blocked>> {
    let mut rows = [Variant::ByHand, Variant::Default].map(|variant| Blocked {
        variant,
        count: 0,
        completed: 0,
    });
    let all = runs * EACH;
    for number in 1..=all {
        say(&format!("blocked: {number} of {all}"));
        let [by_hand, ours] = &mut rows;
        try_join(block_once(stage, by_hand), block_once(stage, ours)).await?;
    }
    Ok(rows.into())
}

async fn block_once(stage: &Stage, row: &mut Blocked) -> anyhow::Result<()> {
    let queue = stage.name("blocked");
    let _worker = stage.worker(&queue).await?;
    let activity = stage.start(&queue, (row.variant, Work::Block), TIMEOUT, BLOCK, 1).await?;
    row.count += 1;
    if matches!(activity.outcome().await?, Outcome::Completed(_)) {
        row.completed += 1;
    }
    Ok(())
}
