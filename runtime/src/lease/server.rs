//! The lease on a Temporal server, behind two lanes.
//!
//! *Ours* is a direct call by task token: its answer says why to stop, and it is the
//! acknowledgement that lease time counts from. *The SDK's* is `ActivityContext::record_heartbeat`:
//! throttled and without an answer, but three things hang on it:
//! - the SDK gives an attempt up, and swallows even its result, when no report of its lane has
//!   finished, well or badly, for the timeout and 5 s;
//! - a report within its throttle of 0.8 × timeout is held back and sent later, over newer details;
//! - a failure carries the details last recorded there.
//!
//! An answer goes through the SDK, so that its metrics and the interceptors of users see it. The SDK
//! may lose it: where it gave the attempt up, where its last report is still on its way, where the
//! server is gone for longer than it tries. So it can be [said again](Lease::say) on our lane; the
//! server takes the first and knows the attempt no more when the second comes. Where it has refused the token,
//! or a later attempt runs in this process, the SDK is given no answer: it would be that one's.

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use prost::Message;
use temporalio_client::{Client, NamespacedClient, tonic::Code};
use temporalio_common::{
    data_converters::PayloadConverter, protos::temporal::api::common::v1::Payloads,
};
use temporalio_sdk::activities::ActivityContext;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Answer, BeatError, EngineRules, Lease, Peers, Reply, TooLarge, core_rules,
    lane::{Lane, may_pass},
    renumbered::Renumbered,
    size_limit::SizeLimit,
    succession::Succession,
};
use crate::{
    cancel::CancelReason, checkpoint::Details, events::say, metrics::TaskQueue, worker::run_of,
};

/// What is said where there is nothing to send a heartbeat by: in the SDK's test environment, mostly.
const WITHOUT_CLIENT: &str = "the context of this attempt has no client to send heartbeats by: give the \
    `ActivityEnvironment` one, or leave a time or the token of its `info` as it is; or test the activity \
    with `autobeat::testing`";

/// The longest time between two reports of the SDK's lane: three of the longest default intervals.
const LONGEST_SPACING: Duration = Duration::from_secs(90);

/// No codec makes details larger than this many times.
const LARGEST_EXPANSION: usize = 4;

/// The lease of an attempt that a server handed to this worker.
pub(crate) struct ServerLease {
    context: ActivityContext,
    /// `None` where the server does not say enough.
    succession: Option<Succession>,
    /// `None` where no reset can give the attempt another number.
    renumbered: Option<Renumbered>,
    /// Built at the first beat: most attempts of short activities never need it.
    connected: OnceLock<Connected>,
    timeout: Option<Duration>,
    /// The question for the size limit, beside the beats.
    question: Mutex<Option<AbortOnDropHandle<()>>>,
    /// What a failure carries.
    left: Mutex<Option<Details>>,
}

/// What a lease needs to speak to its server.
struct Connected {
    lane: Lane,
    size_limit: SizeLimit,
    peers: Arc<Peers>,
}

impl ServerLease {
    pub(crate) fn new(context: ActivityContext, timeout: Option<Duration>) -> Self {
        let lease = Self {
            succession: succession(&context),
            renumbered: Renumbered::may_be(context.info()),
            context,
            connected: OnceLock::new(),
            timeout,
            question: Mutex::new(None),
            left: Mutex::new(None),
        };
        if lease.succession.as_ref().is_some_and(Succession::is_contested) {
            lease.connected();
        }
        lease
    }

    /// Whether a later attempt of the activity was started.
    fn is_succeeded(&self) -> bool {
        self.succession.as_ref().is_some_and(Succession::is_over)
    }

    /// The attempt by its names, where the server does not know its token any more.
    fn by_name(&self) -> Option<&Renumbered> {
        self.renumbered.as_ref().filter(|renumbered| renumbered.is_refused())
    }

    fn lane(&self) -> &Lane {
        &self.connected().lane
    }

    fn client(&self) -> &Client {
        &self.lane().client
    }

