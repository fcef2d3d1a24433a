//! Mistakes that show when an attempt is told to stop.

use std::time::Duration;

use autobeat::{CancelReason, Cancellation, Cancelled, Checkpoint, activity, testing::CancelCheck};
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

use crate::world::{Job, World, story};

const SECOND: Duration = Duration::from_secs(1);

/// The check that fits an activity which writes `closed` when it stops, for whatever reason.
macro_rules! closes {
    ($activity:expr) => {
        CancelCheck::in_world($activity, World::new, World::job).cleaned_up(is_closed)
    };
}

fn is_closed(world: &World, _reason: CancelReason) -> bool {
    world.lines().iter().filter(|line| *line == "closed").count() == 1
}

pub(crate) async fn step(job: Job, item: u64) {
    sleep(SECOND).await;
    job.write(format!("item {item}"));
}

// A clean-up that is skipped on a pause.

#[activity(heartbeat_timeout = "30s")]
async fn closes_on_request(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        match item {
            Ok(item) => step(job, item).await,
            Err(cancelled) => {
                if cancelled.is_requested() {
                    job.write("closed");
                }
                return Err(cancelled.into());
            }
        }
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
pub(crate) async fn closes_always(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        match item {
            Ok(item) => step(job, item).await,
            Err(cancelled) => {
                job.write("closed");
                return Err(cancelled.into());
            }
        }
    }
    Ok(())
}

#[test]
fn a_clean_up_that_is_skipped_on_a_pause() {
    let story = story(|| closes!(closes_on_request).run());
    assert!(story.contains("it has not cleaned up"), "{story}");
    assert!(story.contains(r#".only("Paused at await 1")"#), "{story}");
    closes!(closes_always).run();
    closes!(closes_on_request).reasons([CancelReason::Requested]).run();
}

// A clean-up that an early return leaves out.

#[activity(heartbeat_timeout = "30s")]
async fn returns_early(
    checkpoint: Checkpoint<u64>,
    cancellation: Cancellation,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        cancellation.run_until_cancelled(step(job, item)).await?;
        if let Err(cancelled) = checkpoint.save(item + 1) {
            job.write("closed");
            return Err(cancelled.into());
        }
    }
    Ok(())
}

#[test]
fn a_clean_up_that_an_early_return_leaves_out() {
    let story = story(|| closes!(returns_early).run());
    assert!(story.contains("it has not cleaned up"), "{story}");
    assert!(story.contains("at await 1"), "{story}");
}

// A cancellation that is swallowed.

#[activity(heartbeat_timeout = "30s")]
async fn swallows(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        step(job, item).await;
        if checkpoint.save(item + 1).is_err() {
            job.write("told to stop");
        }
    }
    Ok(())
}

#[test]
fn a_cancellation_that_is_swallowed() {
    let check = || CancelCheck::in_world(swallows, World::new, World::job);
    let story = story(|| check().run());
    assert!(story.contains("it went on: it saved 6 times after it was told to stop"), "{story}");
}

// A loop that ends early, as if all were done.

#[activity(heartbeat_timeout = "30s")]
async fn breaks_off(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        let Ok(item) = item else { break };
        step(job, item).await;
    }
    Ok(checkpoint.get())
}

#[test]
fn a_loop_that_breaks_off() {
    let check = || CancelCheck::in_world(breaks_off, World::new, World::job);
    let story = story(|| check().run());
    assert!(story.contains("it completed with 1, and with 6 undisturbed"), "{story}");
    check().may_complete().run();
}

// A grace that is too short for the clean-up.

async fn close(job: Job) {
    sleep(3 * SECOND).await;
    job.write("closed");
}

async fn wait(cancellation: Cancellation, job: Job) -> Result<(), Cancelled> {
    let waited = cancellation.run_until_cancelled(sleep(60 * SECOND)).await;
    if waited.is_err() {
        close(job).await;
    }
    waited
}

#[activity(heartbeat_timeout = "30s", cancel_grace = "2s")]
async fn closes_late(cancellation: Cancellation, job: Job) -> Result<(), ActivityError> {
    Ok(wait(cancellation, job).await?)
}

#[activity(heartbeat_timeout = "30s", cancel_grace = "5s")]
async fn closes_in_time(cancellation: Cancellation, job: Job) -> Result<(), ActivityError> {
    Ok(wait(cancellation, job).await?)
}

#[activity(heartbeat_timeout = "30s", cancel_grace = "2s")]
async fn closes_behind_a_shield(cancellation: Cancellation, job: Job) -> Result<(), ActivityError> {
    let waited = cancellation.run_until_cancelled(sleep(60 * SECOND)).await;
    if waited.is_err() {
        cancellation.shield(close(job)).await;
    }
    Ok(waited?)
}

