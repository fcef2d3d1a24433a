//! A run of the soak.

use std::time::Duration;

use anyhow::ensure;
use futures_util::future::try_join3;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::samples::{Sample, Samples};
use crate::{
    activities::Action,
    compare::{process::WorkerProcess, results::Place, stage::Stage},
    drivers::hitch::Hitch,
    endurance::{Circumstances, Kind, Tally, load},
    program::say,
};

/// What is run, all at once.
pub const KINDS: [Kind; 9] = [
    SAVE,
    Kind { at_once: 2, step: Some(Action::Fail), ..Kind { title: "`save`, fails once", ..SAVE } },
    Kind { at_once: 2, step: Some(Action::Panic), ..Kind { title: "`save`, panics once", ..SAVE } },
    Kind { at_once: 4, activity: "process_items_in_turns", title: "`save`, in turns", ..SAVE },
    Kind {
        at_once: 4,
        items: 40,
        item_time: Duration::from_millis(100),
        heartbeat_timeout: Duration::from_secs(2),
        ..Kind::ours("`commit`", "commit_each_item")
    },
    Kind {
        at_once: 4,
        heartbeat_timeout: Duration::from_secs(2),
        activity: "save_and_commit_items",
        title: "`save`, and `commit` each 100 items",
        ..SAVE
    },
    Kind { at_once: 4, activity: "block_items", title: "a blocking function", ..SAVE },
    Kind {
        at_once: 2,
        items: 100,
        item_time: Duration::from_millis(20),
        ..Kind::ours("no checkpoint, fails once", "show_blocks")
    },
    Kind { at_once: 4, is_bare: true, activity: "items_by_hand", title: "by hand", ..SAVE },
];

const SAVE: Kind = Kind {
    items: 400,
    item_time: Duration::from_millis(10),
    ..Kind::ours("`save`", "process_items")
};

const TASK_QUEUE: &str = "soak";

/// How often a worker is killed, and how often the other one is looked at.
const KILLED_EVERY: Duration = Duration::from_mins(1);
const LOOKED_AT_EVERY: Duration = Duration::from_secs(5);

/// How long a worker is left idle: threads for blocking work go after 10 s without any.
const IDLE: Duration = Duration::from_secs(15);

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Where, and for how long new activities began.
    pub circumstances: Circumstances,
    /// How many workers were killed.
    pub kills: u32,
    /// What the worker held that lived through.
    pub samples: Samples,
    /// What became of the activities of each kind.
    pub kinds: Vec<Tally>,
}

impl Results {
    /// What must not be.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let of_kinds = self.kinds.iter().flat_map(|kind| kind.broken.clone());
        of_kinds.chain(self.samples.broken()).collect()
    }
}

/// Runs for so many minutes, and judges.
pub async fn run(minutes: u64) -> anyhow::Result<Results> {
    let before_it = Place::now();
    let stage = Stage::open().await?;
    let mut steady = worker(&stage).await?;
    sleep(IDLE).await;
    let before = Sample::of(&mut steady, Duration::ZERO).await?;
    let hitch = Hitch::watch();
    let (end, over) = (CancellationToken::new(), CancellationToken::new());
    let loading = async {
        let shares = load::run(&stage, TASK_QUEUE, &KINDS, &end).await;
        over.cancel();
        shares
    };
    let killing = async {
        let kills = kill_for(&stage, minutes).await;
        end.cancel();
        kills
    };
    let looking = look_until(&mut steady, &over);
    let (shares, (kills, _victim), under_load) = try_join3(loading, killing, looking).await?;
    let longest_hitch = hitch.longest();
    sleep(IDLE).await;
    let after = Sample::of(&mut steady, Duration::from_secs(60 * minutes)).await?;
    ensure!(!steady.has_ended()?, "the worker has ended that lives through");
    let accounts = shares.iter().flat_map(|share| &share.accounts);
    let attempts = accounts.map(|account| 1 + u64::from(account.lost())).sum();
    Ok(Results {
        circumstances: Circumstances::new(minutes, before_it, longest_hitch),
        kills,
        samples: Samples { before, under_load, after, attempts },
        kinds: shares.iter().map(Tally::of).collect(),
    })
}

async fn worker(stage: &Stage) -> anyhow::Result<WorkerProcess> {
    WorkerProcess::start(stage.address(), TASK_QUEUE).await
}

/// Kills a worker each minute, at an instant of its own, and puts another one in its place. Returns how many
/// there were, and the last, which lives.
async fn kill_for(stage: &Stage, minutes: u64) -> anyhow::Result<(u32, WorkerProcess)> {
    let began = Instant::now();
    let mut victim = worker(stage).await?;
    let mut kills = 0;
    for minute in 0..minutes {
        let from = began + KILLED_EVERY * u32::try_from(minute)?;
        sleep_until(from + KILLED_EVERY.mul_f64(fastrand::f64())).await;
        victim.kill().await?;
        victim = worker(stage).await?;
        kills += 1;
        say(&format!("killed a worker, {kills} of {minutes}"));
        sleep_until(from + KILLED_EVERY).await;
    }
    Ok((kills, victim))
}

/// Looks at a worker until the load is over.
async fn look_until(
    worker: &mut WorkerProcess,
    over: &CancellationToken,
) -> anyhow::Result<Vec<Sample>> {
    let began = Instant::now();
    let mut samples = Vec::new();
    while timeout(LOOKED_AT_EVERY, over.cancelled()).await.is_err() {
        samples.push(Sample::of(worker, began.elapsed()).await?);
    }
    Ok(samples)
}
