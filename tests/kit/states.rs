//! Mistakes with a state: what it leaves out, and what does not come back as it was saved.

use std::collections::HashMap;

use autobeat::{
    Checkpoint, activity,
    testing::{Event, ResumeCheck, Trial},
};
use serde::{Deserialize, Serialize, Serializer};
use temporalio_sdk::activities::ActivityError;

use crate::world::{Job, World, one_an_item, story};

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

// A state that is taken for none, as the story says.

#[activity(heartbeat_timeout = "30s")]
async fn saves_that_it_began(
    checkpoint: Checkpoint<Option<()>>,
    job: Job,
) -> Result<(), ActivityError> {
    if !checkpoint.is_resumed() {
        job.write("begun");
        checkpoint.save(Some(()))?;
    }
    job.write_once("ended");
    Ok(())
}

#[test]
fn a_null_is_told_as_what_it_is() {
    let story = story(|| one_an_item!(saves_that_it_began).run());
    assert!(story.contains("attempt 2 starts from a null, which is taken for nothing"), "{story}");
}

// A state that no server ever gets.

#[activity(heartbeat_timeout = "30s")]
async fn has_keys_that_are_no_text(
    checkpoint: Checkpoint<HashMap<(u8, u8), u64>>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get().len() as u64..job.items {
        job.write(format!("item {item}"));
        checkpoint.update(|done| done.extend([((0, u8::try_from(item).unwrap()), item)]))?;
    }
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn saves_the_data(
    checkpoint: Checkpoint<Vec<String>>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get().len() as u64..job.items {
        job.write(format!("item {item}"));
        checkpoint.update(|data| data.push("data".repeat(200_000)))?;
    }
    Ok(())
}

/// Cannot be serialised where it is 3.
#[derive(Clone, Default, Deserialize)]
struct Panics(u64);

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 3);
        serializer.serialize_u64(self.0)
    }
}

#[activity(heartbeat_timeout = "30s")]
async fn panics_when_serialised(
    checkpoint: Checkpoint<Panics>,
    job: Job,
) -> Result<(), ActivityError> {
    for item in checkpoint.get().0..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(Panics(item + 1))?;
    }
    Ok(())
}

#[test]
fn a_state_that_cannot_be_sent() {
    let no_text = story(|| one_an_item!(has_keys_that_are_no_text).run());
    assert!(no_text.contains("failed (CheckpointInvalid)"), "{no_text}");
    let too_large = story(|| one_an_item!(saves_the_data).run());
    assert!(too_large.contains("failed (CheckpointTooLarge)"), "{too_large}");
    assert!(too_large.contains("the server at most 2097152: keep positions"), "{too_large}");
    let panics = story(|| one_an_item!(panics_when_serialised).run());
    assert!(
        panics.contains("the checkpoint panicked when it was cloned or serialised"),
        "{panics}"
    );
}

#[test]
fn a_trial_ends_where_its_checkpoint_cannot_be_sent() {
    let world = World::new();
    let large = Trial::of(saves_the_data, world.job()).after_save(3, Event::Heartbeat).run();
    assert_eq!(large.failure_type(), Some("CheckpointTooLarge"));
    assert!(!large.is_retried());
}
