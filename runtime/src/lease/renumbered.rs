//! An attempt that a reset gave another number while it ran.
//!
//! A server counts attempts from 1 again as soon as an activity is reset, also the one that runs, and takes
//! nothing any more that comes by the task token of a second or later attempt: it answers that it knows no
//! such attempt, and waits for the one that it still has until the heartbeat timeout. So where it says that,
//! it is asked what it has. Is that an attempt that started when this one did, it *is* this one, and by the
//! activity's own names, which have no number in them, it can be told how it goes and how it ends.
//!
//! Invariants:
//! - nothing is said by name unless the server was asked right before: a later attempt has the same names;
//! - a later attempt cannot begin in between as long as the lease is not over: the server itself waits for
//!   this one until its timeout;
//! - nothing is sent by a token that was refused, nothing while the server is asked, and nothing any more once
//!   it has another attempt or none;
//! - where it does not answer soon, what is known stands: that there is no such attempt, or once it was found
//!   under another number, that it is there;
//! - where it has the attempt under its own number after all, as after a failover, it had forgotten it for a moment,
//!   and the token is as good as before;
//! - the engine says nothing for such an attempt: the next one may have the number in its token.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use temporalio_client::{
    Client, NamespacedClient,
    grpc::WorkflowService,
    tonic::{Code, Status},
};
use temporalio_common::protos::temporal::api::{
    common::v1::{Payload, Payloads, WorkflowExecution},
    workflow::v1::PendingActivityInfo,
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, RecordActivityTaskHeartbeatByIdRequest,
        RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCompletedByIdRequest,
        RespondActivityTaskFailedByIdRequest,
    },
};
use temporalio_sdk::activities::ActivityInfo;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    Answer, BeatError, Failed, Reply,
    lane::{Lane, beat_error, single},
};
use crate::{cancel::CancelReason, checkpoint::Details};

/// How much of a beat's time its question may take, and for how long at most.
const PART_OF_A_BEAT: u32 = 4;
const LONGEST_QUESTION: Duration = Duration::from_secs(2);

/// What a server calls an activity, whatever the number of its attempt.
pub(super) struct Renumbered {
    workflow_id: String,
    run_id: String,
    activity_id: String,
    /// When the server started this attempt, by its own clock: two attempts never have the same.
    started: SystemTime,
    number: u32,
    /// The server does not know its token any more.
    is_refused: AtomicBool,
    /// It has this attempt under another number.
    is_known: AtomicBool,
    /// The server has another attempt, or none.
    is_gone: AtomicBool,
    /// Held while the server is asked.
    asking: Mutex<()>,
}

impl Renumbered {
    /// `None` for an attempt that keeps its number whatever happens.
    pub(super) fn may_be(info: &ActivityInfo) -> Option<Self> {
        let workflow_id = info.workflow_id.clone().filter(|id| !id.is_empty())?;
        (info.attempt > 1 && !info.is_local).then_some(Self {
            workflow_id,
            run_id: info.workflow_run_id.clone()?,
            activity_id: info.activity_id.clone(),
            started: info.started_time?,
            number: info.attempt,
            is_refused: AtomicBool::new(false),
            is_known: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            asking: Mutex::new(()),
        })
    }

