//! Activities that their workflow schedules as their attributes say.

// The SDK's macro leaves the constants that it makes without documentation.
#![allow(missing_docs)]

use anyhow::anyhow;
use autobeat::{Checkpoint, activity};
use serde::{Deserialize, Serialize};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::{
    WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError},
    workflows::{workflow, workflow_methods},
};

use crate::{
    activities::{Plan, process_items},
    ledger::Ledger,
    workflows::{ACTIVITY_ID, Outcome},
};

/// Fails as often as it has items, and then in a way that its policy does not retry.
#[activity(
    heartbeat_timeout = "2s",
    start_to_close_timeout = "1m",
    retry(
        initial_interval = "200ms",
        backoff_coefficient = 3.0,
        maximum_interval = "1s",
        non_retryable_error_types = ["BadInput"],
    )
)]
pub async fn fail_by_plan(context: ActivityContext, plan: Plan) -> Result<u64, ActivityError> {
    let number = context.info().attempt;
    let scribe = Ledger::new(&plan.ledger).of_attempt(number)?;
    scribe.begin(0)?;
    if u64::from(number) <= plan.items {
        return Err(anyhow!("failed as planned").into());
    }
    let refused = ApplicationFailure::builder(anyhow!("refused as planned"));
    Err(ActivityError::application(refused.type_name("BadInput".to_owned()).build()))
}

/// Does its items, half a second at a time.
#[activity(
    heartbeat_timeout = "2s",
    start_to_close_timeout = "1m",
    max_runtime = "500ms",
    retry(initial_interval = "200ms", backoff_coefficient = 2.0, maximum_interval = "10s")
)]
pub async fn in_turns(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    process_items::call(checkpoint, context, plan).await
}

/// Which of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Which {
    /// [`fail_by_plan`].
    FailByPlan,
    /// [`in_turns`].
    InTurns,
}

/// What the workflow is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Which activity to run.
    pub which: Which,
    /// The input of the activity.
    pub plan: Plan,
    /// Where its workers are.
    pub task_queue: String,
}

/// Schedules one with its own options, and reports how it ended.
#[workflow]
#[derive(Default)]
pub struct AsDeclared;

#[workflow_methods]
impl AsDeclared {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, order: Order) -> WorkflowResult<Outcome> {
        let mut options = match order.which {
            Which::FailByPlan => fail_by_plan.options(),
            Which::InTurns => in_turns.options(),
        };
        options.task_queue = Some(order.task_queue);
        options.activity_id = Some(ACTIVITY_ID.to_owned());
        let result = match order.which {
            Which::FailByPlan => ctx.execute_activity(fail_by_plan, order.plan, options).await,
            Which::InTurns => ctx.execute_activity(in_turns, order.plan, options).await,
        };
        Ok(result.map_or_else(|error| Outcome::of_error(&error), Outcome::Completed))
    }
}
