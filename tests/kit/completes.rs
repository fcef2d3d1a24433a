//! Bodies that are told to stop, and complete or clean up: what they have left undone.

use std::time::Duration;

use autobeat::{CancelReason, Cancellation, Checkpoint, activity, testing::CancelCheck};
use temporalio_sdk::activities::ActivityError;
use tokio::{sync::oneshot, time::sleep};

use crate::{
    cancels::{closes_always, step},
    world::{Job, World, story},
};

const SECOND: Duration = Duration::from_secs(1);

// A loop that ends early, as if all were done, where the result does not tell.

#[activity(heartbeat_timeout = "30s")]
async fn returns_early(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        let Ok(item) = item else { return Ok(()) };
        step(job, item).await;
    }
    Ok(())
}

#[test]
fn a_body_that_completes_before_all_is_done() {
    let check = || CancelCheck::in_world(returns_early, World::new, World::job);
    let seen = story(|| check().effects(World::lines).run());
    assert!(seen.contains(r#"it completed, but missing: "item 1", 0× instead of 1×"#), "{seen}");
    let counted = story(|| check().run());
    assert!(counted.contains("it completed, but saved once instead of 6 times"), "{counted}");
    check().may_complete().run();
}

// One that says by its result that it was stopped has to clean up as well.

#[activity(heartbeat_timeout = "30s")]
async fn says_how_many(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        let Ok(item) = item else { break };
        step(job, item).await;
    }
    Ok(checkpoint.get())
}

#[test]
fn a_clean_up_is_asked_of_a_body_that_completes_early() {
    let check = || CancelCheck::in_world(says_how_many, World::new, World::job).may_complete();
    let story = story(|| check().cleaned_up(|_, _| false).run());
    assert!(story.contains("it has not cleaned up"), "{story}");
    // But not of one that was at its end.
    let is_stopped = |world: &World, _| world.lines().len() < 6;
    check().cleaned_up(is_stopped).run();
}

// One that its attribute leaves alone may bring all to its end.

#[activity(heartbeat_timeout = "30s", cancel_grace = "never")]
async fn is_left_alone(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        step(job, item).await;
        checkpoint.save(item + 1).ok();
    }
    Ok(())
}

#[test]
fn a_body_that_is_left_alone_may_go_on() {
    let check = CancelCheck::in_world(is_left_alone, World::new, World::job);
    check.effects(World::lines).run();
}

// A clean-up that can be seen.

#[test]
fn a_clean_up_among_the_effects_is_no_mistake() {
    let check = CancelCheck::in_world(closes_always, World::new, World::job);
    let is_closed = |world: &World, _| world.lines().contains(&"closed".to_owned());
    check.effects(World::lines).cleaned_up(is_closed).run();
}

// A clean-up that waits: for a thread, in real time; by a timer, on the clock that jumps.

#[activity(heartbeat_timeout = "30s", cancel_grace = "5s")]
async fn closes_by_a_thread(cancellation: Cancellation, job: Job) -> anyhow::Result<()> {
    let waited = cancellation.run_until_cancelled(sleep(60 * SECOND)).await;
    let (closed, is_closed) = oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        job.write("closed");
        closed.send(())
    });
    is_closed.await?;
    Ok(waited?)
}

#[activity(heartbeat_timeout = "30s", cancel_grace = "1s")]
async fn closes_too_late_by_a_thread(cancellation: Cancellation, _job: Job) -> anyhow::Result<()> {
    let waited = cancellation.run_until_cancelled(sleep(60 * SECOND)).await;
    if waited.is_err() {
        std::future::pending::<()>().await;
    }
    Ok(waited?)
}

#[test]
fn a_grace_does_not_run_ahead_of_a_thread() {
    let closed = |world: &World, _| world.lines() == ["closed"];
    CancelCheck::in_world(closes_by_a_thread, World::new, World::job).cleaned_up(closed).run();
    let late = || {
        let check = CancelCheck::in_world(closes_too_late_by_a_thread, World::new, World::job);
        check.reasons([CancelReason::Requested])
    };
    let told = story(|| late().run());
    assert!(told.contains("it did not come to its end within its grace"), "{told}");
}

/// Hears of nothing as long as it waits, which it does not for long undisturbed.
#[activity(heartbeat_timeout = "30s", cancel_grace = "100ms")]
async fn waits_where_it_is_told(cancellation: Cancellation, job: Job) -> Result<(), ActivityError> {
    sleep(Duration::from_millis(1)).await;
    if cancellation.is_cancelled() {
        sleep(60 * SECOND).await;
    }
    job.write("done");
    Ok(())
}

#[test]
fn a_grace_in_real_time_is_over_in_time() {
    let check = CancelCheck::in_world(waits_where_it_is_told, World::new, World::job);
    let began = std::time::Instant::now();
    let story = story(|| check.in_real_time().run());
    assert!(story.contains("it did not come to its end within its grace"), "{story}");
    assert!(began.elapsed() < 30 * SECOND, "{:?}", began.elapsed());
}
