//! Mistakes with what is done: twice, not at all, or out of what is kept in memory alone.

use autobeat::{Checkpoint, Finished, activity, testing::ResumeCheck};
use temporalio_sdk::activities::ActivityError;

use crate::world::{Job, World, one_an_item, story};

// An effect that may not be done twice.

#[activity(heartbeat_timeout = "30s")]
async fn pays(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("paid {}", item?));
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn pays_by_key(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        job.write_once(&format!("paid {}", item?));
    }
    Ok(())
}

#[test]
fn an_effect_that_is_not_idempotent() {
    let story = story(|| one_an_item!(pays).repeats_at_most(0).run());
    assert!(story.contains("effects done again: 1, of which 0 may be"), "{story}");
    one_an_item!(pays_by_key).repeats_at_most(0).run();
}

// A key that repeats: it counts from the beginning in each attempt.

#[activity(heartbeat_timeout = "30s")]
async fn keys_of_an_attempt(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for (key, item) in checkpoint.resume(0..job.items).enumerate() {
        let _item = item?;
        job.write_once(&format!("key {key}"));
    }
    Ok(())
}

#[test]
fn a_key_that_repeats() {
    let story = story(|| one_an_item!(keys_of_an_attempt).run());
    assert!(story.contains(r#"missing: "key 5""#), "{story}");
    one_an_item!(pays_by_key).run();
}

// What is kept in memory until the end.

#[activity(heartbeat_timeout = "30s")]
async fn buffers(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    let mut buffer = Vec::new();
    for item in checkpoint.resume(0..job.items) {
        buffer.push(format!("item {}", item?));
    }
    for line in buffer {
        job.write(line);
    }
    Ok(())
}

#[test]
fn a_buffer_that_is_lost() {
    let story = story(|| one_an_item!(buffers).run());
    assert!(story.contains(r#"missing: "item 0""#), "{story}");
}

// A beginning that is done again, over what was done.

#[activity(heartbeat_timeout = "30s")]
async fn clears_at_the_beginning(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    job.clear();
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("item {}", item?));
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn clears_once(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    if !checkpoint.is_resumed() {
        job.clear();
    }
    for item in checkpoint.resume(0..job.items) {
        job.write(format!("item {}", item?));
    }
    Ok(())
}

#[test]
fn a_beginning_that_is_done_again() {
    let story = story(|| one_an_item!(clears_at_the_beginning).run());
    assert!(story.contains(r#"missing: "item 0""#), "{story}");
    one_an_item!(clears_once).run();
}

// Several at once.

#[activity(heartbeat_timeout = "30s")]
async fn several_at_once(checkpoint: Checkpoint<Finished>, job: Job) -> Result<(), ActivityError> {
    let work = async |item| {
        job.write(format!("item {item}"));
        tokio::time::sleep(std::time::Duration::from_secs(item % 3)).await;
        Ok::<_, ActivityError>(())
    };
    checkpoint.resume_concurrent(0..job.items, 3, work).await
}

#[test]
fn as_many_repeats_as_are_on_their_way_are_no_mistake() {
    one_an_item!(several_at_once).repeats_at_most(3).run();
    let story = story(|| one_an_item!(several_at_once).run());
    assert!(story.contains("effects done again"), "{story}");
}

// One save for several items, an effect before the first of them, and one after the last.

#[activity(heartbeat_timeout = "30s")]
async fn saves_now_and_then(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    if !checkpoint.is_resumed() {
        job.write("begun");
    }
    for item in checkpoint.get()..job.items {
        job.write(format!("item {item}"));
        if (item + 1).is_multiple_of(4) {
            checkpoint.save(item + 1)?;
        }
    }
    job.write("ended");
    Ok(())
}

/// One item before what was saved.
#[activity(heartbeat_timeout = "30s")]
async fn goes_back(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get().saturating_sub(1)..job.items {
        job.write(format!("item {item}"));
        if (item + 1).is_multiple_of(4) {
            checkpoint.save(item + 1)?;
        }
    }
    Ok(())
}

#[test]
fn what_no_save_stands_for_yet_may_be_done_again() {
    let job = |world: &World| Job { items: 10, ..world.job() };
    let check = || ResumeCheck::in_world(saves_now_and_then, World::new, job);
    check().effects(World::lines).repeats_at_most(1).run();
    let back = || ResumeCheck::in_world(goes_back, World::new, job).effects(World::lines);
    let story = story(|| back().repeats_at_most(1).run());
    assert!(story.contains("effects done again: 1, of which 0 may be"), "{story}");
}

// Several at once, each a task of its own.

#[activity(heartbeat_timeout = "30s")]
async fn in_tasks(checkpoint: Checkpoint<Finished>, job: Job) -> anyhow::Result<()> {
    let work = async |item: u64| {
        let task = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(item % 3)).await;
            job.write(format!("item {item}"));
        });
        anyhow::Ok(task.await?)
    };
    checkpoint.resume_concurrent(0..job.items, 3, work).await
}

#[test]
fn tasks_of_a_body_die_with_it() {
    one_an_item!(in_tasks).repeats_at_most(3).run();
}

// What was committed is never lost.

#[activity(heartbeat_timeout = "30s")]
async fn commits(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        checkpoint.commit(item + 1).await?;
        job.write_once(&format!("item {item}"));
    }
    Ok(())
}

#[test]
fn a_commit_before_the_work_loses_it() {
    let story = story(|| one_an_item!(commits).run());
    assert!(story.contains(r#"missing: "item 0""#), "{story}");
}
