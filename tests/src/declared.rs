//! An activity that its workflow schedules as its attribute says.

// The SDK's macro leaves the constants that it makes without documentation.
#![allow(missing_docs)]

use anyhow::anyhow;
use autobeat::activity;
use serde::{Deserialize, Serialize};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::{
    WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError},
    workflows::{workflow, workflow_methods},
};

use crate::{
    activities::Plan,
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

/// What the workflow is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The input of the activity.
    pub plan: Plan,
    /// Where its workers are.
    pub task_queue: String,
}

/// Schedules it with its own options, and reports how it ended.
#[workflow]
#[derive(Default)]
pub struct AsDeclared;

#[workflow_methods]
impl AsDeclared {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, order: Order) -> WorkflowResult<Outcome> {
        let mut options = fail_by_plan.options();
        options.task_queue = Some(order.task_queue);
        options.activity_id = Some(ACTIVITY_ID.to_owned());
        let result = ctx.execute_activity(fail_by_plan, order.plan, options).await;
        Ok(result.map_or_else(|error| Outcome::of_error(&error), Outcome::Completed))
    }
}
