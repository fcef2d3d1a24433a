//! What the attribute costs beside the SDK's own `record_heartbeat`, in one run on a real server.
//!
//! ```console
//! $ cargo bench -p autobeat-tests --bench overhead
//! ```

// Counts and nanoseconds are far below 2^52 here, and an activity that does nothing awaits nothing.
#![allow(clippy::cast_precision_loss, clippy::unused_async)]

// What the SDK's macro names in the code that it generates.
extern crate futures_util as futures;

use std::{
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use autobeat::{Checkpoint, activity};
use autobeat_tests::{
    server::{Server, connect},
    worker::LocalWorker,
};
use serde::{Deserialize, Serialize};
use temporalio_client::{WorkflowGetResultOptions, WorkflowStartOptions};
use temporalio_sdk::{
    ActivityOptions, WorkerOptions, WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError, ExecutableActivity, activities},
    workflows::{workflow, workflow_methods},
};

const SAVES: u64 = 10_000_000;
/// Fewer: each of them stays in memory until the SDK has looked at it.
const RECORDS: u64 = 200_000;
const ATTEMPTS: u32 = 50_000;

/// Nanoseconds for one of something, and what all of them left in memory.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cost {
    nanos: f64,
    kibibytes: i64,
}

impl Cost {
    async fn of(count: u64, work: impl AsyncFnOnce()) -> Self {
        let (memory, began) = (resident(), Instant::now());
        work().await;
        let nanos = began.elapsed().as_nanos() as f64 / count as f64;
        Self { nanos, kibibytes: resident() - memory }
    }
}

/// Resident memory in KiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[activity(heartbeat_timeout = "30s")]
async fn save_number(checkpoint: Checkpoint<u64>) -> Result<Cost, ActivityError> {
    Ok(Cost::of(SAVES, async || {
        for number in 0..SAVES {
            let _ = black_box(&checkpoint).save(black_box(number));
        }
    })
    .await)
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    processed: u64,
    failed: u64,
    last_id: String,
}

#[activity(heartbeat_timeout = "30s")]
async fn save_state(checkpoint: Checkpoint<State>) -> Result<Cost, ActivityError> {
    let state = State { processed: 1, failed: 2, last_id: "order-12345".to_owned() };
    Ok(Cost::of(SAVES, async || {
        for _ in 0..SAVES {
            let _ = black_box(&checkpoint).save(black_box(&state).clone());
        }
    })
    .await)
}

/// Does nothing, with the attribute.
#[activity(heartbeat_timeout = "30s")]
async fn nothing(_: Checkpoint<u64>) -> Result<(), ActivityError> {
    Ok(())
}

struct Bare;

#[activities]
impl Bare {
    /// Does nothing, without it.
    #[activity]
    async fn nothing(_: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }

    /// Measures everything where an activity runs: in a worker, with a context of the SDK's own.
    #[activity]
    async fn measure(context: ActivityContext) -> Result<Vec<Cost>, ActivityError> {
        let with = attempts(nothing, &context).await?;
        let without = attempts(Bare::nothing, &context).await?;
        let number = save_number::execute(None, context.clone(), ()).await?;
        let state = save_state::execute(None, context.clone(), ()).await?;
        let recorded = Cost::of(RECORDS, async || {
            for number in 0..RECORDS {
                let _ = context.record_heartbeat(number).await;
            }
        })
        .await;
        Ok(vec![number, state, recorded, with, without])
    }
}

#[workflow]
#[derive(Default)]
struct MeasureWorkflow;

#[workflow_methods]
impl MeasureWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Vec<Cost>> {
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_mins(10))
            .heartbeat_timeout(Duration::from_secs(30))
            .build();
        Ok(ctx.execute_activity(Bare::measure, (), options).await?)
    }
}

async fn attempts<A>(_: A, context: &ActivityContext) -> Result<Cost, ActivityError>
where
    A: ExecutableActivity<Input = (), Output = ()>,
{
    let mut costs = Vec::new();
    // The least of several rounds: what it costs, not what else the machine does.
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..ATTEMPTS / 5 {
            A::execute(None, context.clone(), ()).await?;
        }
        costs.push(began.elapsed().as_nanos() as f64 / f64::from(ATTEMPTS / 5));
    }
    let nanos = costs.into_iter().fold(f64::INFINITY, f64::min);
    Ok(Cost { nanos, kibibytes: 0 })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = Server::shared().await.map_err(anyhow::Error::msg)?;
    let options = WorkerOptions::new("overhead")
        .register_workflow::<MeasureWorkflow>()?
        .register_activities(Bare)
        .build();
    let worker = LocalWorker::start(&server.address(), options).await?;
    let client = connect(&server.address()).await?;
    let start = WorkflowStartOptions::new("overhead", "overhead").build();
    let measured = client.start_workflow(MeasureWorkflow::run, (), start).await?;
    let costs = measured.get_result(WorkflowGetResultOptions::default()).await?;
    worker.shut_down().await;
    report(&costs);
    Ok(())
}

fn report(costs: &[Cost]) {
    let [number, state, recorded, with, without] = costs else { return };
    let beside = |cost: &Cost| format!("1 : {:.0}", recorded.nanos / cost.nanos);
    println!("{:44} {:>10}  {:>10}  memory", "", "each", "ratio");
    println!(
        "{:44} {:>7.1} ns  {:>10}  {:>6} KiB after {SAVES}",
        "Checkpoint::save, u64",
        number.nanos,
        beside(number),
        number.kibibytes
    );
    println!(
        "{:44} {:>7.1} ns  {:>10}  {:>6} KiB after {SAVES}",
        "Checkpoint::save, three fields with a String",
        state.nanos,
        beside(state),
        state.kibibytes
    );
    println!(
        "{:44} {:>7.1} ns  {:>10}  {:>6} KiB after {RECORDS}",
        "the SDK's record_heartbeat, u64", recorded.nanos, "", recorded.kibibytes
    );
    println!("{:44} {:>7.1} ns", "an attempt that does nothing, with", with.nanos);
    println!("{:44} {:>7.1} ns", "an attempt that does nothing, without", without.nanos);
    println!("{:44} {:>7.1} ns", "  the difference", with.nanos - without.nanos);
}
