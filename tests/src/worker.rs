//! Workers: in this process, and in one of their own that can be killed and frozen.

use std::{io, path::Path, process::Stdio, thread, time::Duration};

use temporalio_client::Client;
use temporalio_common::data_converters::DataConverter;
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::{
        RuntimeOptions,
        worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
    },
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::oneshot,
};

use crate::{
    activities,
    declared::AsDeclared,
    server::{connect, connect_with},
    workflows::RunActivity,
};

/// A worker in this process; dropping it ends it as abruptly as a crash would.
///
/// It has a runtime of its own, as it would in its own process: what a test blocks there, or leaves
/// running, does not hold up the test.
#[derive(Debug)]
pub struct LocalWorker {
    orders: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

impl LocalWorker {
    /// Starts a worker; it has connected when this returns.
    pub async fn start(address: &str, options: WorkerOptions) -> anyhow::Result<Self> {
        Self::start_with(address, DataConverter::default(), options).await
    }

    /// Starts a worker that converts what it sends and receives in its own way.
    pub async fn start_with(
        address: &str,
        converter: DataConverter,
        options: WorkerOptions,
    ) -> anyhow::Result<Self> {
        let address = address.to_owned();
        let client = async move { connect_with(&address, converter).await };
        Self::start_of(client, options).await
    }

    /// Starts a worker with a client of its own.
    pub async fn start_of(
        client: impl Future<Output = anyhow::Result<Client>> + Send + 'static,
        options: WorkerOptions,
    ) -> anyhow::Result<Self> {
        let (orders, received) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        // A thread, since the future of a worker stays on the one that it began on.
        thread::Builder::new().name("worker".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(run_until_ordered(client, options, ready, received));
            runtime.shutdown_background();
            let _ = ending.send(());
        })?;
        started.await??;
        Ok(Self { orders: Some(orders), ended })
    }

    /// Shuts it down as an operator would, and waits until its activities are done.
    pub async fn shut_down(mut self) {
        if let Some(orders) = self.orders.take() {
            let _ = orders.send(());
        }
        let _ = (&mut self.ended).await;
    }
}

/// Runs a worker until it has shut down by order, or until nobody is left to give one.
async fn run_until_ordered(
    client: impl Future<Output = anyhow::Result<Client>>,
    options: WorkerOptions,
    ready: oneshot::Sender<anyhow::Result<()>>,
    orders: oneshot::Receiver<()>,
) {
    let worker = async { worker_of(client.await?, options) };
    let mut worker = match worker.await {
        Ok(worker) => worker,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let shut_down = worker.shutdown_handle();
    let _ = ready.send(Ok(()));
    let running = worker.run();
    tokio::pin!(running);
    tokio::select! {
        result = &mut running => return result.expect("a worker that runs"),
        order = orders => match order {
            Ok(()) => shut_down(),
            Err(_) => return,
        },
    }
    running.await.expect("a worker that shuts down");
}

/// Connects a worker to the server at an address.
pub async fn new_worker(address: &str, options: WorkerOptions) -> anyhow::Result<Worker> {
    worker_of(connect(address).await?, options)
}

fn worker_of(client: Client, options: WorkerOptions) -> anyhow::Result<Worker> {
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default())?;
    Ok(Worker::new(&runtime, client, options)?)
}

/// A worker of the workflow, and of the activities that it runs locally.
#[must_use]
pub fn workflow_worker(task_queue: &str) -> WorkerOptions {
    activities::register(WorkerOptions::new(task_queue))
        .register_workflow::<RunActivity>()
        .expect("a workflow that is registered once")
        .register_workflow::<AsDeclared>()
        .expect("another workflow")
        .build()
}

/// A worker of the activities under test, which tells them of a shutdown after some time.
///
/// While it runs one it asks the server for no other: a worker that is frozen or blocked would be
/// handed the next attempt of its own activity, and that attempt would be lost as well.
#[must_use]
pub fn activity_worker(
    task_queue: &str,
    graceful_shutdown_period: Option<Duration>,
) -> WorkerOptions {
    activities::register(WorkerOptions::new(task_queue))
        .maybe_graceful_shutdown_period(graceful_shutdown_period)
        .tuner(one_activity_at_a_time())
        .build()
}

pub(crate) fn one_activity_at_a_time() -> TunerHolder {
    TunerHolder::builder()
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        // Such a worker has none of these; two is the least that the SDK takes for workflows.
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .build()
}

/// A worker of the activities under test in a process of its own; dropping it kills it.
#[derive(Debug)]
pub struct WorkerProcess {
    child: Child,
}

impl WorkerProcess {
    /// Starts the program of this package's `worker`; it has connected when this returns.
    pub async fn start(program: &Path, address: &str, task_queue: &str) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args([address, task_queue])
            // Held open as long as this process lives: the worker ends at its end.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Apart from the tests' own group: when they end while it is frozen, the system wakes
            // and ends what is left of an orphaned group.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        match BufReader::new(output).lines().next_line().await? {
            Some(_ready) => Ok(Self { child }),
            None => Err(io::Error::other("the worker ended before it was ready")),
        }
    }

    /// Kills it: it runs no further instruction.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Freezes it.
    pub async fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP").await
    }

    /// Wakes it after a freeze.
    pub async fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT").await
    }

    async fn signal(&self, signal: &str) -> io::Result<()> {
        let id = self.child.id().ok_or(io::ErrorKind::NotFound)?;
        let status = Command::new("kill").args([signal, &id.to_string()]).status().await?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("kill {signal}: {status}")))
        }
    }
}
