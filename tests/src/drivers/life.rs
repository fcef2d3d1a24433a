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
    sync::{oneshot, watch},
};

use crate::inprocess::MarkLane;

/// A worker that lives; dropping it lets it crash at some time.
///
/// Its runtime has one thread, so that all of it is gone when that thread is.
pub(super) struct Life {
    orders: watch::Sender<Order>,
    ended: oneshot::Receiver<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Work,
    ShutDown,
    Crash,
}

impl Life {
    /// It has connected when this returns.
    pub(super) async fn begin(
        service: CallbackBasedGrpcService,
        options: impl FnOnce() -> WorkerOptions + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (orders, received) = watch::channel(Order::Work);
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
        Ok(Self { orders, ended })
    }

    /// Shuts it down; how often its thread went to sleep. It crashes where that takes too long.
    pub(super) async fn shut_down(mut self, limit: Duration) -> Option<u64> {
        self.orders.send_replace(Order::ShutDown);
        if let Ok(parks) = tokio::time::timeout(limit, &mut self.ended).await {
            return parks.ok();
        }
        self.crash().await;
        None
    }

    /// Ends it from one instant to the next.
    pub(super) async fn crash(self) {
        self.orders.send_replace(Order::Crash);
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

async fn run(mut worker: Worker, mut orders: watch::Receiver<Order>) {
    let begin_shutdown = worker.shutdown_handle();
    let mut crashes = orders.clone();
    let shuts_down = async {
        // Whoever is gone without an order lets it crash.
        if orders.wait_for(|order| *order == Order::ShutDown).await.is_ok() {
            begin_shutdown();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = worker.run() => ended.expect("a worker that ends only by a shutdown"),
        () = shuts_down => {}
        _ = crashes.wait_for(|order| *order == Order::Crash) => {}
    }
}