    fn size_limit(&self) -> &SizeLimit {
        &self.connected().size_limit
    }

    fn connected(&self) -> &Connected {
        self.connected.get_or_init(|| {
            // A context without a client panics: what to do about it is said with that.
            let client = catch_unwind(AssertUnwindSafe(|| self.context.client()));
            let client = client.unwrap_or_else(|_| panic!("{WITHOUT_CLIENT}"));
            let connection = client.connection().worker_grouping_key().as_u128();
            if let Some(succession) = &self.succession {
                succession.connect(connection);
            }
            Connected {
                size_limit: SizeLimit::of(&client),
                peers: Peers::of(connection),
                lane: Lane { client, token: self.context.info().task_token.clone() },
            }
        })
    }

    async fn send(&self, details: &Details, until: Instant) -> Result<Reply, BeatError> {
        if let Some(renumbered) = &self.renumbered
            && renumbered.is_gone().await
        {
            return Ok(Reply::Stop(CancelReason::NotFound));
        }
        self.ask_beside();
        let payloads = match self.encode_within_limit(details, until).await? {
            Ok(payloads) => payloads,
            Err(too_large) => return Ok(Reply::TooLarge(too_large)),
        };
        if let Some(renumbered) = self.by_name() {
            return renumbered.beat(self.lane(), payloads, until).await;
        }
        let reply = self.lane().beat(payloads, until).await?;
        match &self.renumbered {
            Some(renumbered) if reply == Reply::Stop(CancelReason::NotFound) => {
                renumbered.refused();
                // What was sent is gone: encoded anew, since that is rare.
                match self.encode_within_limit(details, until).await? {
                    Ok(payloads) => renumbered.beat(self.lane(), payloads, until).await,
                    Err(too_large) => Ok(Reply::TooLarge(too_large)),
                }
            }
            _ => Ok(reply),
        }
    }

    /// Details as they are sent: without what is for people alone, where only that is too much.
    async fn encode_within_limit(
        &self,
        details: &Details,
        until: Instant,
    ) -> Result<Result<Payloads, TooLarge>, BeatError> {
        let mut details = Cow::Borrowed(details);
        loop {
            let payloads = self.lane().encode(&details).await?;
            let size = payloads.encoded_len();
            let time = until.saturating_duration_since(Instant::now());
            let limit = self.size_limit().for_size(size, self.client(), time).await;
            if size <= limit {
                return Ok(Ok(payloads));
            }
            let Some(alone) = details.without_progress() else {
                return Ok(Err(TooLarge { size, limit }));
            };
            details = Cow::Owned(alone);
        }
    }

    /// Asks for the size limit beside the beats, which never wait for it; again, where that failed.
    fn ask_beside(&self) {
        let mut question = self.question.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = question.as_ref().is_some_and(|asking| !asking.is_finished());
        if !is_open && !self.size_limit().is_known() {
            let (client, size_limit) = (self.client().clone(), self.size_limit().clone());
            let timeout = self.timeout.unwrap_or_default();
            let asking = tokio::spawn(async move { size_limit.ask(&client, timeout).await });
            *question = Some(AbortOnDropHandle::new(asking));
        }
    }

    /// Whether details can be sent, as far as is known; those that surely fit are not encoded for it.
    async fn measure(&self, details: &Details) -> Result<(), TooLarge> {
        let before_codec = details.size();
        let limit = self.size_limit().so_far();
        if before_codec <= limit / LARGEST_EXPANSION {
            return Ok(());
        }
        match self.lane().encode(details).await.map(|payloads| payloads.encoded_len()) {
            Ok(size) if size > limit => Err(TooLarge { size, limit }),
            Ok(_) => Ok(()),
            // A codec that fails says nothing about sizes, and will fail for the SDK as well.
            Err(_) if before_codec <= limit => Ok(()),
            Err(_) => Err(TooLarge { size: before_codec, limit }),
        }
    }