    /// Whether it is known that a reset has given this attempt another number.
    fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Whether the server has said that it knows no attempt by this token.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Acquire)
    }

    pub(super) fn refused(&self) {
        self.is_refused.store(true, Ordering::Release);
    }

    /// Waits until nobody asks; whether the server is known to have another attempt, or none.
    pub(super) async fn is_gone(&self) -> bool {
        drop(self.asking.lock().await);
        self.is_gone.load(Ordering::Acquire)
    }

    /// Asks whether what the server has is this attempt; an error where that is known already, and it does not
    /// say so again soon.
    async fn is_this(&self, lane: &Lane, until: Instant) -> Result<bool, BeatError> {
        let _asking = self.asking.lock().await;
        let asked = Instant::now();
        let time = until.saturating_duration_since(asked) / PART_OF_A_BEAT;
        let time = time.min(LONGEST_QUESTION);
        let is_this = match timeout(time, self.ask(&lane.client)).await {
            Ok(Ok(is_this)) => is_this,
            _ if self.is_refused() && !self.is_known() => return Ok(false),
            Ok(Err(status)) => return Err(beat_error(status)),
            Err(_) => return Err(BeatError::not_within(asked + time, asked)),
        };
        if !is_this {
            self.is_gone.store(true, Ordering::Release);
        }
        Ok(is_this)
    }

    /// Asks whether what the server has is this attempt, under another number.
    async fn ask(&self, client: &Client) -> Result<bool, Status> {
        let request = DescribeWorkflowExecutionRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution {
                workflow_id: self.workflow_id.clone(),
                run_id: self.run_id.clone(),
            }),
        };
        let mut client = client.clone();
        let described =
            WorkflowService::describe_workflow_execution(&mut client, single(request)).await?;
        let pending = described.into_inner().pending_activities;
        match pending.iter().find_map(|pending| self.number_of(pending)) {
            Some(number) if number < self.number => {
                self.is_known.store(true, Ordering::Release);
                Ok(true)
            }
            Some(_) => {
                self.is_refused.store(false, Ordering::Release);
                Err(Status::unavailable("the server had forgotten the attempt for a moment"))
            }
            None => Ok(false),
        }
    }

    /// The number of this attempt where this is it: two never started at the same moment.
    fn number_of(&self, pending: &PendingActivityInfo) -> Option<u32> {
        let started = pending.last_started_time.and_then(|time| SystemTime::try_from(time).ok());
        let is_this = pending.activity_id == self.activity_id && started == Some(self.started);
        u32::try_from(pending.attempt).ok().filter(|_| is_this)
    }

    /// Sends a heartbeat where the server has this attempt under another number: it was reset, then.
    pub(super) async fn beat(
        &self,
        lane: &Lane,
        details: Payloads,
        until: Instant,
    ) -> Result<Reply, BeatError> {
        if !self.is_this(lane, until).await? {
            return Ok(Reply::Stop(CancelReason::NotFound));
        }
        let time = until.saturating_duration_since(Instant::now());
        match self.heartbeat(lane, details, Some(time)).await {
            Ok(is_requested) if is_requested => Ok(Reply::Stop(CancelReason::Requested)),
            Ok(_) => Ok(Reply::Stop(CancelReason::Reset)),
            Err(status) if status.code() == Code::NotFound => {
                Ok(Reply::Stop(CancelReason::NotFound))
            }
            Err(status) => Err(beat_error(status)),
        }
    }

    /// A heartbeat by name; whether a cancellation was requested.
    async fn heartbeat(
        &self,
        lane: &Lane,
        details: Payloads,
        time: Option<Duration>,
    ) -> Result<bool, Status> {
        let mut request = single(RecordActivityTaskHeartbeatByIdRequest {
            namespace: lane.client.namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            activity_id: self.activity_id.clone(),
            details: (!details.payloads.is_empty()).then_some(details),
            identity: lane.client.identity(),
            ..Default::default()
        });
        if let Some(time) = time {
            request.set_timeout(time);
        }
        let mut client = lane.client.clone();
        let answer =
            WorkflowService::record_activity_task_heartbeat_by_id(&mut client, request).await?;
        Ok(answer.into_inner().cancel_requested)
    }

    /// Says how the attempt ended, where the server still has it.
    pub(super) async fn say(
        &self,
        lane: &Lane,
        answer: &Answer,
        left: Option<&Details>,
    ) -> Result<(), Status> {
        if self.is_gone().await || !self.ask(&lane.client).await? {
            return Err(Status::not_found("the server has another attempt, or none"));
        }
        match answer {
            Answer::Completed(result) => self.say_completed(lane, result).await,
            Answer::Failed(failed) => self.say_failed(lane, failed, left).await,
            Answer::Cancelled => self.say_cancelled(lane).await,
        }
    }

    async fn say_completed(&self, lane: &Lane, result: &Payload) -> Result<(), Status> {
        let request = RespondActivityTaskCompletedByIdRequest {
            namespace: lane.client.namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            activity_id: self.activity_id.clone(),
            identity: lane.client.identity(),
            result: Some(lane.encode_result(result).await?),
            ..Default::default()
        };
        let (mut client, request) = (lane.client.clone(), single(request));
        WorkflowService::respond_activity_task_completed_by_id(&mut client, request).await.map(drop)
    }

    /// A server drops the details of a failure by name: they go before it.
    async fn say_failed(
        &self,
        lane: &Lane,
        failed: &Failed,
        left: Option<&Details>,
    ) -> Result<(), Status> {
        if let Some(details) = lane.encode_left(left).await? {
            self.heartbeat(lane, details, None).await?;
        }
        let request = RespondActivityTaskFailedByIdRequest {
            namespace: lane.client.namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            activity_id: self.activity_id.clone(),
            identity: lane.client.identity(),
            failure: Some(lane.failure(failed).await?),
            ..Default::default()
        };
        let (mut client, request) = (lane.client.clone(), single(request));
        WorkflowService::respond_activity_task_failed_by_id(&mut client, request).await.map(drop)
    }

    async fn say_cancelled(&self, lane: &Lane) -> Result<(), Status> {
        let request = RespondActivityTaskCanceledByIdRequest {
            namespace: lane.client.namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            activity_id: self.activity_id.clone(),
            identity: lane.client.identity(),
            ..Default::default()
        };
        let (mut client, request) = (lane.client.clone(), single(request));
        WorkflowService::respond_activity_task_canceled_by_id(&mut client, request).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
