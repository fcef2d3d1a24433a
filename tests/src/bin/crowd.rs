//! As many sleeping activities in one worker as it is told: how late their heartbeats are, and what
//! each of them costs. The server is in this process, so that it costs as little as can be.
//!
//! ```sh
//! cargo run --release -p autobeat-tests --bin crowd
//! cargo run --release -p autobeat-tests --bin crowd -- --count 2000 --capacity 400
//! ```

// Counts, bytes and milliseconds are far below 2^52 here.
#![allow(clippy::cast_precision_loss)]

use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context;
use autobeat::{Cancelled, Checkpoint, activity};
use autobeat_tests::inprocess::crowd::Crowd;
use clap::Parser;
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::{
        RuntimeOptions,
        worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
    },
};
use tokio_util::sync::CancellationToken;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The crowds that are compared.
const CROWDS: [u64; 2] = [2_000, 20_000];

/// A crowd of activities in one worker.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many; without it, 2,000 and 20,000, each in a process of its own.
    #[arg(long)]
    count: Option<u64>,
    /// For how many seconds they are watched once all of them run.
    #[arg(long, default_value_t = 40)]
    seconds: u64,
    /// How many calls a second the server has time for, on a clock that does not wait.
    #[arg(long, requires = "count")]
    capacity: Option<u32>,
}

/// Sleeps until all of them may end.
#[activity(heartbeat_timeout = "10s", start_to_close_timeout = "1h")]
async fn sleep(checkpoint: Checkpoint<u64>, number: u64) -> Result<u64, Cancelled> {
    checkpoint.save(number)?;
    end().cancelled().await;
    Ok(number)
}

fn end() -> &'static CancellationToken {
    static END: std::sync::OnceLock<CancellationToken> = std::sync::OnceLock::new();
    END.get_or_init(CancellationToken::new)
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let time = Duration::from_secs(arguments.seconds);
    if let Some((count, capacity)) = arguments.count.zip(arguments.capacity) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        return runtime.block_on(crowd_out(count, capacity, time));
    }
    if let Some(count) = arguments.count {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(watch(count, time));
    }
    println!("at once  silent for at most  beats a second  CPU an activity  memory an activity");
    for count in CROWDS {
        let seconds = arguments.seconds.to_string();
        let watched = Command::new(env::current_exe()?)
            .args(["--count", &count.to_string(), "--seconds", &seconds])
            .status()?;
        anyhow::ensure!(watched.success(), "a crowd of {count} failed");
    }
    Ok(())
}

async fn watch(count: u64, time: Duration) -> anyhow::Result<()> {
    let before = resident()?;
    let crowd = Crowd::new(count, "sleep", TIMEOUT);
    let mut worker = worker(&crowd, count).await?;
    let shut_down = worker.shutdown_handle();
    let observing = async {
        while (crowd.running() as u64) < count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The first beats come an interval later.
        tokio::time::sleep(TIMEOUT).await;
        let _ = crowd.seen();
        let (used, began) = (processor_time()?, Instant::now());
        tokio::time::sleep(time).await;
        let (seen, seconds) = (crowd.seen(), began.elapsed().as_secs_f64());
        let used = processor_time()?.saturating_sub(used).as_secs_f64();
        let memory = resident()?.saturating_sub(before);
        println!(
            "{count:>7}  {:>17.2?}  {:>14.0}  {:>9.3} ms/s  {:>14.2} KiB",
            seen.longest_silence,
            seen.heartbeats as f64 / seconds,
            used * 1e3 / seconds / count as f64,
            memory as f64 / count as f64,
        );
        end().cancel();
        while crowd.running() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        shut_down();
        anyhow::Ok(seen.longest_silence)
    };
    let (ran, observed) = tokio::join!(worker.run(), observing);
    ran?;
    let silence = observed?;
    // A beat each third of the timeout, and late by an interval at most.
    anyhow::ensure!(silence <= TIMEOUT * 2 / 3, "a heartbeat was late: {silence:?} of silence");
    Ok(())
}

/// What becomes of a crowd on a server that has less capacity than they would like.
async fn crowd_out(count: u64, capacity: u32, time: Duration) -> anyhow::Result<()> {
    let crowd = Crowd::new(count, "sleep", TIMEOUT).of_capacity(capacity);
    let mut worker = worker(&crowd, count).await?;
    let shut_down = worker.shutdown_handle();
    let observing = async {
        println!("second  running  heartbeats  too late  longest wait  longest silence");
        for second in 1..=time.as_secs() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let (seen, running) = (crowd.seen(), crowd.running());
            println!(
                "{second:>6}  {running:>7}  {:>10}  {:>8}  {:>12.2?}  {:>15.2?}",
                seen.heartbeats, seen.too_late, seen.longest_wait, seen.longest_silence,
            );
        }
        end().cancel();
        while crowd.running() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        shut_down();
    };
    let (ran, ()) = tokio::join!(worker.run(), observing);
    Ok(ran?)
}

async fn worker(crowd: &Crowd, count: u64) -> anyhow::Result<Worker> {
    let slots = usize::try_from(count)?;
    let tuner = TunerHolder::builder()
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(slots))
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .build();
    let options = WorkerOptions::new("crowd").register_activities(sleep).tuner(tuner).build();
    let runtime = Runtime::from_current_tokio(
        RuntimeOptions::builder().heartbeat_interval(None).build().map_err(anyhow::Error::msg)?,
    )?;
    Ok(Worker::new(&runtime, crowd.client().await, options)?)
}

/// Resident memory in KiB.
fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let figure = line.and_then(|line| line.split_whitespace().next());
    Ok(figure.context("no figure of resident memory")?.parse()?)
}

/// The processor time of this process.
fn processor_time() -> anyhow::Result<Duration> {
    /// What Linux counts in, whatever the machine.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string("/proc/self/stat")?;
    // Its second field, the name, may have spaces in it.
    let (_, fields) = stat.rsplit_once(')').context("an odd line in /proc/self/stat")?;
    let mut times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let (Some(user), Some(system)) = (times.next(), times.next()) else {
        anyhow::bail!("an odd line in /proc/self/stat");
    };
    Ok(TICK * (user? + system?))
}
