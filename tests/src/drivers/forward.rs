//! What stands below the client of a worker whose server is a real one.
//!
//! Each call meets the fate that the network of the schedule has for it. What was sent arrives even
//! where its worker is gone meanwhile; a poll alone ends with whoever waits for it, or the server
//! would hand an attempt to nobody.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use prost::{Message, bytes::Bytes};
use temporalio_client::{
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Code, Status, metadata::MetadataMap},
};
use temporalio_common::protos::temporal::api::{
    common::v1::Payloads,
    workflowservice::v1::{PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatResponse},
};
use tokio::runtime::Handle;

use super::{
    record::Record,
    way::{Way, meet},
};
use crate::inprocess::{
    Request,
    activity::{Flags, Refusal},
    history::{Answer, CallId, Rpc, What},
    json, limit_of,
    network::{Fate, Network},
};

type Heard = Result<Vec<u8>, Status>;

/// Forwards the calls of a worker.
#[derive(Clone)]
pub(super) struct Forwarder {
    record: Record,
    network: Arc<Network>,
    way: Way,
    /// Where calls go on whose worker is gone.
    runtime: Handle,
}

impl Forwarder {
    /// On the runtime around.
    pub(super) fn new(record: Record, network: Network, way: Way) -> Self {
        Self { record, network: Arc::new(network), way, runtime: Handle::current() }
    }

    pub(super) fn service(self) -> CallbackBasedGrpcService {
        CallbackBasedGrpcService {
            callback: Arc::new(move |request| {
                let forwarder = self.clone();
                async move {
                    let proto = forwarder.call(request).await?;
                    Ok(GrpcSuccessResponse { headers: MetadataMap::new().into_headers(), proto })
                }
                .boxed()
            }),
        }
    }

    async fn call(self, request: GrpcRequest) -> Heard {
        let (asked, lane) = Request::read_with(&request, |name| self.record.token(name))
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let limit = limit_of(&request);
        let (call, fate) = self.record.send(&asked, lane, limit, &self.network);
        let rpc = asked.rpc();
        let mut waiting = Waiting { record: self.record.clone(), call, rpc, over: false };
        // Tonic would keep the time limit of a connection.
        let travels = self.travel(request, call, rpc, fate);
        let heard = tokio::time::timeout(limit.unwrap_or(Duration::MAX), travels).await;
        let heard = heard.unwrap_or_else(|_| {
            // As tonic says it.
            (Answer::TimedOut, Err(Status::cancelled("Timeout expired")))
        });
        waiting.hear(heard.0);
        heard.1
    }

    async fn travel(
        self,
        request: GrpcRequest,
        call: CallId,
        rpc: Rpc,
        fate: Fate,
    ) -> (Answer, Heard) {
        let runtime = self.runtime.clone();
        let refused = |status| (refusal(&status), Err(status));
        let arrives = self.arrive(request, call, rpc);
        meet(fate, arrives, rpc == Rpc::Poll, refused, &runtime).await
    }

    /// A call reaches the server.
    async fn arrive(self, request: GrpcRequest, call: CallId, rpc: Rpc) -> (Answer, Heard) {
        let heard = self.way.call(request).await.map(Vec::from);
        let (answer, heard) = self.understand(rpc, heard);
        self.record.take(call, rpc, answer);
        (answer, heard)
    }

    fn understand(&self, rpc: Rpc, heard: Heard) -> (Answer, Heard) {
        let proto = match heard {
            Ok(proto) => proto,
            Err(status) => return (refusal(&status), Err(status)),
        };
        match rpc {
            Rpc::Poll => self.hand_out(&proto),
            Rpc::Heartbeat => (recorded(&proto), Ok(proto)),
            _ => (Answer::Done, Ok(proto)),
        }
    }

    /// Numbers an attempt, and tells it its number.
    fn hand_out(&self, proto: &[u8]) -> (Answer, Heard) {
        let task = PollActivityTaskQueueResponse::decode(Bytes::copy_from_slice(proto));
        let Ok(mut task) = task else {
            return (Answer::Task(None), Err(Status::internal("a task that cannot be read")));
        };
        if task.task_token.is_empty() {
            return (Answer::Task(None), Ok(proto.to_vec()));
        }
        let number = u32::try_from(task.attempt).unwrap_or_default();
        let token = self.record.start(task.task_token.clone(), number);
        task.input = Some(Payloads { payloads: vec![json(&token.0.to_string())] });
        (Answer::Task(Some(token)), Ok(task.encode_to_vec()))
    }
}

fn refusal(status: &Status) -> Answer {
    match status.code() {
        Code::NotFound => Answer::Refused(Refusal::NotFound),
        Code::InvalidArgument => Answer::Refused(Refusal::NotRequested),
        Code::ResourceExhausted => Answer::Exhausted,
        _ => Answer::Unavailable,
    }
}

fn recorded(proto: &[u8]) -> Answer {
    let answer = RecordActivityTaskHeartbeatResponse::decode(proto).unwrap_or_default();
    Answer::Recorded(Flags {
        cancel_requested: answer.cancel_requested,
        paused: answer.activity_paused,
        reset: answer.activity_reset,
    })
}

/// Writes down what a caller heard, or that it went away.
struct Waiting {
    record: Record,
    call: CallId,
    rpc: Rpc,
    over: bool,
}

impl Waiting {
    fn hear(&mut self, answer: Answer) {
        self.over = true;
        if self.rpc != Rpc::Other {
            self.record.write(What::Answered { call: self.call, answer });
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.over && self.rpc != Rpc::Other {
            self.record.write(What::Abandoned(self.call));
        }
    }
}
