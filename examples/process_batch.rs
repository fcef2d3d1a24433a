//! Ships a batch of orders by their ids, and counts those that fail.
//!
//! ```console
//! $ cargo run --example process_batch -- FILE
//! ```
//!
//! FILE has one order a line, `id,amount`; without one it makes a thousand. The loop goes by key, so
//! orders may come and go between attempts, and all three fields of the state are saved as one.

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use autobeat::{Checkpoint, Progress, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "process-batch";

/// The state of the pattern, as every language reads it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    processed_count: u64,
    failed_count: u64,
    last_processed_id: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    id: String,
    amount: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    /// In ascending order of their ids.
    orders: Vec<Order>,
    pause: Duration,
}

/// Ships every order after the last one that an earlier attempt was done with.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
async fn process_batch(
    checkpoint: Checkpoint<State>,
    Job { orders, pause }: Job,
) -> Result<State, ActivityError> {
    if let Some(id) = checkpoint.get().last_processed_id {
        eprintln!("resuming after {id}");
    }
    let total = orders.len() as u64;
    checkpoint.show_progress(move |state| {
        Progress::new(state.processed_count + state.failed_count).of(total).unit("orders")
    });
    let mut orders = checkpoint.resume_after(
        orders,
        |state| &mut state.last_processed_id,
        |order: &Order| order.id.clone(),
    );
    while let Some(order) = orders.next() {
        match ship(&order?, pause).await {
            Ok(()) => orders.state().processed_count += 1,
            Err(_) => orders.state().failed_count += 1,
        }
    }
    Ok(checkpoint.get())
}

/// Fails for an order whose amount is no number.
async fn ship(order: &Order, pause: Duration) -> anyhow::Result<()> {
    sleep(pause).await;
    order.amount.parse::<f64>()?;
    Ok(())
}

#[workflow]
#[derive(Default)]
struct ProcessBatchWorkflow;

#[workflow_methods]
impl ProcessBatchWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<State> {
        Ok(ctx.execute_activity(process_batch, job, process_batch.options()).await?)
    }
}

/// Ships a batch of orders by their ids, and counts those that fail.
#[derive(Debug, Parser)]
struct Arguments {
    /// One order a line, `id,amount` [default: a thousand of them, some without an amount]
    file: Option<PathBuf>,
    /// Pause at each order
    #[arg(long, default_value = "5ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, process(Arguments::parse()).await)
}

async fn process(Arguments { file, pause, place }: Arguments) -> Result<(), Ending> {
    let orders = orders(file)?;
    println!("{} orders", orders.len());
    let job = Job { orders, pause };
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<ProcessBatchWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(process_batch)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let here = async |engine: &Embedded, input| engine.run(process_batch, NAME, input).await;
    let state = place.run(NAME, worker, ProcessBatchWorkflow::run, job, here).await?;
    println!("  shipped  {}", state.processed_count);
    println!("  failed   {}", state.failed_count);
    println!("  last     {}", state.last_processed_id.as_deref().unwrap_or("(none)"));
    Ok(())
}

/// The orders of a file, in the order of their ids.
fn orders(file: Option<PathBuf>) -> Result<Vec<Order>, Ending> {
    let Some(file) = file else { return Ok((1..=1000).map(sample).collect()) };
    let unreadable = |error| Ending::failed(format!("{}: {error}", file.display()));
    let text = fs::read_to_string(&file).map_err(unreadable)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut orders: Vec<Order> = lines.map(parse).collect();
    orders.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    if let Some(pair) = orders.windows(2).find(|pair| pair[0].id == pair[1].id) {
        let (file, id) = (file.display(), &pair[0].id);
        return Err(Ending::failed(format!("{file}: two orders have the id {id}")));
    }
    Ok(orders)
}

fn parse(line: &str) -> Order {
    let (id, amount) = line.split_once(',').unwrap_or((line, ""));
    Order { id: id.trim().to_owned(), amount: amount.trim().to_owned() }
}

/// Every thirteenth has no amount.
fn sample(number: u32) -> Order {
    let amount = if number.is_multiple_of(13) { String::new() } else { number.to_string() };
    Order { id: format!("order-{number:04}"), amount }
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{CancelCheck, ResumeCheck};

    use super::*;

    fn job() -> Job {
        Job { orders: (1..=30).map(sample).collect(), pause: Duration::from_millis(5) }
    }

    #[test]
    fn it_resumes() {
        ResumeCheck::in_world(process_batch, || (), |()| job()).run();
    }

    #[test]
    fn it_stops() {
        CancelCheck::in_world(process_batch, || (), |()| job()).run();
    }
}
