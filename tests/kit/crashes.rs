//! What a crash is to a body: that catches panics, whose destructors save, that goes on from one checkpoint
//! again and again, or never again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    time::Duration,
};

use autobeat::{
    Checkpoint, activity,
    testing::{Event, ResumeCheck, Trial},
};
use futures_util::FutureExt;
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

use crate::world::{Job, World, one_an_item, story};

const SECOND: Duration = Duration::from_secs(1);

// A body that catches panics, and the crash with them.

#[activity(heartbeat_timeout = "30s")]
async fn tries_until_it_does_not_panic(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        let once = || {
            job.write_once(&format!("item {item}"));
            checkpoint.save(item + 1).ok();
        };
        while catch_unwind(AssertUnwindSafe(once)).is_err() {}
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
fn tries_on_a_thread(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        checkpoint.touch()?;
        let once = || checkpoint.save(item + 1).is_ok();
        while catch_unwind(AssertUnwindSafe(once)).is_err() {}
        job.write(format!("item {item}"));
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn leaves_out_what_panics(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        let work = async {
            job.write(format!("item {item}"));
            checkpoint.save(item + 1)
        };
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            job.write(format!("left out {item}"));
        }
        sleep(SECOND).await;
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn saves_outside_of_what_is_caught(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        let item = item?;
        let work = async { job.write(format!("item {item}")) };
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            job.write(format!("left out {item}"));
        }
    }
    Ok(())
}

#[test]
fn a_body_that_catches_the_crash_is_told_so() {
    const SAID: &str = "the body catches panics around a `save`";
    let stories = [
        story(|| one_an_item!(tries_until_it_does_not_panic).run()),
        story(|| one_an_item!(tries_on_a_thread).run()),
        story(|| one_an_item!(leaves_out_what_panics).run()),
    ];
    assert!(stories.iter().all(|story| story.contains(SAID)), "{stories:?}");
    let trial = story(|| {
        let world = World::new();
        let trial = Trial::of(leaves_out_what_panics, world.job());
        let _ = trial.after_save(2, Event::Crash).run();
    });
    assert!(trial.contains(SAID), "{trial}");
    one_an_item!(saves_outside_of_what_is_caught).run();
}

// A destructor that saves.

struct SavesWhenDropped(Checkpoint<u64>);

impl Drop for SavesWhenDropped {
    fn drop(&mut self) {
        let done = self.0.get();
        self.0.save(done).ok();
    }
}

#[activity(heartbeat_timeout = "30s")]
async fn saves_in_a_destructor(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    let _saves = SavesWhenDropped(checkpoint.clone());
    let working = checkpoint.clone();
    // It is the task that crashes; the body is dropped as it waits.
    let task = tokio::spawn(async move {
        for item in working.resume(0..job.items) {
            job.write(format!("item {}", item?));
            sleep(SECOND).await;
        }
        Ok(())
    });
    task.await?
}

#[test]
fn a_destructor_that_saves_ends_no_test() {
    one_an_item!(saves_in_a_destructor).run();
    let world = World::new();
    let crashed = Trial::of(saves_in_a_destructor, world.job()).at(3 * SECOND / 2, Event::Crash);
    let crashed = crashed.run();
    assert!(crashed.is_crashed());
    assert!(crashed.next().run().output().is_some());
}

// What an attempt does before its first item is done again where two go on from one checkpoint.

/// What was moved, and in which world.
static MOVED: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

#[activity(heartbeat_timeout = "30s")]
async fn moves_away_what_is_done(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<()> {
    if checkpoint.is_resumed() {
        let part = (job.world, checkpoint.get());
        let mut moved = MOVED.lock().unwrap();
        anyhow::ensure!(!moved.contains(&part), "it was moved already");
        moved.push(part);
    }
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("item {}", item?));
    }
    Ok(())
}

#[test]
fn two_attempts_that_go_on_from_one_checkpoint() {
    let story = story(|| one_an_item!(moves_away_what_is_done).run());
    let case = r#".only("crash at save 1 holding 1, crash at save 1 holding 0")"#;
    assert!(story.contains("it was moved already") && story.contains(case), "{story}");
}

// A body that waits for what does not come, after a crash alone.

#[activity(heartbeat_timeout = "30s")]
async fn waits_for_ever_where_it_resumes(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        if checkpoint.is_resumed() && item == 3 {
            std::future::pending::<()>().await;
        }
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn a_body_that_waits_for_ever_is_given_up() {
    let story = story(|| one_an_item!(waits_for_ever_where_it_resumes).run());
    assert!(
        story.contains("attempt 2 starts from 1, saves 2 times, and did nothing for 10 s"),
        "{story}"
    );
    assert!(story.contains("what it waits for does not come"), "{story}");
}

#[activity(heartbeat_timeout = "30s")]
fn saves_for_ever_where_it_resumes(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        while checkpoint.is_resumed() && item == 3 {
            checkpoint.save(item)?;
        }
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn a_body_that_saves_for_ever_is_given_up() {
    let story = story(|| one_an_item!(saves_for_ever_where_it_resumes).run());
    assert!(story.contains("saved 1000000 times, and was given up"), "{story}");
}

/// Is ready at its eighth attempt.
#[activity(heartbeat_timeout = "30s")]
async fn polls(checkpoint: Checkpoint<u64>, job: Job) -> anyhow::Result<u64> {
    checkpoint.save(checkpoint.get() + 1)?;
    anyhow::ensure!(checkpoint.get() > job.items, "not ready");
    Ok(job.items)
}

#[test]
fn an_activity_that_fails_again_and_again_is_given_up() {
    let story = story(|| one_an_item!(polls).run());
    assert!(story.contains("not ready (attempt 4, the last one)"), "{story}");
    let job = |world: &World| Job { items: 2, ..world.job() };
    ResumeCheck::in_world(polls, World::new, job).run();
}

// As many attempts as the attribute allows.

#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1h", max_attempts = 1)]
async fn has_one_attempt(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("item {}", item?));
    }
    Ok(())
}

/// Its third attempt would do more, but there is none.
#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1h", max_attempts = 2)]
async fn has_two_attempts(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("item {}", item?));
    }
    Ok(())
}

#[test]
fn no_attempt_follows_the_last_one_that_is_allowed() {
    let once = story(|| one_an_item!(has_one_attempt).run());
    assert!(once.contains("it has `max_attempts = 1`, so no attempt follows a crash"), "{once}");
    one_an_item!(has_two_attempts).run();
}

// A body that needs a runtime of several threads.

#[activity(heartbeat_timeout = "30s")]
async fn blocks_in_place(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        let item = item?;
        tokio::task::block_in_place(|| job.write(format!("item {item}")));
    }
    Ok(())
}

#[test]
fn a_body_that_blocks_in_place_is_checked_in_real_time() {
    one_an_item!(blocks_in_place).in_real_time().run();
}
