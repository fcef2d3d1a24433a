//! The activities under test: each does what its plan says, and writes down what happens to it.

use std::{path::PathBuf, thread, time::Duration};

use anyhow::anyhow;
use autobeat::{Cancelled, Checkpoint, activity};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptionsBuilder,
    activities::{ActivityContext, ActivityError},
    worker_options_builder,
};
use tokio::{
    runtime::Handle,
    time::{Interval, interval},
};

use crate::{
    ledger::{Ledger, Scribe},
    variants::{Variants, by_hand, wrapped},
};

/// What an activity under test does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The file of its [`Ledger`].
    pub ledger: PathBuf,
    /// How many items there are.
    pub items: u64,
    /// How long one takes.
    pub item_time: Duration,
    /// What happens between items.
    pub steps: Vec<Step>,
}

/// What happens in one attempt beside its items.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The attempt, counted by the server.
    pub attempt: u32,
    /// Before this item, right after the save of the one before it; or first of all.
    pub before: Option<u64>,
    /// What happens.
    pub action: Action,
}

/// What an activity under test can do beside its items.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Action {
    /// Do nothing for this long, whatever is requested meanwhile.
    Sleep(Duration),
    /// Return an error.
    Fail,
    /// Panic.
    Panic,
    /// From now on, clean up for this long after a cancellation.
    CleanUpFor(Duration),
    /// From now on, complete when cancelled.
    CompleteAnyway,
    /// Block the thread.
    BlockThread(Duration),
    /// Ask for a heartbeat, and block the thread before it can go out.
    CommitAndBlockThread(Duration),
    /// Block every thread of the runtime.
    BlockRuntime(Duration),
}

impl Plan {
    /// This many items, each taking this long.
    #[must_use]
    pub fn new(ledger: &Ledger, items: u64, item_time: Duration) -> Self {
        Self { ledger: ledger.path().to_owned(), items, item_time, steps: Vec::new() }
    }

    /// Adds what happens in an attempt before an item.
    #[must_use]
    pub fn before(mut self, attempt: u32, item: u64, action: Action) -> Self {
        self.steps.push(Step { attempt, before: Some(item), action });
        self
    }

    /// Adds what happens in an attempt first of all, wherever it starts from.
    #[must_use]
    pub fn first(mut self, attempt: u32, action: Action) -> Self {
        self.steps.push(Step { attempt, before: None, action });
        self
    }
}

/// Every activity of this module, for a worker.
pub fn register<S: worker_options_builder::State>(
    options: WorkerOptionsBuilder<S>,
) -> WorkerOptionsBuilder<S> {
    options
        .register_activities(process_items)
        .register_activities(process_items_or_stall)
        .register_activities(process_items_in_turns)
        .register_activities(commit_items)
        .register_activities(block_items)
        .register_activities(block_items_or_stall)
        .register_activities(Variants)
        .register_activities(wrapped())
        .register_activities(by_hand())
}

/// Does its items one by one, saving after each.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "5m")]
pub async fn process_items(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    let mut attempt = Attempt::begin(&checkpoint, &context, plan)?;
    attempt.act(&checkpoint, None).await?;
    for item in checkpoint.get()..attempt.plan.items {
        attempt.act(&checkpoint, Some(item)).await?;
        attempt.pace.tick().await;
        attempt.scribe.item(item)?;
        let saved = checkpoint.save(item + 1);
        if saved.is_err() && attempt.completes_anyway {
            break;
        }
        attempt.heed(saved).await?;
    }
    attempt.complete()
}

/// As [`process_items`], with a limit to how long it may go without progress.
#[activity(
    heartbeat_timeout = "2s",
    start_to_close_timeout = "5m",
    stall_timeout = "1s",
    cancel_grace = "200ms"
)]
pub async fn process_items_or_stall(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    process_items::call(checkpoint, context, plan).await
}

/// As [`process_items`], half a second at a time.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "5m", max_runtime = "500ms")]
pub async fn process_items_in_turns(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    process_items::call(checkpoint, context, plan).await
}

/// Does its items one by one, and writes each down only after the server has acknowledged it.
#[activity(heartbeat_timeout = "1s", start_to_close_timeout = "5m")]
pub async fn commit_items(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    let mut attempt = Attempt::begin(&checkpoint, &context, plan)?;
    for item in checkpoint.get()..attempt.plan.items {
        attempt.pace.tick().await;
        attempt.heed(checkpoint.commit(item + 1).await).await?;
        attempt.scribe.item(item)?;
    }
    attempt.complete()
}

