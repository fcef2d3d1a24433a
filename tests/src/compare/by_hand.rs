//! What a careful engineer writes with the SDK alone.
//!
//! It goes on where the last attempt stood, records its position after each item, beats by a timer
//! where there is none to record, and stops when it is cancelled.

// The SDK's macro leaves what it makes without documentation.
#![allow(missing_docs)]

use std::{thread, time::Duration};

use temporalio_sdk::activities::{ActivityContext, ActivityError, activities};
use tokio::time::{Instant, interval, sleep_until};

use super::ours::{begin, since_epoch, told};
use crate::activities::Plan;

/// Activities with heartbeats of their own.
#[derive(Debug)]
pub struct ByHand;

#[activities]
impl ByHand {
    /// Does its items one by one, with a heartbeat after each.
    #[activity(name = "items_by_hand")]
    pub async fn items(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
        let next = context.heartbeat_details().deserialize::<u64>()?.unwrap_or_default();
        let scribe = begin(&context, &plan, next)?;
        let mut pace = interval(plan.item_time);
        for item in next..plan.items {
            tokio::select! {
                biased;
                () = context.cancelled() => {
                    told(&scribe)?;
                    return Err(ActivityError::cancelled());
                }
                _ = pace.tick() => {}
            }
            scribe.item(item).map_err(anyhow::Error::from)?;
            context.record_heartbeat(item + 1).await?;
        }
        Ok(plan.items)
    }

    /// Waits, and beats twice a timeout.
    #[activity(name = "sleep_by_hand")]
    pub async fn sleep(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
        let began = since_epoch();
        let end = Instant::now() + plan.item_time;
        let mut beat = interval(half_of_timeout(&context));
        loop {
            tokio::select! {
                biased;
                () = context.cancelled() => return Err(ActivityError::cancelled()),
                () = sleep_until(end) => return Ok(began),
                _ = beat.tick() => context.record_heartbeat(()).await?,
            }
        }
    }

    /// Blocks its thread, with a task beside it that beats twice a timeout.
    #[activity(name = "block_by_hand")]
    pub async fn block(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
        let began = since_epoch();
        context.record_heartbeat(()).await?;
        let mut beat = interval(half_of_timeout(&context));
        let beating = tokio::spawn(async move {
            loop {
                beat.tick().await;
                if context.record_heartbeat(()).await.is_err() {
                    return;
                }
            }
        });
        thread::sleep(plan.item_time);
        beating.abort();
        Ok(began)
    }
}

fn half_of_timeout(context: &ActivityContext) -> Duration {
    context.info().heartbeat_timeout.unwrap_or(Duration::from_mins(1)) / 2
}
