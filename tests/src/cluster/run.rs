//! Kills parts of a cluster for some minutes, under a load of activities.
//!
//! Ours and those of the bare SDK are in the same two worker processes, of which each is connected to a
//! frontend of its own: a frontend that is killed cuts off half of the attempts until it is back. Who
//! starts the activities, and the worker of their workflows, are connected to the first.

use std::time::Duration;

use anyhow::ensure;
use futures_util::future::try_join;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    Cluster,
    fault::{Suffered, shuffled_round},
    results::Results,
};
use crate::{
    compare::{process::WorkerProcess, results::Place, stage::Stage},
    drivers::hitch::Hitch,
    endurance::{Circumstances, Kind, Tally, load},
    ledger,
    program::say,
};

/// What is run, side by side.
pub const KINDS: [Kind; 3] = [
    Kind::ours("autobeat, `save`", "save_items"),
    Kind {
        items: 100,
        item_time: Duration::from_millis(200),
        ..Kind::ours("autobeat, `commit`", "commit_each_item")
    },
    Kind { is_bare: true, ..Kind::ours("by hand", "items_by_hand") },
];

/// How long what was killed is away, before it is started again.
const AWAY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3));

/// How long all of it is left alone before the next fault: more than a timeout and a retry.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(9), Duration::from_secs(14));

const TASK_QUEUE: &str = "cluster";

/// Kills for so many minutes, and judges.
pub async fn run(cluster: &mut Cluster, minutes: u64) -> anyhow::Result<Results> {
    let before = Place::now();
    let [first, second] = cluster.frontends();
    let stage = Stage::at(first.clone()).await?;
    let mut workers = [
        WorkerProcess::start(&first, TASK_QUEUE).await?,
        WorkerProcess::start(&second, TASK_QUEUE).await?,
    ];
    let hitch = Hitch::watch();
    let end = CancellationToken::new();
    let faults = async {
        let faults = kill_for(cluster, minutes).await;
        end.cancel();
        faults
    };
    let (shares, faults) = try_join(load::run(&stage, TASK_QUEUE, &KINDS, &end), faults).await?;
    for worker in &mut workers {
        ensure!(!worker.has_ended()?, "a worker has ended by itself");
    }
    Ok(Results {
        circumstances: Circumstances::new(minutes, before, hitch.longest()),
        faults,
        kinds: shares.iter().map(Tally::of).collect(),
    })
}

async fn kill_for(cluster: &mut Cluster, minutes: u64) -> anyhow::Result<Vec<Suffered>> {
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let mut faults = Vec::new();
    loop {
        for fault in shuffled_round() {
            sleep(between(BETWEEN)).await;
            if Instant::now() >= end {
                return Ok(faults);
            }
            let (at, since) = (ledger::now(), Instant::now());
            cluster.suffer(fault, between(AWAY)).await?;
            let took = since.elapsed();
            say(&format!("{}: back after {took:.1?}", fault.title()));
            faults.push(Suffered { fault, at, took });
        }
    }
}

fn between((least, most): (Duration, Duration)) -> Duration {
    least + most.saturating_sub(least).mul_f64(fastrand::f64())
}
