//! Mistakes with a position: which item is the next one, and when it counts as done.

use autobeat::{Checkpoint, activity, testing::ResumeCheck};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;

use crate::world::{Job, World, one_an_item, story};

// An off-by-one: the index of an item instead of how many are done.

#[activity(heartbeat_timeout = "30s")]
async fn saves_the_index(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(item)?;
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn saves_how_many(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn an_off_by_one() {
    let story = story(|| one_an_item!(saves_the_index).run());
    assert!(story.contains("effects done again: 1, of which 0 may be"), "{story}");
    assert!(story.contains(r#"repeated: "item 0", 2× instead of 1×"#), "{story}");
    assert!(story.contains(r#".only("crash at save 1 holding 1")"#), "{story}");
    one_an_item!(saves_how_many).run();
}

// The pattern's listing with a cancellation sends the index of the line at hand before the work on it. That
// is one behind and loses nothing: it goes on at that line. Who reads it as how many are done loses one.

#[activity(heartbeat_timeout = "30s")]
async fn sends_before_the_work(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        checkpoint.save(item)?;
        job.write(format!("item {item}"));
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn reads_it_as_done(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    let next = if checkpoint.is_resumed() { checkpoint.get() + 1 } else { 0 };
    for item in next..job.items {
        checkpoint.save(item)?;
        job.write(format!("item {item}"));
    }
    Ok(())
}

#[test]
fn the_off_by_one_of_the_listing() {
    let story = story(|| one_an_item!(reads_it_as_done).run());
    assert!(story.contains(r#"missing: "item 0", 0× instead of 1×"#), "{story}");
    one_an_item!(sends_before_the_work).run();
}

// A save before the work.

#[activity(heartbeat_timeout = "30s")]
async fn saves_before(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        checkpoint.save(item + 1)?;
        job.write(format!("item {item}"));
    }
    Ok(())
}

#[test]
fn a_save_before_the_work() {
    let story = story(|| one_an_item!(saves_before).run());
    assert!(story.contains(r#"missing: "item 0", 0× instead of 1×"#), "{story}");
}

// A position that is read twice: what is left out is left out once more.

#[activity(heartbeat_timeout = "30s")]
async fn reads_its_position_twice(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    let left = checkpoint.get()..job.items;
    let skip = usize::try_from(checkpoint.get())?;
    for item in left.skip(skip) {
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn a_position_that_is_read_twice() {
    let story = story(|| one_an_item!(reads_its_position_twice).run());
    assert!(story.contains(r#"missing: "item 1""#), "{story}");
}

// Two loops over one position.

#[activity(heartbeat_timeout = "30s")]
async fn two_loops(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for table in ["users", "orders"] {
        for row in checkpoint.get()..job.items {
            job.write(format!("{table} {row}"));
            checkpoint.save(row + 1)?;
        }
        checkpoint.save(0)?;
    }
    Ok(())
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Two {
    users: u64,
    orders: u64,
}

#[activity(heartbeat_timeout = "30s")]
async fn two_positions(checkpoint: Checkpoint<Two>, job: Job) -> Result<(), ActivityError> {
    for row in checkpoint.resume_at(0..job.items, |state| &mut state.users) {
        job.write(format!("users {}", row?));
    }
    for row in checkpoint.resume_at(0..job.items, |state| &mut state.orders) {
        job.write(format!("orders {}", row?));
    }
    Ok(())
}

#[test]
fn two_loops_over_one_position() {
    let story = story(|| one_an_item!(two_loops).run());
    assert!(story.contains(r#"repeated: "users 1", 2× instead of 1×"#), "{story}");
    one_an_item!(two_positions).run();
}

// A checkpoint that nobody reads.

#[activity(heartbeat_timeout = "30s")]
async fn begins_afresh(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in 0..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn a_checkpoint_that_is_not_read() {
    let story = story(|| one_an_item!(begins_afresh).run());
    assert!(story.contains("effects done again"), "{story}");
}

// What is saved after a resumption counts from there: it shows at the second crash.

#[activity(heartbeat_timeout = "30s")]
async fn counts_from_the_resumption(
    checkpoint: Checkpoint<u64>,
    job: Job,
) -> Result<(), ActivityError> {
    let left = checkpoint.get()..job.items;
    for (count, item) in (1..).zip(left) {
        job.write(format!("item {item}"));
        checkpoint.save(count)?;
    }
    Ok(())
}

#[test]
fn a_position_that_counts_from_the_resumption() {
    let story = story(|| one_an_item!(counts_from_the_resumption).run());
    assert!(story.contains("attempt 3 "), "{story}");
    assert!(story.contains(", crash at save "), "{story}");
}

// A blocking body, which holds a paused clock still.

#[activity(heartbeat_timeout = "30s")]
fn blocks_and_saves_before(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.get()..job.items {
        checkpoint.save(item + 1)?;
        job.write(format!("item {item}"));
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
fn blocks(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        let item = item?;
        std::thread::sleep(std::time::Duration::from_micros(10));
        job.write(format!("item {item}"));
    }
    Ok(())
}

#[test]
fn a_body_that_blocks() {
    let story = story(|| one_an_item!(blocks_and_saves_before).run());
    assert!(story.contains(r#"missing: "item 0""#), "{story}");
    one_an_item!(blocks).run();
}

// Many saves: up to 200 are all tried, of more some are drawn.

#[test]
fn two_hundred_saves_are_all_tried() {
    let job = |world: &World| Job { items: 200, ..world.job() };
    let check = || ResumeCheck::in_world(saves_how_many, World::new, job).effects(World::lines);
    check().repeats_at_most(1).run();
    let late = ResumeCheck::in_world(errs_at_the_199th, World::new, job).effects(World::lines);
    let story = story(|| late.run());
    assert!(story.contains(r#".only("crash at save 199 holding 199")"#), "{story}");
}

/// Leaves an item out where it goes on there.
#[activity(heartbeat_timeout = "30s")]
async fn errs_at_the_199th(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    let begin = checkpoint.get();
    for item in begin + u64::from(begin == 199)..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn a_thousand_saves_are_drawn() {
    let job = |world: &World| Job { items: 1_000, ..world.job() };
    let check = || ResumeCheck::in_world(saves_how_many, World::new, job).effects(World::lines);
    check().repeats_at_most(1).run();
    let story = story(|| {
        let check = ResumeCheck::in_world(saves_before, World::new, job).effects(World::lines);
        check.seed(7).run();
    });
    assert!(story.contains("`.seed(7)`"), "{story}");
}

#[test]
fn the_same_seed_is_the_same_story() {
    let check = |seed| {
        let job = |world: &World| Job { items: 1_000, ..world.job() };
        let check = ResumeCheck::in_world(errs_late, World::new, job).effects(World::lines);
        story(|| check.seed(seed).run())
    };
    assert_eq!(check(1), check(1));
    assert_ne!(check(1), check(2));
}

/// Leaves an item out where it goes on in the second half.
#[activity(heartbeat_timeout = "30s")]
async fn errs_late(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    let begin = checkpoint.get();
    for item in begin + u64::from(begin > 500)..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

// By key, with two kinds of effects.

#[derive(Clone, Default, Serialize, Deserialize)]
struct Last {
    id: Option<u64>,
    failed: u64,
}

#[activity(heartbeat_timeout = "30s")]
async fn by_key(checkpoint: Checkpoint<Last>, job: Job) -> anyhow::Result<u64> {
    let mut items = checkpoint.resume_after(0..job.items, |state| &mut state.id, |item| *item);
    while let Some(item) = items.next() {
        let item = item?;
        job.write(format!("tried {item}"));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        if item % 3 == 0 {
            items.state().failed += 1;
        } else {
            job.write(format!("done {item}"));
        }
    }
    Ok(items.state().failed)
}

#[test]
fn a_loop_by_key_resumes() {
    one_an_item!(by_key).run();
}
