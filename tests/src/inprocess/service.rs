//! What stands below the client instead of a connection.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use temporalio_client::{
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Status, metadata::MetadataMap},
};
use tokio::sync::oneshot;

use super::{
    calls::{Request, write},
    history::{Answer, CallId},
    lane::limit_of,
    wire::Heard,
    world::World,
};

/// What every call has to bring, as to Temporal Cloud: a key, a header of the user's, and its namespace.
pub(super) const API_KEY: &str = "key-of-the-worker";
pub(super) const TENANT: (&str, &str) = ("tenant", "tenant-of-the-worker");

/// Answers the calls of one worker.
pub(super) fn service(world: &World, worker: u64) -> CallbackBasedGrpcService {
    let world = world.clone();
    CallbackBasedGrpcService {
        callback: Arc::new(move |request| {
            let world = world.clone();
            async move {
                let proto = call(&world, worker, &request).await?;
                Ok(GrpcSuccessResponse { headers: MetadataMap::new().into_headers(), proto })
            }
            .boxed()
        }),
    }
}

/// Whether a call brings what it has to.
fn is_authorised(world: &World, request: &GrpcRequest) -> bool {
    let brings =
        |name, wanted: &str| request.headers.get(name).is_some_and(|value| value == wanted);
    // The first call of a connection is for no namespace.
    let is_for_all = request.rpc == "GetSystemInfo";
    brings("authorization", &format!("Bearer {API_KEY}"))
        && brings(TENANT.0, TENANT.1)
        && (is_for_all || brings("temporal-namespace", &world.lock().namespace))
}

async fn call(world: &World, worker: u64, request: &GrpcRequest) -> Heard {
    if !is_authorised(world, request) {
        return Err(Status::unauthenticated(request.rpc.clone()));
    }
    let (asked, lane) =
        Request::read(request).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let limit = limit_of(request);
    let (caller, heard) = oneshot::channel();
    let call = {
        let mut state = world.lock();
        if state.worker != worker {
            return write(&asked, Answer::Unavailable, 0);
        }
        state.send(asked.clone(), lane, limit, caller)
    };
    world.changed.notify_one();
    let mut waiting = Waiting { world: world.clone(), call, heard, over: false };
    // Tonic would keep the time limit of a connection.
    let limit = limit.unwrap_or(Duration::MAX);
    match tokio::time::timeout(limit, &mut waiting.heard).await {
        Ok(Ok(heard)) => {
            waiting.over = true;
            heard
        }
        Ok(Err(_)) => std::future::pending().await,
        Err(_) => {
            waiting.over = true;
            world.lock().give_up(call, true);
            // What came in this very moment is heard.
            waiting.heard.try_recv().unwrap_or_else(|_| write(&asked, Answer::TimedOut, 0))
        }
    }
}

/// Tells the world where a caller goes away.
struct Waiting {
    world: World,
    call: CallId,
    heard: oneshot::Receiver<Heard>,
    over: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.over {
            self.heard.close();
            self.world.lock().give_up(self.call, false);
        }
    }
}
