//! One life of a worker: the real one, on a runtime of its own whose clock is paused.
//!
//! Dropping a worker stops nothing, since the SDK spawns: its runtime is dropped, and before that
//! its calls are refused.

use std::{collections::HashMap, time::Duration};

use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url};
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::{
        PollerBehavior, RuntimeOptions,
        worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
    },
};
use tokio::runtime::{Builder, Handle};

use super::{
    history::WorkerStep,
    lane::MarkLane,
    service::{API_KEY, TENANT, service},
    watchdog::Watchdog,
    world::World,
};

/// What a director may do to the worker that it directs.
pub struct Control<'a> {
    world: &'a World,
    grace: Option<Duration>,
    shut_down: &'a dyn Fn(),
}

impl Control<'_> {
    /// Tells the worker to shut down; it then ends by itself.
    pub fn shut_down(&self) {
        self.world.step(WorkerStep::ShuttingDown(self.grace));
        (self.shut_down)();
    }
}

/// What a worker's life was like.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Whether it ended by itself after it was told to shut down.
    pub has_shut_down: bool,
    /// How often its thread went to sleep.
    pub parks: u64,
}

/// Runs a worker until it has shut down, or crashes because its director is done.
///
/// # Panics
///
/// Where the worker does not start, or ends by an error.
pub fn live(
    world: &World,
    options: WorkerOptions,
    director: impl AsyncFnOnce(Control<'_>),
) -> Life {
    let runtime =
        Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let life = runtime.block_on(async {
        world.run_clock();
        let number = admit(world);
        let grace = options.graceful_shutdown_period;
        let worker = start(world, number, options).await;
        world.step(WorkerStep::Began);
        let driver = tokio::spawn({
            let world = world.clone();
            async move { world.drive().await }
        });
        let has_shut_down = run(world, worker, grace, director).await;
        driver.abort();
        let parks = parks();
        // What is sent from now on, out of a destructor, reaches nobody.
        world.lock().worker = 0;
        world.step(if has_shut_down { WorkerStep::Ended } else { WorkerStep::Crashed });
        world.stop_clock();
        Life { has_shut_down, parks }
    });
    drop(runtime);
    life
}

/// From now on the calls of this worker are the ones that count.
fn admit(world: &World) -> u64 {
    let number = world.next_number();
    let mut state = world.lock();
    state.worker = number;
    state.has_polled = false;
    state.is_shutting_down = false;
    state.waiting.clear();
    number
}

async fn start(world: &World, number: u64, options: WorkerOptions) -> Worker {
    let target = Url::parse("http://in.process:1").expect("a URL");
    let options_of_connection = ConnectionOptions::new(target)
        .identity("worker".to_owned())
        .api_key(API_KEY.to_owned())
        .headers(HashMap::from([TENANT].map(|(name, value)| (name.to_owned(), value.to_owned()))))
        .service_override(service(world, number))
        .dns_load_balancing(None)
        .build();
    let namespace = world.lock().namespace.clone();
    let connection = Connection::connect(options_of_connection).await.expect("a connection");
    let options_of_client =
        ClientOptions::new(namespace).client_interceptors(MarkLane::interceptors()).build();
    let client = Client::new(connection, options_of_client).expect("a client");
    let options_of_runtime =
        RuntimeOptions::builder().heartbeat_interval(None).build().expect("options");
    let runtime = Runtime::from_current_tokio(options_of_runtime).expect("a runtime");
    Worker::new(&runtime, client, options).expect("a worker")
}

/// Runs it to its end; whether that was a shutdown.
async fn run(
    world: &World,
    mut worker: Worker,
    grace: Option<Duration>,
    director: impl AsyncFnOnce(Control<'_>),
) -> bool {
    let shut_down = worker.shutdown_handle();
    let control = Control { world, grace, shut_down: &shut_down };
    let watchdog = Watchdog::over(world);
    tokio::select! {
        ended = worker.run() => {
            ended.expect("a worker that ends only by a shutdown");
            true
        }
        () = director(control) => false,
        () = watchdog.barks() => {
            world.step(WorkerStep::Stuck);
            false
        }
    }
}

fn parks() -> u64 {
    Handle::current().metrics().worker_park_count(0)
}

/// The options of a worker in a world: one that runs a few activities, and nothing else.
#[must_use]
pub fn options(
    activities: impl temporalio_sdk::activities::ActivityImplementer,
    grace: Option<Duration>,
) -> WorkerOptions {
    options_on("world", activities, grace)
}

/// The same on a task queue of its own.
#[must_use]
pub fn options_on(
    task_queue: &str,
    activities: impl temporalio_sdk::activities::ActivityImplementer,
    grace: Option<Duration>,
) -> WorkerOptions {
    WorkerOptions::new(task_queue)
        .register_activities(activities)
        .maybe_graceful_shutdown_period(grace)
        .activity_task_poller_behavior(PollerBehavior::SimpleMaximum(1))
        .tuner(
            TunerHolder::builder()
                .activity_task_slot_supplier(FixedSizeSlotSupplier::new(8))
                .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(2))
                .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(2))
                .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(2))
                .build(),
        )
        .build()
}
