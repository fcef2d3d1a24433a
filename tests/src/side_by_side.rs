//! One job twice, under one name: as people write it with the SDK alone, and with this crate.
//!
//! Both add up the numbers below a plan's items, fail where the plan says so, and write down which of them
//! it is that begins. One keeps a number, the other a struct.

use autobeat::{Checkpoint, activities};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::interval;

use crate::{
    activities::{Action, Plan},
    ledger::{Ledger, Scribe},
};

/// The job that keeps a number: how many items are done.
pub const COUNT: &str = "count";
/// The job that keeps a [`Tally`].
pub const ADD_UP: &str = "add_up";
/// The job that keeps a number and shows how far it is, as the loops do.
pub const COUNT_AND_SHOW: &str = "count_and_show";

/// What the one with this crate notes when it begins.
pub const WITH_AUTOBEAT: &str = "with autobeat";
/// What the one with the SDK alone notes when it begins.
pub const BY_HAND: &str = "by hand";

/// What is done, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many items are done.
    pub done: u64,
    /// Their sum.
    pub sum: u64,
    /// What the last one is called.
    pub last_id: String,
}

impl Tally {
    fn add(&mut self, item: u64) {
        *self = Self { done: item + 1, sum: self.sum + item, last_id: format!("item-{item}") };
    }
}

/// With this crate.
#[derive(Debug)]
pub struct WithAutobeat;

#[activities(heartbeat_timeout = "2s")]
impl WithAutobeat {
    /// Saves a number after each item.
    #[activity(name = "count")]
    pub async fn count(
        checkpoint: Checkpoint<u64>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let mut attempt = Attempt::begin(&context, &plan, WITH_AUTOBEAT, checkpoint.get())?;
        for item in checkpoint.get()..plan.items {
            attempt.item(item).await?;
            checkpoint.save(item + 1)?;
        }
        Ok(plan.items)
    }

    /// Saves a struct after each item.
    #[activity(name = "add_up")]
    pub async fn add_up(
        checkpoint: Checkpoint<Tally>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let next = checkpoint.get().done;
        let mut attempt = Attempt::begin(&context, &plan, WITH_AUTOBEAT, next)?;
        for item in next..plan.items {
            attempt.item(item).await?;
            checkpoint.update(|tally| tally.add(item))?;
        }
        Ok(checkpoint.get().sum)
    }

    /// A loop, which shows its progress.
    #[activity(name = "count_and_show")]
    pub async fn count_and_show(
        checkpoint: Checkpoint<u64>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let mut attempt = Attempt::begin(&context, &plan, WITH_AUTOBEAT, checkpoint.get())?;
        for item in checkpoint.resume(0..plan.items) {
            attempt.item(item?).await?;
        }
        Ok(plan.items)
    }
}

/// With the SDK alone.
#[must_use]
pub fn by_hand() -> of_the_sdk::ByHand {
    of_the_sdk::ByHand
}

/// What an existing worker has, with the SDK's own macro.
pub mod of_the_sdk {
    // That macro leaves what it makes without documentation.
    #![allow(missing_docs)]

    use temporalio_sdk::activities::{ActivityContext, ActivityError, activities};

    use super::{Attempt, BY_HAND, Plan, Tally};

    #[derive(Debug)]
    pub struct ByHand;

    #[activities]
    impl ByHand {
        /// Records a number after each item.
        #[activity(name = "count")]
        pub async fn count(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
            count_items(context, plan).await
        }

        /// Records a struct after each item.
        #[activity(name = "add_up")]
        pub async fn add_up(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
            let found = context.heartbeat_details().deserialize::<Tally>()?;
            let mut tally = found.unwrap_or_default();
            let mut attempt = Attempt::begin(&context, &plan, BY_HAND, tally.done)?;
            for item in tally.done..plan.items {
                if context.is_cancelled() {
                    return Err(ActivityError::cancelled());
                }
                attempt.item(item).await?;
                tally.add(item);
                context.record_heartbeat(tally.clone()).await?;
            }
            Ok(tally.sum)
        }

        /// Reads a number alone, and beside a progress it is not alone.
        #[activity(name = "count_and_show")]
        pub async fn count_and_show(
            context: ActivityContext,
            plan: Plan,
        ) -> Result<u64, ActivityError> {
            count_items(context, plan).await
        }
    }

    async fn count_items(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
        let next = context.heartbeat_details().deserialize::<u64>()?.unwrap_or_default();
        let mut attempt = Attempt::begin(&context, &plan, BY_HAND, next)?;
        for item in next..plan.items {
            if context.is_cancelled() {
                return Err(ActivityError::cancelled());
            }
            attempt.item(item).await?;
            context.record_heartbeat(item + 1).await?;
        }
        Ok(plan.items)
    }
}

/// An attempt as its ledger sees it.
struct Attempt {
    number: u32,
    plan: Plan,
    scribe: Scribe,
    pace: tokio::time::Interval,
}

impl Attempt {
    fn begin(
        context: &ActivityContext,
        plan: &Plan,
        kind: &str,
        next: u64,
    ) -> anyhow::Result<Self> {
        let number = context.info().attempt;
        let scribe = Ledger::new(&plan.ledger).of_attempt(number)?;
        scribe.begin(next)?;
        scribe.note(kind)?;
        Ok(Self { number, plan: plan.clone(), scribe, pace: interval(plan.item_time) })
    }

    /// Does an item, unless the attempt fails before it as planned.
    async fn item(&mut self, item: u64) -> anyhow::Result<()> {
        let fails = self.plan.steps.iter().any(|step| {
            let is_due = step.attempt == self.number && step.before == Some(item);
            is_due && matches!(step.action, Action::Fail)
        });
        anyhow::ensure!(!fails, "failed as planned, before {item}");
        self.pace.tick().await;
        self.scribe.item(item)?;
        Ok(())
    }
}
