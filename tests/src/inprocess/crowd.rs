//! A server with a crowd: as many attempts at once as a worker takes, and nothing that goes wrong.
//!
//! It has no rules but one: it writes down how long each attempt went without a heartbeat. It may have
//! only so much capacity: then it answers one call after the other, as a server does that has more to do
//! than it can.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::FutureExt;
use prost::Message;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url,
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Status, metadata::MetadataMap},
};
use temporalio_common::protos::temporal::api::{
    common::v1::{ActivityType, Payloads, WorkflowExecution},
    workflowservice::v1::PollActivityTaskQueueResponse,
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    activity::Flags,
    calls::{Request, json, write},
    history::Answer,
};

/// How large details may be, in bytes.
const LIMIT: usize = 2 * 1024 * 1024;

/// A crowd of attempts; all clones are the same one.
#[derive(Clone)]
pub struct Crowd {
    state: Arc<Mutex<State>>,
    activity_type: &'static str,
    heartbeat_timeout: Duration,
    /// How long it is busy with one call.
    effort: Duration,
    /// The worker shuts down: its polls are answered.
    closing: CancellationToken,
}

#[derive(Default)]
struct State {
    /// How many attempts were not handed out yet.
    waiting: u64,
    /// When each attempt was heard of last.
    heard: HashMap<u64, Instant>,
    /// Until when it is busy with the calls that came so far.
    busy_until: Option<Instant>,
    seen: Seen,
}

/// What the server has seen since it was asked last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// The longest time that an attempt went without a heartbeat.
    pub longest_silence: Duration,
    /// How many heartbeats there were.
    pub heartbeats: u64,
    /// How many attempts were answered.
    pub answered: u64,
    /// How many heartbeats came later than their timeout.
    pub too_late: u64,
    /// The longest time that a call waited for its turn.
    pub longest_wait: Duration,
}

impl Crowd {
    /// So many attempts of an activity, all due at once.
    #[must_use]
    pub fn new(count: u64, activity_type: &'static str, heartbeat_timeout: Duration) -> Self {
        let state = State { waiting: count, ..State::default() };
        let closing = CancellationToken::new();
        Self {
            state: Arc::new(Mutex::new(state)),
            activity_type,
            heartbeat_timeout,
            effort: Duration::ZERO,
            closing,
        }
    }

    /// Of this capacity, in calls a second.
    #[must_use]
    pub fn of_capacity(self, calls: u32) -> Self {
        Self { effort: Duration::from_secs(1) / calls.max(1), ..self }
    }

    /// A client of this server.
    ///
    /// # Panics
    ///
    /// Where the client's options are refused.
    pub async fn client(&self) -> Client {
        let crowd = self.clone();
        let service = CallbackBasedGrpcService {
            callback: Arc::new(move |request| {
                let crowd = crowd.clone();
                async move {
                    let proto = crowd.answer(&request).await?;
                    Ok(GrpcSuccessResponse { headers: MetadataMap::new().into_headers(), proto })
                }
                .boxed()
            }),
        };
        let options = ConnectionOptions::new(Url::parse("http://in.process:1").expect("a URL"))
            .identity("crowd".to_owned())
            .service_override(service)
            .dns_load_balancing(None)
            .build();
        let connection = Connection::connect(options).await.expect("a connection");
        Client::new(connection, ClientOptions::new("crowd").build()).expect("a client")
    }

    /// How many attempts were handed out and not answered.
    #[must_use]
    pub fn running(&self) -> usize {
        self.lock().heard.len()
    }

    /// What was seen since this was asked last.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut state = self.lock();
        let seen = std::mem::take(&mut state.seen);
        // Who was silent all the time was not heard at all.
        let silent = state.heard.values().map(Instant::elapsed).max().unwrap_or_default();
        Seen { longest_silence: seen.longest_silence.max(silent), ..seen }
    }

    async fn answer(&self, request: &GrpcRequest) -> Result<Vec<u8>, Status> {
        let (asked, _) =
            Request::read(request).map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.turn().await;
        match &asked {
            Request::Poll => Ok(self.hand_out().await),
            Request::Heartbeat(token, ..) => {
                self.hear(token.0);
                write(&asked, Answer::Recorded(Flags::default()), LIMIT)
            }
            Request::Complete(token) | Request::Fail(token, ..) | Request::Cancel(token) => {
                self.lock().end(token.0);
                write(&asked, Answer::Done, LIMIT)
            }
            Request::ShutdownWorker => {
                self.closing.cancel();
                write(&asked, Answer::Done, LIMIT)
            }
            _ => write(&asked, Answer::Done, LIMIT),
        }
    }

    /// Waits until it has time for another call: one that its caller gives up has cost as much.
    async fn turn(&self) {
        if self.effort.is_zero() {
            return;
        }
        let turn = {
            let mut state = self.lock();
            let now = Instant::now();
            let turn = state.busy_until.map_or(now, |busy| busy.max(now)) + self.effort;
            state.busy_until = Some(turn);
            state.seen.longest_wait = state.seen.longest_wait.max(turn - now);
            turn
        };
        sleep_until(turn).await;
    }

    fn hear(&self, attempt: u64) {
        let mut state = self.lock();
        let now = Instant::now();
        if let Some(heard) = state.heard.get_mut(&attempt) {
            let silence = now - std::mem::replace(heard, now);
            state.seen.longest_silence = state.seen.longest_silence.max(silence);
            state.seen.too_late += u64::from(silence > self.heartbeat_timeout);
        }
        state.seen.heartbeats += 1;
    }

    async fn hand_out(&self) -> Vec<u8> {
        let number = self.lock().start();
        let Some(number) = number else {
            // As long as a server lets a worker wait.
            let _ = tokio::time::timeout(Duration::from_mins(1), self.closing.cancelled()).await;
            return Vec::new();
        };
        let now = Some(SystemTime::now().into());
        PollActivityTaskQueueResponse {
            task_token: number.to_be_bytes().to_vec(),
            workflow_namespace: "crowd".to_owned(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: number.to_string(),
                run_id: number.to_string(),
            }),
            activity_type: Some(ActivityType { name: self.activity_type.to_owned() }),
            activity_id: number.to_string(),
            input: Some(Payloads { payloads: vec![json(&number.to_string())] }),
            scheduled_time: now,
            current_attempt_scheduled_time: now,
            started_time: now,
            attempt: 1,
            start_to_close_timeout: Duration::from_hours(1).try_into().ok(),
            heartbeat_timeout: self.heartbeat_timeout.try_into().ok(),
            ..Default::default()
        }
        .encode_to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start(&mut self) -> Option<u64> {
        let number = self.waiting;
        self.waiting = number.checked_sub(1)?;
        self.heard.insert(number, Instant::now());
        Some(number)
    }

    fn end(&mut self, attempt: u64) {
        self.heard.remove(&attempt);
        self.seen.answered += 1;
    }
}
