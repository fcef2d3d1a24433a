//! Activities that are unlike the others: large, misread, completed elsewhere, written for the SDK.

use autobeat::{Attempt, AutoHeartbeat, Cancellation, Checkpoint, Progress, activities};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::{
    activities::Plan,
    ledger::{Ledger, Scribe},
};

/// A block of activities, as an existing worker has it, with keys where it wants them.
#[derive(Debug)]
pub struct Variants;

#[activities]
impl Variants {
    /// Commits what the server just takes, with so much shown beside it that both are too large.
    #[activity(heartbeat_timeout = "2s", name = "show_too_much")]
    pub async fn show_too_much(
        checkpoint: Checkpoint<Large>,
        _plan: Plan,
    ) -> Result<u64, ActivityError> {
        checkpoint.show_progress(|_| Progress::new(1).message("x".repeat(60_000)));
        checkpoint.commit(Large { filler: "x".repeat((2 << 20) - 1_000) }).await?;
        Ok(7)
    }

    /// Saves more than the server takes, after something that it does.
    #[activity(heartbeat_timeout = "2s", name = "save_too_much")]
    pub async fn save_too_much(
        checkpoint: Checkpoint<Large>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let attempt = begin(&context, &plan, 0)?;
        checkpoint.commit(Large { filler: "small".to_owned() }).await?;
        checkpoint.save(Large { filler: "x".repeat(3 << 20) })?;
        loop {
            tokio::time::sleep(plan.item_time).await;
            if let Err(cancelled) = checkpoint.touch() {
                attempt.note(&format!("cancelled-{:?}", cancelled.reason()))?;
                return Err(cancelled.into());
            }
        }
    }

    /// Leaves its work to somebody else, who completes the activity.
    #[activity(heartbeat_timeout = "3s", heartbeat_interval = "500ms", name = "leave_to_others")]
    pub async fn leave_to_others(
        checkpoint: Checkpoint<u64>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        begin(&context, &plan, 0)?;
        let _ = checkpoint.save(7);
        Err(ActivityError::WillCompleteAsync)
    }

    /// Shows its progress without a checkpoint, and writes down what its attempts are called; the first
    /// fails when all is done.
    #[activity(heartbeat_timeout = "2s", name = "show_blocks")]
    pub async fn show_blocks(
        attempt: Attempt,
        cancellation: Cancellation,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let scribe = Ledger::new(&plan.ledger).of_attempt(attempt.number())?;
        scribe.begin(0)?;
        scribe.note(&format!("key-{}", attempt.key()))?;
        let left = attempt.deadline().map(|end| end - tokio::time::Instant::now());
        scribe.note(&format!("minutes-{}", left.unwrap_or_default().as_secs().div_ceil(60)))?;
        for item in 0..plan.items {
            cancellation.run_until_cancelled(tokio::time::sleep(plan.item_time)).await?;
            scribe.item(item)?;
            attempt.show(Progress::new(item + 1).of(plan.items).unit("blocks"));
        }
        if attempt.number() == 1 {
            return Err(anyhow::anyhow!("failed as planned").into());
        }
        Ok(plan.items)
    }

    /// Stores details of its own in attempt 1, by hand, and then fails.
    #[activity(name = "change_shape")]
    pub async fn heartbeat_by_hand(
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        begin(&context, &plan, 0)?;
        context.record_heartbeat("no number").await.map_err(anyhow::Error::from)?;
        Err(anyhow::anyhow!("failed as planned").into())
    }
}

/// The successor of [`Variants::heartbeat_by_hand`], which cannot read what that one stored.
#[derive(Debug)]
pub struct Successor;

#[activities]
impl Successor {
    /// Expects a number.
    #[activity(heartbeat_timeout = "2s", name = "change_shape", on_bad_checkpoint = "fail")]
    pub async fn expect_number(
        checkpoint: Checkpoint<u64>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        begin(&context, &plan, 0)?;
        Ok(checkpoint.get())
    }

    /// In the place of [`process_items`](crate::activities::process_items), with a state that cannot
    /// be read from what that one saves.
    #[activity(heartbeat_timeout = "2s", name = "process_items")]
    pub async fn expect_list(
        checkpoint: Checkpoint<Vec<String>>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        begin(&context, &plan, 0)?;
        Ok(checkpoint.get().len() as u64)
    }
}

/// A state that grows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Large {
    filler: String,
}

/// Activities written for the SDK alone, and wrapped as they are.
#[must_use]
pub fn wrapped() -> AutoHeartbeat<of_the_sdk::Unmodified> {
    AutoHeartbeat::new(of_the_sdk::Unmodified).wrap(of_the_sdk::Unmodified::wait)
}

/// What people write with the SDK alone.
#[must_use]
pub fn by_hand() -> of_the_sdk::ByHand {
    of_the_sdk::ByHand
}

/// What an existing worker has, with the SDK's own macro.
pub mod of_the_sdk {
    // That macro leaves what it makes without documentation.
    #![allow(missing_docs)]

    use temporalio_sdk::activities::{ActivityContext, ActivityError, activities};
    use tokio::time::interval;

    use super::{NoteOnDrop, Plan, begin};

    /// Knows nothing of this crate.
    #[derive(Debug)]
    pub struct Unmodified;

    #[activities]
    impl Unmodified {
        /// Waits for all of its items, and looks for nothing meanwhile.
        #[activity(name = "wait")]
        pub async fn wait(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
            let note = NoteOnDrop(begin(&context, &plan, 0)?);
            let items = u32::try_from(plan.items).map_err(anyhow::Error::from)?;
            tokio::time::sleep(plan.item_time * items).await;
            drop(note);
            Ok(plan.items)
        }
    }

    /// Its heartbeats are its own.
    #[derive(Debug)]
    pub struct ByHand;

    #[activities]
    impl ByHand {
        /// Does its items one by one, with the SDK's heartbeat after each: what people write.
        #[activity(name = "heartbeat_each_item")]
        pub async fn heartbeat_each_item(
            context: ActivityContext,
            plan: Plan,
        ) -> Result<u64, ActivityError> {
            let next = context.heartbeat_details().deserialize::<u64>()?.unwrap_or_default();
            let scribe = begin(&context, &plan, next)?;
            let mut pace = interval(plan.item_time);
            for item in next..plan.items {
                if context.is_cancelled() {
                    scribe.note("cancelled-Requested").map_err(anyhow::Error::from)?;
                    return Err(ActivityError::cancelled());
                }
                pace.tick().await;
                scribe.item(item).map_err(anyhow::Error::from)?;
                context.record_heartbeat(item + 1).await?;
            }
            Ok(plan.items)
        }
    }
}

/// Writes down that a body ended, however it did.
struct NoteOnDrop(Scribe);

impl Drop for NoteOnDrop {
    fn drop(&mut self) {
        let _ = self.0.note("dropped");
    }
}

fn begin(context: &ActivityContext, plan: &Plan, next: u64) -> anyhow::Result<Scribe> {
    let scribe = Ledger::new(&plan.ledger).of_attempt(context.info().attempt)?;
    scribe.begin(next)?;
    Ok(scribe)
}
