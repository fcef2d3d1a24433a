//! The kit beside other tools, and bodies that do not live by the runtime alone.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use autobeat::{
    Checkpoint, activities, activity,
    testing::{CancelCheck, Event, ResumeCheck, Trial},
};
use proptest::prelude::*;
use rstest::rstest;
use temporalio_common::data_converters::MultiArgs2;
use temporalio_sdk::activities::ActivityError;
use tokio::{sync::oneshot, time::timeout};

use crate::world::{Job, World, one_an_item, story};

#[activity(heartbeat_timeout = "30s")]
async fn copy(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("item {}", item?));
    }
    Ok(job.items)
}

#[rstest]
#[case::one(1)]
#[case::some(7)]
fn it_resumes_in_each_case(#[case] items: u64) {
    let job = move |world: &World| Job { items, ..world.job() };
    ResumeCheck::in_world(copy, World::new, job).effects(World::lines).repeats_at_most(1).run();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn it_resumes_whatever_is_drawn(items in 1_u64..12, seed: u64) {
        let job = move |world: &World| Job { items, ..world.job() };
        let check = ResumeCheck::in_world(copy, World::new, job).effects(World::lines);
        check.repeats_at_most(1).seed(seed).run();
    }
}

#[tokio::test]
async fn it_resumes_within_a_runtime() {
    one_an_item!(copy).run();
    CancelCheck::in_world(copy, World::new, World::job).run();
}

/// Books rows, in memory.
#[derive(Default)]
struct Ledger {
    rows: Mutex<Vec<u64>>,
}

#[activities]
impl Ledger {
    /// Books each row once.
    #[activity(heartbeat_timeout = "30s")]
    async fn book(
        self: Arc<Self>,
        done: Checkpoint<u64>,
        from: u64,
        to: u64,
    ) -> Result<u64, ActivityError> {
        for row in done.resume(from..to) {
            self.rows.lock().unwrap().push(row?);
        }
        Ok(to - from)
    }

    /// Books each after it has saved that it did.
    #[activity(heartbeat_timeout = "30s")]
    async fn book_too_late(
        self: Arc<Self>,
        done: Checkpoint<u64>,
        to: u64,
    ) -> Result<u64, ActivityError> {
        for row in done.get()..to {
            done.save(row + 1)?;
            self.rows.lock().unwrap().push(row);
        }
        Ok(to)
    }

    fn rows(self: &Arc<Self>) -> Vec<u64> {
        self.rows.lock().unwrap().clone()
    }
}

#[test]
fn a_method_is_checked_on_the_instance_of_its_world() {
    let rows = |_: &Arc<Ledger>| MultiArgs2(3, 9);
    let check = ResumeCheck::of_method(Ledger::book, Arc::default, Arc::clone, rows);
    check.effects(Ledger::rows).repeats_at_most(1).run();
    let check = CancelCheck::of_method(Ledger::book, Arc::default, Arc::clone, rows);
    check.effects(Ledger::rows).run();
    let check = ResumeCheck::of_method(Ledger::book_too_late, Arc::default, Arc::clone, |_| 9);
    let story = story(|| check.effects(Ledger::rows).run());
    assert!(story.contains("missing: 0, 0× instead of 1×"), "{story}");
}

/// Leaves an item to a thread of its own, and waits for it, but not for ever.
#[activity(heartbeat_timeout = "30s")]
async fn leave_to_threads(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<()> {
    for item in checkpoint.resume(0..job.items) {
        let item = item?;
        let (done, is_done) = oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1));
            job.write(format!("item {item}"));
            done.send(())
        });
        timeout(Duration::from_secs(30), is_done).await??;
    }
    Ok(())
}

#[test]
fn a_body_that_waits_for_threads_with_a_timeout_is_checked_in_real_time() {
    one_an_item!(leave_to_threads).in_real_time().run();
    let story = story(|| one_an_item!(leave_to_threads).run());
    assert!(story.contains("does not complete undisturbed: it failed"), "{story}");
}

/// Waits for threads without a timeout.
#[activity(heartbeat_timeout = "30s", stall_timeout = "1m", start_to_close_timeout = "2m")]
async fn wait_for_threads(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<()> {
    for item in checkpoint.resume(0..job.items) {
        let item = item?;
        let (done, is_done) = oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1));
            job.write(format!("item {item}"));
            done.send(())
        });
        is_done.await?;
    }
    Ok(())
}

#[test]
fn no_clock_of_the_attempt_runs_ahead_of_a_thread() {
    one_an_item!(wait_for_threads).run();
    let check = || CancelCheck::in_world(wait_for_threads, World::new, World::job);
    check().in_real_time().run();
    // Nor does its grace.
    check().run();
}

/// Does two things an item, the second where the first was not there: a crash between them is no save's.
#[activity(heartbeat_timeout = "30s")]
async fn looks_before_it_leaps(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<()> {
    for item in checkpoint.resume(0..job.items) {
        let item = item?;
        let first = format!("first {item}");
        if !job.lines().contains(&first) {
            job.write(first);
            tokio::task::yield_now().await;
            job.write(format!("second {item}"));
        }
    }
    Ok(())
}

#[test]
fn a_crash_between_two_saves_is_a_trial() {
    let world = World::new();
    let crashed = Trial::of(looks_before_it_leaps, world.job()).at_await(1, Event::Crash).run();
    assert!(crashed.next().run().output().is_some());
    let lines = world.lines();
    assert!(!lines.contains(&"second 0".to_owned()), "the mistake shows: {lines:?}");
}

/// Saves nothing at all.
#[activity(heartbeat_timeout = "30s")]
async fn saves_nothing(_checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    Ok(job.items)
}

/// Does something else each time.
#[activity(heartbeat_timeout = "30s")]
async fn rolls_dice(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    checkpoint.save(job.items)?;
    Ok(job.world)
}

#[test]
fn there_is_nothing_to_check_where_nothing_can_be_compared() {
    let silent = story(|| one_an_item!(saves_nothing).run());
    assert!(silent.contains("saves nothing, so there is nothing"), "{silent}");
    let unsteady = story(|| one_an_item!(rolls_dice).run());
    assert!(unsteady.contains("two undisturbed runs of `rolls_dice` differ already"), "{unsteady}");
    ResumeCheck::in_world(rolls_dice, World::new, World::job).any_result().run();
}
