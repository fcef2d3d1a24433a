//! The workflow that schedules the activity of a schedule.

// The SDK's macro leaves the constants that it makes without documentation.
#![allow(missing_docs)]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_common::{ActivityDefinition, RetryPolicy};
use temporalio_sdk::{
    ActivityCancellationType, ActivityCloseTimeouts, ActivityOptions, WorkflowContext,
    WorkflowResult,
    workflows::{workflow, workflow_methods},
};

use crate::{
    schedules::schedule::Schedule,
    workflows::{ACTIVITY_ID, Outcome},
};

/// On what terms the activity is scheduled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    activity: String,
    task_queue: String,
    heartbeat: Duration,
    start_to_close: Duration,
    schedule_to_close: Option<Duration>,
    schedule_to_start: Option<Duration>,
    retry: (Duration, f64, Duration, u32),
}

impl Order {
    pub(super) fn of(schedule: &Schedule, task_queue: String) -> Self {
        let (timeouts, retry) = (schedule.timeouts, schedule.retry);
        Self {
            activity: schedule.variant.name.to_owned(),
            task_queue,
            heartbeat: timeouts.heartbeat,
            start_to_close: timeouts.start_to_close,
            schedule_to_close: timeouts.schedule_to_close,
            schedule_to_start: timeouts.schedule_to_start,
            retry: (retry.initial, retry.coefficient, retry.maximum, retry.attempts),
        }
    }

    fn options(self) -> ActivityOptions {
        let start_to_close = self.start_to_close;
        let closes = match self.schedule_to_close {
            Some(schedule_to_close) => {
                ActivityCloseTimeouts::ScheduleAndStartToClose { start_to_close, schedule_to_close }
            }
            None => ActivityCloseTimeouts::StartToClose(start_to_close),
        };
        let (initial, coefficient, maximum, attempts) = self.retry;
        let retry = RetryPolicy::builder()
            .initial_interval(initial)
            .backoff_coefficient(coefficient)
            .maximum_interval(maximum)
            .maximum_attempts(attempts)
            .build();
        ActivityOptions::with_close_timeouts(closes)
            .activity_id(ACTIVITY_ID.to_owned())
            .task_queue(self.task_queue)
            .heartbeat_timeout(self.heartbeat)
            .maybe_schedule_to_start_timeout(self.schedule_to_start)
            .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
            .retry_policy(retry)
            .build()
    }
}

/// Schedules an activity, and reports how it ended.
#[workflow]
#[derive(Default)]
pub struct RunSchedule;

#[workflow_methods]
impl RunSchedule {
    #[run]
    /// Schedules it, and waits.
    pub async fn run(ctx: &mut WorkflowContext<Self>, order: Order) -> WorkflowResult<Outcome> {
        let activity = Named(order.activity.clone());
        // The forwarder puts the number of the attempt in the place of this input.
        let result = ctx.execute_activity(activity, 0_u64, order.options()).await;
        Ok(result.map_or_else(|error| Outcome::of_error(&error), Outcome::Completed))
    }
}

/// Any variant of the activity under test.
struct Named(String);

impl ActivityDefinition for Named {
    type Input = u64;
    type Output = u64;

    fn name(&self) -> &str {
        &self.0
    }
}
