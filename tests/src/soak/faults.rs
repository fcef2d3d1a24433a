//! What lies between a worker of the soak and its server: each call meets a fate that is drawn.
//!
//! Most calls pass. Some are late, some are refused, some are swallowed, and of some the answer is lost; now and
//! then there is nobody at all for some seconds. A poll is never swallowed: an attempt that is
//! handed to nobody says nothing of the worker, and each would hold one of few pollers for a minute.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use temporalio_client::{
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Status, metadata::MetadataMap},
};
use tokio::runtime::Handle;

use crate::{
    drivers::way::{Way, meet},
    inprocess::{
        limit_of,
        network::{Fate, Loss},
    },
};

/// How often nobody is there, and for how long.
const OUTAGE_EVERY: Duration = Duration::from_secs(45);
const OUTAGE: Duration = Duration::from_secs(3);

/// How late a call may take effect. One that its caller has given up on must land within four round trips, or
/// 100 ms where those are shorter: past that, what was committed after it may be replaced by it.
const LATEST_CALL: Duration = Duration::from_millis(50);

/// How late its answer may be.
const LATEST_ANSWER: Duration = Duration::from_millis(400);

/// Of a thousand calls, how many meet this.
const LATE: u32 = 50;
const REFUSED: u32 = 20;
const EXHAUSTED: u32 = 10;
const SWALLOWED: u32 = 10;
const ANSWER_LOST: u32 = 10;

/// The network of one worker.
#[derive(Clone)]
pub struct Faults {
    way: Way,
    began: Instant,
    runtime: Handle,
}

impl Faults {
    /// On the way to the server at an address, on the runtime around.
    pub fn to(address: &str) -> anyhow::Result<Self> {
        Ok(Self { way: Way::to(address)?, began: Instant::now(), runtime: Handle::current() })
    }

    /// What stands below the worker's client.
    #[must_use]
    pub fn service(self) -> CallbackBasedGrpcService {
        CallbackBasedGrpcService {
            callback: Arc::new(move |request| {
                let faults = self.clone();
                async move {
                    let proto = faults.call(request).await?;
                    Ok(GrpcSuccessResponse { headers: MetadataMap::new().into_headers(), proto })
                }
                .boxed()
            }),
        }
    }

    async fn call(self, request: GrpcRequest) -> Result<Vec<u8>, Status> {
        let is_poll = request.rpc.starts_with("Poll");
        let fate = fate(self.began.elapsed(), is_poll, request.rpc.contains("Activity"));
        // Tonic would keep the time limit of a connection.
        let limit = limit_of(&request).unwrap_or(Duration::MAX);
        let way = self.way.clone();
        let arrives = async move { way.call(request).await.map(Vec::from) };
        let met = meet(fate, arrives, is_poll, Err, &self.runtime);
        // As tonic says it.
        let timed_out = |_| Err(Status::cancelled("Timeout expired"));
        tokio::time::timeout(limit, met).await.unwrap_or_else(timed_out)
    }
}

/// What happens to a call so long after the worker began. What is not about activities passes: a worker
/// that cannot begin is no subject here.
fn fate(since: Duration, is_poll: bool, is_of_activity: bool) -> Fate {
    let passes = Fate { before: Duration::ZERO, after: Duration::ZERO, loss: Loss::Nothing };
    if !is_of_activity {
        return passes;
    }
    if is_outage(since) {
        let loss = if is_poll || fastrand::bool() { Loss::Refused } else { Loss::Swallowed };
        return Fate { loss, ..passes };
    }
    let drawn = fastrand::u32(..1_000);
    let mut below = 0;
    let mut is = |share: u32| {
        below += share;
        drawn < below
    };
    if is(LATE) {
        Fate { before: part(LATEST_CALL), after: part(LATEST_ANSWER), loss: Loss::Nothing }
    } else if is(REFUSED) {
        Fate { loss: Loss::Refused, ..passes }
    } else if is(EXHAUSTED) {
        Fate { loss: Loss::Exhausted, ..passes }
    } else if is(SWALLOWED) && !is_poll {
        Fate { loss: Loss::Swallowed, ..passes }
    } else if is(ANSWER_LOST) && !is_poll {
        Fate { loss: Loss::AnswerLost, ..passes }
    } else {
        passes
    }
}

/// Whether nobody is there: at the end of each span, so that a worker first begins.
fn is_outage(since: Duration) -> bool {
    let nanos = since.as_nanos() % OUTAGE_EVERY.as_nanos();
    nanos >= OUTAGE_EVERY.saturating_sub(OUTAGE).as_nanos()
}

fn part(of: Duration) -> Duration {
    of.mul_f64(fastrand::f64())
}
