//! One life of a worker on a real server: on a thread of its own, which ends with it.

use std::{thread, time::Duration};

use anyhow::Error;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url,
    callback_based::CallbackBasedGrpcService,
};
use temporalio_sdk::{Runtime, Worker, WorkerOptions, runtime::RuntimeOptions};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::inprocess::MarkLane;

/// A worker that lives; dropping it lets it crash at some time.
pub(super) struct Life {
    orders: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<u64>,
}

/// The runtime has one thread, so that what a test blocks blocks all of it, and so that its
/// destructors have run when it is over.
impl Life {
    /// It has connected when this returns.
    pub(super) async fn begin(
        service: CallbackBasedGrpcService,
        options: impl FnOnce() -> WorkerOptions + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (orders, received) = oneshot::channel();
        let (ready, began) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        thread::Builder::new().name("worker".to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let parks = runtime.block_on(async {
                match connect(service, options()).await {
                    Ok(worker) => {
                        let _ = ready.send(Ok(()));
                        run(worker, received).await;
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
                Handle::current().metrics().worker_park_count(0)
            });
            drop(runtime);
            let _ = ending.send(parks);
        })?;
        began.await??;
        Ok(Self { orders: Some(orders), ended })
    }

    /// Tells it to shut down, and waits for that; how often its thread went to sleep, if it ended
    /// by itself.
    pub(super) async fn shut_down(mut self, limit: Duration) -> Option<u64> {
        if let Some(orders) = self.orders.take() {
            let _ = orders.send(());
        }
        tokio::time::timeout(limit, self.ended).await.ok()?.ok()
    }

    /// Ends it from one instant to the next.
    pub(super) async fn crash(mut self) {
        drop(self.orders.take());
        let _ = self.ended.await;
    }
}

async fn connect(
    service: CallbackBasedGrpcService,
    options: WorkerOptions,
) -> anyhow::Result<Worker> {
    let target = Url::parse("http://forwarded.process:1")?;
    let options_of_connection = ConnectionOptions::new(target)
        .identity("worker".to_owned())
        .service_override(service)
        .dns_load_balancing(None)
        .build();
    let connection = Connection::connect(options_of_connection).await?;
    let options_of_client =
        ClientOptions::new("default").client_interceptors(MarkLane::interceptors()).build();
    let client = Client::new(connection, options_of_client)?;
    let options_of_runtime = RuntimeOptions::builder().heartbeat_interval(None).build();
    let runtime = Runtime::from_current_tokio(options_of_runtime.map_err(Error::msg)?)?;
    Ok(Worker::new(&runtime, client, options)?)
}

async fn run(mut worker: Worker, orders: oneshot::Receiver<()>) {
    let shut_down = worker.shutdown_handle();
    let running = worker.run();
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return ended.expect("a worker that ends only by a shutdown"),
        order = orders => match order {
            Ok(()) => shut_down(),
            Err(_) => return,
        },
    }
    running.await.expect("a worker that shuts down");
}