/// As [`process_items`], in a function that blocks its thread; every hundredth item is committed.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "5m")]
pub fn block_items(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    let number = context.info().attempt;
    let scribe = Ledger::new(&plan.ledger).of_attempt(number).map_err(anyhow::Error::from)?;
    scribe.begin(checkpoint.get()).map_err(anyhow::Error::from)?;
    let heed = |saved: Result<(), Cancelled>| -> anyhow::Result<()> {
        if let Err(cancelled) = &saved {
            scribe.note(&format!("cancelled-{:?}", cancelled.reason()))?;
        }
        Ok(saved?)
    };
    for item in checkpoint.get()..plan.items {
        match plan.steps.iter().find(|step| step.attempt == number && step.before == Some(item)) {
            Some(Step { action: Action::BlockThread(time), .. }) => thread::sleep(*time),
            Some(Step { action: Action::Panic, .. }) => panic!("panicked as planned"),
            _ => {}
        }
        thread::sleep(plan.item_time);
        scribe.item(item).map_err(anyhow::Error::from)?;
        let commits = item % 100 == 99;
        heed(if commits {
            checkpoint.commit_blocking(item + 1)
        } else {
            checkpoint.save(item + 1)
        })?;
    }
    Ok(plan.items)
}

/// As [`block_items`], with a limit to how long it may go without progress.
#[activity(heartbeat_timeout = "2s", stall_timeout = "1s", cancel_grace = "200ms")]
pub fn block_items_or_stall(
    checkpoint: Checkpoint<u64>,
    context: ActivityContext,
    plan: Plan,
) -> Result<u64, ActivityError> {
    block_items::call(checkpoint, context, plan)
}

/// Blocks all the threads that could run a task.
fn block_runtime(time: Duration) {
    // One more than there are other threads: the newest of them waits for this one.
    for _ in 0..Handle::current().metrics().num_workers() {
        tokio::spawn(async move { thread::sleep(time) });
    }
    thread::sleep(time);
}

/// An attempt as its ledger sees it.
struct Attempt {
    number: u32,
    plan: Plan,
    scribe: Scribe,
    pace: Interval,
    clean_up: Duration,
    completes_anyway: bool,
    ended: bool,
}

impl Attempt {
    fn begin(
        checkpoint: &Checkpoint<u64>,
        context: &ActivityContext,
        plan: Plan,
    ) -> anyhow::Result<Self> {
        let number = context.info().attempt;
        let scribe = Ledger::new(&plan.ledger).of_attempt(number)?;
        scribe.begin(checkpoint.get())?;
        // Late items are made up for, so that this many take as long as they should.
        let pace = interval(plan.item_time);
        let clean_up = Duration::ZERO;
        Ok(Self { number, plan, scribe, pace, clean_up, completes_anyway: false, ended: false })
    }

    /// Does what is planned before an item, or first of all.
    async fn act(&mut self, checkpoint: &Checkpoint<u64>, item: Option<u64>) -> anyhow::Result<()> {
        let due = |step: &&Step| step.attempt == self.number && step.before == item;
        let Some(step) = self.plan.steps.iter().find(due) else { return Ok(()) };
        match step.action {
            Action::Sleep(time) => tokio::time::sleep(time).await,
            Action::Fail => return Err(anyhow!("failed as planned, before {item:?}")),
            Action::Panic => panic!("panicked as planned, before {item:?}"),
            Action::CleanUpFor(time) => self.clean_up = time,
            Action::CompleteAnyway => self.completes_anyway = true,
            Action::BlockThread(time) => {
                thread::sleep(time);
                self.scribe.note("woken")?;
            }
            Action::CommitAndBlockThread(time) => {
                let _ = checkpoint.commit(checkpoint.get()).now_or_never();
                thread::sleep(time);
                self.scribe.note("woken")?;
            }
            Action::BlockRuntime(time) => {
                block_runtime(time);
                self.scribe.note("woken")?;
            }
        }
        Ok(())
    }

    /// Writes down the reason of a cancellation, and passes it on after the clean-up.
    async fn heed(&mut self, saved: Result<(), Cancelled>) -> anyhow::Result<()> {
        if let Err(cancelled) = &saved {
            self.scribe.note(&format!("cancelled-{:?}", cancelled.reason()))?;
            tokio::time::sleep(self.clean_up).await;
            self.ended = true;
        }
        Ok(saved?)
    }

    fn complete(&mut self) -> Result<u64, ActivityError> {
        self.ended = true;
        self.scribe.note("completed")?;
        Ok(self.plan.items)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.ended {
            // By an error of its own, a panic, or from outside.
            let _ = self.scribe.note("dropped");
        }
    }
}
