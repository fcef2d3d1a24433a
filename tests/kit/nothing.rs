//! Checks that would pass whatever the activity does: they say so, rather than prove nothing.

use autobeat::{
    Checkpoint, activity,
    testing::{CancelCheck, ResumeCheck},
};
use temporalio_sdk::activities::ActivityError;

use crate::world::{Job, World, one_an_item, story};

/// Begins from the start each time, which its result does not tell.
#[activity(heartbeat_timeout = "30s")]
async fn returns_nothing(checkpoint: Checkpoint<u64>, job: Job) -> Result<(), ActivityError> {
    for item in 0..job.items {
        job.write(format!("item {item}"));
        checkpoint.save(item + 1)?;
    }
    Ok(())
}

#[test]
fn neither_a_result_nor_effects() {
    let check = || ResumeCheck::in_world(returns_nothing, World::new, World::job);
    let story = story(|| check().run());
    assert!(
        story.contains("`returns_nothing` returns nothing") && story.contains("`.effects(…)`"),
        "{story}"
    );
    // That it completes was asked for.
    check().any_result().run();
    check().effects(World::lines).run();
}

#[test]
fn repeats_of_nothing() {
    let check = || ResumeCheck::in_world(returns_nothing, World::new, World::job);
    let unseen = story(|| check().any_result().repeats_at_most(0).run());
    assert!(unseen.contains("`.repeats_at_most(…)` has nothing to count"), "{unseen}");
    let none = |_: &World| Vec::<u64>::new();
    let elsewhere = story(|| check().effects(none).repeats_at_most(0).run());
    assert!(elsewhere.contains("`.repeats_at_most(…)` has nothing to count"), "{elsewhere}");
    // What must not be left behind is looked at by effects that an undisturbed run has none of.
    check().effects(none).run();
}

#[test]
fn a_case_that_does_not_come_to_pass() {
    let resumes = story(|| {
        let check = ResumeCheck::in_world(returns_nothing, World::new, World::job);
        check.only("crash at save 7 holding 7").run();
    });
    assert!(resumes.contains("this case does not come to pass"), "{resumes}");
    let stops = story(|| {
        let check = CancelCheck::in_world(returns_nothing, World::new, World::job);
        check.only("Paused at save 7").run();
    });
    assert!(stops.contains("this case does not come to pass"), "{stops}");
}

#[test]
fn a_case_that_cannot_be() {
    for case in ["crash at save 0 holding 0", "crash at save 2 holding 3"] {
        let refused = story(|| drop(one_an_item!(returns_nothing).only(case)));
        assert_eq!(refused, format!("`{case}` is no case of this check"));
    }
}

#[test]
fn no_reason_to_stop() {
    let check = CancelCheck::in_world(returns_nothing, World::new, World::job);
    let story = story(|| check.reasons([]).run());
    assert!(story.contains("is told to stop for no reason"), "{story}");
}
