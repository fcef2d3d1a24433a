//! One workflow that runs any activity under test, with the options of the test.

// The SDK's macro leaves the constants that it makes without documentation.
#![allow(missing_docs)]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_common::{
    ActivityDefinition, RetryPolicy,
    error::{ActivityExecutionError, IncomingError, TimeoutType},
};
use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, LocalActivityOptions, SyncWorkflowContext,
    WorkflowCancellationToken, WorkflowContext, WorkflowResult,
    workflows::{workflow, workflow_methods},
};

use crate::activities::Plan;

/// The id of the activity in its workflow.
pub const ACTIVITY_ID: &str = "activity-under-test";

/// Which activity to run, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub activity: String,
    /// Its input.
    pub plan: Plan,
    /// Where its workers are; not those of the workflow, which no test kills.
    pub task_queue: String,
    /// The server gives an attempt up after this long without a heartbeat.
    pub heartbeat_timeout: Duration,
    /// The longest time of one attempt.
    pub start_to_close_timeout: Duration,
    /// How long after the first failure the second attempt starts.
    pub retry_interval: Duration,
    /// How many attempts there may be; 0 is any number.
    pub max_attempts: u32,
    /// Whether it can be cancelled by a signal, apart from its workflow.
    pub own_scope: bool,
    /// Whether it runs in the worker of its workflow, as a local activity.
    pub local: bool,
}

/// How the activity ended, as its workflow saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It completed with this value.
    Completed(u64),
    /// It answered that it was cancelled.
    Cancelled,
    /// The last of its attempts ran into this timeout.
    TimedOut(String),
    /// The last of its attempts failed.
    Failed {
        /// The failure's type.
        type_name: String,
        /// Its message.
        message: String,
    },
}

/// Runs an activity, and reports how it ended.
#[workflow]
#[derive(Default)]
pub struct RunActivity {
    scope: WorkflowCancellationToken,
}

#[workflow_methods]
impl RunActivity {
    /// Runs it, in a scope of its own or in that of the workflow.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<Outcome> {
        let scope = ctx.state(|state| state.scope.clone());
        let of_workflow = ctx.cancellation_token();
        if job.local {
            let options = LocalActivityOptions::builder()
                .start_to_close_timeout(job.start_to_close_timeout)
                .cancel_type(ActivityCancellationType::WaitCancellationCompleted)
                .build();
            let result = ctx.execute_local_activity(Named(job.activity), job.plan, options).await;
            return Ok(result.map_or_else(|error| Outcome::of_error(&error), Outcome::Completed));
        }
        let options = ActivityOptions::with_start_to_close_timeout(job.start_to_close_timeout)
            .activity_id(ACTIVITY_ID.to_owned())
            .task_queue(job.task_queue)
            .heartbeat_timeout(job.heartbeat_timeout)
            .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
            .cancellation_token(if job.own_scope { scope } else { of_workflow })
            .retry_policy(
                RetryPolicy::builder()
                    .initial_interval(job.retry_interval)
                    .backoff_coefficient(1.0)
                    .maximum_attempts(job.max_attempts)
                    .build(),
            )
            .build();
        let result = ctx.execute_activity(Named(job.activity), job.plan, options).await;
        Ok(result.map_or_else(|error| Outcome::of_error(&error), Outcome::Completed))
    }

    /// Cancels the scope of the activity alone.
    #[signal]
    pub fn cancel_scope(&mut self, _ctx: &mut SyncWorkflowContext<Self>, (): ()) {
        self.scope.cancel();
    }
}

impl Outcome {
    pub(crate) fn of_error(error: &ActivityExecutionError) -> Self {
        match error {
            ActivityExecutionError::Cancelled(_) => Self::Cancelled,
            ActivityExecutionError::Failed(failure) => Self::of_cause(failure.cause()),
            _ => Self::failed("", error),
        }
    }

    fn of_cause(cause: Option<&IncomingError>) -> Self {
        match cause {
            Some(IncomingError::Timeout(timeout)) => {
                Self::TimedOut(timeout_name(timeout.timeout_type()).to_owned())
            }
            Some(IncomingError::Cancelled(_)) => Self::Cancelled,
            Some(IncomingError::Application(failure)) => {
                Self::failed(failure.type_name().unwrap_or_default(), failure)
            }
            other => Self::failed("", &format!("{other:?}")),
        }
    }

    fn failed(type_name: &str, message: &impl ToString) -> Self {
        Self::Failed { type_name: type_name.to_owned(), message: message.to_string() }
    }
}

fn timeout_name(timeout: TimeoutType) -> &'static str {
    match timeout {
        TimeoutType::Heartbeat => "heartbeat",
        TimeoutType::StartToClose => "start to close",
        TimeoutType::ScheduleToClose => "schedule to close",
        TimeoutType::ScheduleToStart => "schedule to start",
        _ => "unknown",
    }
}

/// Any activity under test: they all take a plan and return a number.
struct Named(String);

impl ActivityDefinition for Named {
    type Input = Plan;
    type Output = u64;

    fn name(&self) -> &str {
        &self.0
    }
}
