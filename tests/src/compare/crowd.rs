//! A workflow that runs many activities at once.

// The SDK's macro leaves the constants that it makes without documentation.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};
use temporalio_common::{ActivityDefinition, RetryPolicy};
use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, WorkflowContext, WorkflowResult,
    workflows::{join_all, workflow, workflow_methods},
};

use crate::{
    activities::Plan,
    workflows::{Job, Outcome},
};

/// So many times the same activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Crowd {
    /// What each of them does.
    pub job: Job,
    /// How many there are.
    pub count: u32,
}

/// Runs them, and reports how each of them ended.
#[workflow]
#[derive(Default)]
pub struct RunCrowd;

#[workflow_methods]
impl RunCrowd {
    /// Starts all of them, and waits for all of them.
    #[run]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        crowd: Crowd,
    ) -> WorkflowResult<Vec<Outcome>> {
        let each = (0..crowd.count).map(|_| {
            let job = crowd.job.clone();
            let options = options_of(&job);
            ctx.execute_activity(OneOfCrowd(job.activity), job.plan, options)
        });
        let results = join_all(each).await;
        let outcome = |result: Result<u64, _>| {
            result.map_or_else(|error| Outcome::of_error(&error), Outcome::Completed)
        };
        Ok(results.into_iter().map(outcome).collect())
    }
}

fn options_of(job: &Job) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(job.start_to_close_timeout)
        .task_queue(job.task_queue.clone())
        .heartbeat_timeout(job.heartbeat_timeout)
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .retry_policy(RetryPolicy::builder().maximum_attempts(job.max_attempts).build())
        .build()
}

/// An activity that takes a plan, by its name.
struct OneOfCrowd(String);

impl ActivityDefinition for OneOfCrowd {
    type Input = Plan;
    type Output = u64;

    fn name(&self) -> &str {
        &self.0
    }
}
