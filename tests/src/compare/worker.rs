//! The worker of all activities that are compared and tested, in a process of its own.
//!
//! It says `ready` when it has connected. Each line on its standard input is a question, answered by
//! one with how many heartbeats it has sent. It ends when its standard input does, so that it never
//! outlives whoever started it.

use std::{
    io::{self, BufRead, Write},
    process, thread,
};

use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url,
    callback_based::CallbackBasedGrpcService,
};
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::{
        RuntimeOptions,
        worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
    },
};

use super::{meter::Heartbeats, ours};
use crate::activities;

/// More than are ever run at once.
const ACTIVITIES: usize = 3_000;

/// Runs the worker on the runtime around, until the process ends.
pub async fn run(address: &str, task_queue: &str) -> anyhow::Result<()> {
    let target: Url = format!("http://{address}").parse()?;
    let heartbeats = Heartbeats::default();
    let options = ConnectionOptions::new(target).metrics_meter(heartbeats.meter()).build();
    run_on(options, heartbeats, task_queue).await
}

/// As [`run`], with something of one's own in the place of the network.
pub async fn run_through(
    service: CallbackBasedGrpcService,
    task_queue: &str,
) -> anyhow::Result<()> {
    // Nothing is there: the service says where its calls go.
    let target: Url = "http://127.0.0.1:1".parse()?;
    let heartbeats = Heartbeats::default();
    let options = ConnectionOptions::new(target)
        .metrics_meter(heartbeats.meter())
        .service_override(service)
        .dns_load_balancing(None)
        .build();
    run_on(options, heartbeats, task_queue).await
}

async fn run_on(
    options: ConnectionOptions,
    heartbeats: Heartbeats,
    task_queue: &str,
) -> anyhow::Result<()> {
    answer_questions(heartbeats);
    let connection = Connection::connect(options).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default())?;
    let options = activities::register(ours::register(WorkerOptions::new(task_queue)));
    let mut worker = Worker::new(&runtime, client, options.tuner(tuner()).build())?;
    writeln!(io::stdout(), "ready")?;
    worker.run().await?;
    Ok(())
}

/// A thread, since the runtime may be blocked or busy.
fn answer_questions(heartbeats: Heartbeats) {
    thread::spawn(move || {
        for _question in io::stdin().lock().lines().map_while(Result::ok) {
            if writeln!(io::stdout(), "{}", heartbeats.count()).is_err() {
                break;
            }
        }
        process::exit(0);
    });
}

fn tuner() -> TunerHolder {
    TunerHolder::builder()
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(ACTIVITIES))
        // Such a worker has none of these; two is the least that the SDK takes for workflows.
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .build()
}