#[test]
fn a_grace_that_is_too_short() {
    let story = story(|| closes!(closes_late).run());
    assert!(story.contains("it did not come to its end within its grace"), "{story}");
    closes!(closes_in_time).run();
    closes!(closes_behind_a_shield).run();
}

// A failure of its own in place of the cancellation.

#[activity(heartbeat_timeout = "30s")]
async fn fails_instead(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<()> {
    for item in checkpoint.resume(0..job.items) {
        let Ok(item) = item else { anyhow::bail!("interrupted") };
        step(job, item).await;
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn fails_with_a_context(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<()> {
    use anyhow::Context;
    for item in checkpoint.resume(0..job.items) {
        step(job, item.context("interrupted")?).await;
    }
    Ok(())
}

#[test]
fn a_failure_in_place_of_the_cancellation() {
    let check = CancelCheck::in_world(fails_instead, World::new, World::job);
    let story = story(|| check.run());
    assert!(story.contains("interrupted, and not because it was cancelled"), "{story}");
    CancelCheck::in_world(fails_with_a_context, World::new, World::job).run();
}

// A clean-up that throws away what the checkpoint says is done.

#[activity(heartbeat_timeout = "30s")]
async fn clears_on_a_pause(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        match item {
            Ok(item) => step(job, item).await,
            Err(cancelled) => {
                job.clear();
                return Err(cancelled.into());
            }
        }
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn clears_on_request(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        match item {
            Ok(item) => step(job, item).await,
            Err(cancelled) => {
                if cancelled.is_requested() {
                    job.clear();
                }
                return Err(cancelled.into());
            }
        }
    }
    Ok(())
}

#[test]
fn a_clean_up_that_throws_away_what_is_done() {
    let check = CancelCheck::in_world(clears_on_a_pause, World::new, World::job);
    let story = story(|| check.effects(World::lines).run());
    assert!(story.contains(r#"in the attempt after it: missing: "item 0""#), "{story}");
    let check = CancelCheck::in_world(clears_on_request, World::new, World::job);
    let is_clean =
        |world: &World, reason| reason != CancelReason::Requested || world.lines().is_empty();
    check.effects(World::lines).cleaned_up(is_clean).run();
}

// A clean-up that saves more than was done.

#[activity(heartbeat_timeout = "30s")]
async fn saves_too_much(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        step(job, item).await;
        if let Err(cancelled) = checkpoint.save(item + 1) {
            checkpoint.save(item + 2).ok();
            return Err(cancelled.into());
        }
    }
    Ok(())
}

#[test]
fn a_checkpoint_that_no_resume_completes_from() {
    let check = CancelCheck::in_world(saves_too_much, World::new, World::job);
    let story = story(|| check.effects(World::lines).run());
    assert!(story.contains(r#"in the attempt after it: missing: "item 1""#), "{story}");
}

// A blocking body is told at its saves alone; this one does not look before its last.

#[activity(heartbeat_timeout = "30s")]
fn blocks_on(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        job.write(format!("item {item}"));
        let saved = checkpoint.save(item + 1);
        if saved.is_err() && item + 1 == job.items {
            return Ok(saved?);
        }
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
fn blocks(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        job.write(format!("item {item}"));
        if let Err(cancelled) = checkpoint.save(item + 1) {
            job.write("closed");
            return Err(cancelled.into());
        }
    }
    Ok(())
}

#[test]
fn a_blocking_body_that_goes_on() {
    let check = CancelCheck::in_world(blocks_on, World::new, World::job);
    let story = story(|| check.run());
    assert!(story.contains("it went on"), "{story}");
    closes!(blocks).run();
}

// What can be told nothing.

#[activity(heartbeat_timeout = "30s")]
async fn sees_nothing(job: Job) -> Result<(), ActivityError> {
    for item in 0..job.items {
        step(job, item).await;
    }
    Ok(())
}

#[test]
fn a_body_that_cannot_see_its_cancellation_is_dropped_and_that_is_right() {
    CancelCheck::in_world(sees_nothing, World::new, World::job).run();
}

#[activity(heartbeat_timeout = "30s")]
async fn does_nothing(_job: Job) -> Result<(), ActivityError> {
    Ok(())
}

#[test]
fn there_is_nothing_to_check_where_nothing_waits() {
    let check = CancelCheck::in_world(does_nothing, World::new, World::job);
    let story = story(|| check.run());
    assert!(story.contains("neither saves nor waits"), "{story}");
}
