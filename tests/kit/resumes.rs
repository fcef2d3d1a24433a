//! Mistakes that show when an attempt resumes.

use autobeat::{Checkpoint, Finished, activity, testing::ResumeCheck};
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

// A field that is not saved.

#[derive(Clone, Default, Serialize, Deserialize)]
struct Forgetful {
    done: u64,
    #[serde(skip)]
    sum: u64,
}

#[activity(heartbeat_timeout = "30s")]
async fn forgets_a_field(
    checkpoint: Checkpoint<Forgetful>,
    job: Job,
) -> Result<u64, ActivityError> {
    let mut state = checkpoint.get();
    while state.done < job.items {
        state.sum += state.done;
        state.done += 1;
        checkpoint.save(state.clone())?;
    }
    Ok(state.sum)
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Whole {
    done: u64,
    sum: u64,
}

#[activity(heartbeat_timeout = "30s")]
async fn saves_all_fields(checkpoint: Checkpoint<Whole>, job: Job) -> Result<u64, ActivityError> {
    let mut state = checkpoint.get();
    while state.done < job.items {
        state.sum += state.done;
        state.done += 1;
        checkpoint.save(state.clone())?;
    }
    Ok(state.sum)
}

#[test]
fn a_forgotten_field() {
    let story = story(|| ResumeCheck::in_world(forgets_a_field, World::new, World::job).run());
    assert!(story.contains("and 15 undisturbed"), "{story}");
    ResumeCheck::in_world(saves_all_fields, World::new, World::job).run();
}

// A total that only this attempt knows.

#[activity(heartbeat_timeout = "30s")]
async fn counts_this_attempt(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    let mut count = 0;
    for item in checkpoint.resume(0..job.items) {
        item?;
        count += 1;
    }
    Ok(count)
}

#[activity(heartbeat_timeout = "30s")]
async fn counts_all_attempts(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    for item in checkpoint.resume(0..job.items) {
        item?;
    }
    Ok(checkpoint.get())
}

#[test]
fn a_result_of_this_attempt_alone() {
    let story = story(|| ResumeCheck::in_world(counts_this_attempt, World::new, World::job).run());
    assert!(story.contains("result: "), "{story}");
    ResumeCheck::in_world(counts_all_attempts, World::new, World::job).run();
}

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

// A state that cannot be loaded again.

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Renamed {
    #[serde(rename(serialize = "position", deserialize = "offset"))]
    offset: u64,
}

#[activity(heartbeat_timeout = "30s")]
async fn cannot_load(checkpoint: Checkpoint<Renamed>, job: Job) -> Result<(), ActivityError> {
    for _ in checkpoint.resume_at(0..job.items, |state| &mut state.offset) {}
    Ok(())
}

/// A mean, which at first is none: as JSON, a null, which is taken for no checkpoint at all.
#[activity(heartbeat_timeout = "30s")]
async fn saves_a_null(checkpoint: Checkpoint<f64>, job: Job) -> Result<f64, ActivityError> {
    for item in 0..job.items {
        checkpoint.save(if item < 3 { f64::NAN } else { 1.0 })?;
    }
    Ok(if checkpoint.is_resumed() { 2.0 } else { 1.0 })
}

#[test]
fn a_state_that_cannot_be_loaded_again() {
    let story = story(|| ResumeCheck::in_world(cannot_load, World::new, World::job).run());
    assert!(story.contains("failed (BadCheckpoint)"), "{story}");
}

#[test]
fn a_state_that_cannot_be_told_from_none() {
    let story = story(|| {
        let check = ResumeCheck::in_world(saves_a_null, World::new, World::job);
        check.only("crash at save 4 holding 4").run();
    });
    assert!(story.contains("result: 2.0, and 1.0 undisturbed"), "{story}");
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