    /// Details that can be sent, likewise.
    async fn within_limit(&self, details: Details) -> Result<Details, TooLarge> {
        let Err(too_large) = self.measure(&details).await else { return Ok(details) };
        let alone = details.without_progress().ok_or(too_large)?;
        self.measure(&alone).await.map(|()| alone)
    }

    /// Gives details to the SDK, whatever their size.
    async fn hand_over(&self, details: Details) {
        if let Err(error) = self.context.record_heartbeat(details).await {
            say!(warn, %error, "the SDK did not take the heartbeat");
        }
    }
}

/// The place of this attempt among those of its activity.
fn succession(context: &ActivityContext) -> Option<Succession> {
    let info = context.info();
    let run = run_of(info)?;
    let activity = format!("{} {run} {}", info.namespace, info.activity_id);
    Some(Succession::new(activity, info.started_time?))
}

impl Lease for ServerLease {
    fn task_queue(&self) -> Option<TaskQueue<'_>> {
        Some(TaskQueue::of(self.context.info()))
    }

    fn converter(&self) -> PayloadConverter {
        self.client().data_converter().payload_converter().clone()
    }

    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        async move {
            if self.is_succeeded() {
                return Ok(Reply::Stop(CancelReason::NotFound));
            }
            let sent = Instant::now();
            match timeout_at(until, self.send(&details, until)).await {
                Ok(reply) => reply,
                Err(_) => Err(BeatError::not_within(until, sent)),
            }
        }
        .boxed()
    }

    fn peers(&self) -> Option<Arc<Peers>> {
        Some(Arc::clone(&self.connected().peers))
    }

    fn engine(&self) -> Option<EngineRules> {
        let timeout = self.timeout?;
        Some(EngineRules {
            throttle: core_rules::throttle(timeout),
            patience: core_rules::patience(timeout),
            spacing: timeout.min(LONGEST_SPACING),
        })
    }

    fn record(&self, details: Details) -> BoxFuture<'_, Result<(), TooLarge>> {
        async move {
            if self.is_succeeded() || self.is_alone_heard() {
                return Ok(());
            }
            let details = self.within_limit(details).await?;
            self.hand_over(details).await;
            Ok(())
        }
        .boxed()
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        async move {
            let details = match newest {
                Some(newest) => self.within_limit(newest).await.unwrap_or(kept),
                None => kept,
            };
            if !details.is_empty() && !self.is_succeeded() {
                let left = Some(details.clone());
                *self.left.lock().unwrap_or_else(PoisonError::into_inner) = left;
                if !self.is_alone_heard() {
                    self.hand_over(details).await;
                }
            }
        }
        .boxed()
    }

    /// Servers 1.31.0 to 1.31.2 drop the details of a failure that is retried, where there is no workflow.
    fn may_lose_what_is_left(&self) -> bool {
        self.context.info().workflow_id.as_deref().unwrap_or_default().is_empty()
    }

    fn can_say(&self) -> bool {
        true
    }

    fn is_alone_heard(&self) -> bool {
        // A token that was refused may be that of a later attempt, once there is one.
        self.is_succeeded() || self.by_name().is_some()
    }

    fn say<'a>(&'a self, answer: &'a Answer, until: Instant) -> BoxFuture<'a, bool> {
        async move {
            if self.is_succeeded() {
                return true;
            }
            let left = self.left.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let saying = async {
                let (lane, left) = (self.lane(), left.as_ref());
                if let Some(renumbered) = self.by_name() {
                    return renumbered.say(lane, answer, left).await;
                }
                match (lane.say(answer, left).await, &self.renumbered) {
                    (Err(status), Some(renumbered)) if status.code() == Code::NotFound => {
                        renumbered.refused();
                        renumbered.say(lane, answer, left).await
                    }
                    (said, _) => said,
                }
            };
            match timeout_at(until, AssertUnwindSafe(saying).catch_unwind()).await {
                Ok(Ok(Err(status))) => !may_pass(&status),
                // A codec that panics will do so again.
                Ok(_) => true,
                Err(_) => false,
            }
        }
        .boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.context.is_cancelled()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.context.cancelled().boxed()
    }
}
