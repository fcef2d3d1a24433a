//! Two loops: which are one after the other over the same items, and which would lose some.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// What a piece of a program says when it panics.
pub(super) fn panic_of<R>(program: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(program)).err().expect("it panics");
    let words = payload.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words.or_else(|| payload.downcast_ref::<String>().cloned()).expect("with a message")
}

#[test]
fn a_second_loop_over_one_position_leaves_nothing_out_without_a_word() {
    for second in [0..3, 0..9, 0..1] {
        let (checkpoint, _) = checkpoint(None);
        assert_eq!(checkpoint.resume(0..3).map(Result::unwrap).count(), 3);
        let words = panic_of(|| checkpoint.resume(second).count());
        assert!(words.contains("came to its end") && words.contains("`resume_at`"), "{words}");
        assert_eq!(checkpoint.get(), 3, "the first one's work is kept");
    }
}

#[test]
fn the_next_attempt_finds_the_same_mistake() {
    let (checkpoint, _) = checkpoint(Some(3));
    assert_eq!(checkpoint.resume(0..3).count(), 0);
    panic_of(|| checkpoint.resume(0..9));
}

#[test]
fn a_loop_that_was_left_early_is_begun_again() {
    let (checkpoint, _) = checkpoint(None);
    let mut seen = Vec::new();
    let mut first = checkpoint.resume(0..5);
    for item in first.by_ref().take(3) {
        seen.push(item.unwrap());
    }
    // Still there, as after a `break` out of `while let`, and never asked again.
    seen.extend(checkpoint.resume(0..5).map(Result::unwrap));
    assert_eq!(seen, [0, 1, 2, 2, 3, 4], "the one that it was left in is done again");
    assert_eq!(checkpoint.get(), 5);
}

#[test]
fn other_items_after_a_loop_that_was_left_early_are_known_by_their_number() {
    let (checkpoint, _) = checkpoint(None);
    checkpoint.resume(0..5).nth(2).unwrap().unwrap();
    let words = panic_of(|| checkpoint.resume(0..6));
    assert!(words.contains("another number of items"), "{words}");
}

#[test]
fn each_field_is_a_position_of_its_own() {
    let (checkpoint, _) = checkpoint(None);
    let first = checkpoint.resume_at(0..3, |state: &mut (u64, Vec<u64>)| &mut state.0);
    assert_eq!(first.map(Result::unwrap).count(), 3);
    checkpoint.update(|(_, more)| more.extend([0, 0])).unwrap();
    // Behind a pointer, where no address tells two fields apart.
    assert_eq!(checkpoint.resume_at(0..4, |state| &mut state.1[0]).count(), 4);
    assert_eq!(checkpoint.resume_at(0..5, |state| &mut state.1[1]).count(), 5);
    assert_eq!(checkpoint.get(), (3, vec![4, 5]));
    panic_of(|| checkpoint.resume_at(0..4, |state| &mut state.1[0]));
    panic_of(|| checkpoint.resume_stream_at(stream::iter(0..3), |state| &mut state.0));
}

#[test]
fn each_field_goes_on_where_it_was_whatever_became_of_another() {
    let (fields, _) = checkpoint(Some((1, 2)));
    assert_eq!(fields.resume_at(0..3, |state| &mut state.0).count(), 2);
    let left: Vec<_> = fields.resume_at(0..5, |state| &mut state.1).map(Result::unwrap).collect();
    assert_eq!(left, [2, 3, 4], "the other one came to its end");

    let (behind, _) = checkpoint(Some(vec![1, 2]));
    assert_eq!(behind.resume_at(0..3, |state| &mut state[0]).count(), 2);
    let left: Vec<_> = behind.resume_at(0..5, |state| &mut state[1]).map(Result::unwrap).collect();
    assert_eq!(left, [2, 3, 4]);
}

#[test]
fn a_position_that_was_set_back_begins_a_new_round() {
    let (checkpoint, _) = checkpoint(None);
    for round in 0..3 {
        let lines = checkpoint.resume_at(0..4, |state: &mut State| &mut state.position);
        assert_eq!(lines.map(Result::unwrap).count(), 4, "round {round}");
        checkpoint.update(|state| state.position = 0).unwrap();
    }
}

#[test]
fn a_loop_within_another_does_not_move_its_position() {
    let (checkpoint, _) = checkpoint(None);
    let mut outer = checkpoint.resume(0..2);
    outer.next().unwrap().unwrap();
    assert_eq!(checkpoint.resume(0..2).map(Result::unwrap).count(), 2);
    let words = panic_of(|| outer.next());
    assert!(words.contains("before this one was over"), "{words}");
    // Else the next attempt would begin where the inner one was, and complete.
    assert_eq!(checkpoint.get(), 0);
}

#[test]
fn a_loop_of_any_kind_that_another_one_has_moved_is_where_it_was() {
    let (by_key, _) = checkpoint(None);
    let mut outer = after(&by_key, &["b", "c"]);
    outer.nth(1).unwrap().unwrap();
    assert_eq!(after(&by_key, &["c", "y", "z"]).map(Result::unwrap).count(), 3);
    panic_of(|| outer.next());
    assert_eq!(by_key.get().last_id.as_deref(), Some("b"));

    let (finished, _) = checkpoint(None);
    let work = |item: u64| async move { item };
    let mut outer = finished.resume_concurrent_at(0..4, 1, |finished| finished, work);
    outer.next().now_or_never().flatten().unwrap().unwrap();
    let mut inner = finished.resume_concurrent_at(0..4, 1, |finished| finished, work);
    while inner.next().now_or_never().flatten().is_some() {}
    panic_of(|| outer.next().now_or_never());
    assert_eq!(finished.get().count(), 0);
}

#[test]
fn a_cancelled_loop_did_not_come_to_its_end() {
    let (checkpoint, cancellation) = checkpoint(Some(1));
    cancellation.cancel(CancelReason::Paused);
    checkpoint.resume(0..3).next().unwrap().unwrap_err();
    checkpoint.resume(0..3).next().unwrap().unwrap_err();
}

#[test]
fn a_second_loop_by_one_key_leaves_nothing_out_without_a_word() {
    let (checkpoint, _) = checkpoint(None);
    assert_eq!(after(&checkpoint, &["b", "c"]).map(Result::unwrap).count(), 2);
    let words = panic_of(|| after(&checkpoint, &["a", "d"]).count());
    assert!(words.contains("`resume_after`"), "{words}");
    checkpoint.update(|state| state.last_id = None).unwrap();
    assert_eq!(after(&checkpoint, &["a", "d"]).map(Result::unwrap).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_stream_leaves_nothing_out_without_a_word() {
    let (checkpoint, _) = checkpoint(None);
    checkpoint.resume_stream(stream::iter(0..3)).map(Result::unwrap).collect::<Vec<_>>().await;
    panic_of(|| checkpoint.resume_stream(stream::iter(0..9)));
}

#[tokio::test(start_paused = true)]
async fn a_second_set_is_not_taken_for_the_first_one() {
    let (checkpoint, _) = checkpoint(None);
    let done = |_| async { Ok::<_, Cancelled>(()) };
    checkpoint.resume_concurrent(0..3, 2, done).await.unwrap();
    // Where it is called, as all loops are: whoever awaits it may be elsewhere.
    let said = panic_of(|| checkpoint.resume_concurrent(0..9, 2, done));
    assert!(said.contains("came to its end, and this one would leave out"), "{said}");

    let (checkpoint, _) = self::checkpoint(None);
    let fails = |item| async move { if item == 2 { Err(anyhow::anyhow!("2")) } else { Ok(()) } };
    checkpoint.resume_concurrent(0..3, 1, fails).await.unwrap_err();
    checkpoint.resume_concurrent(0..3, 1, |_| async { anyhow::Ok(()) }).await.unwrap();
    assert_eq!(checkpoint.get().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn after_a_set_of_none_comes_any_other() {
    let done = |_| async { Ok::<_, Cancelled>(()) };
    let (checkpoint, _) = checkpoint(None);
    checkpoint.resume_concurrent(0..0, 2, done).await.unwrap();
    checkpoint.resume_concurrent(0..3, 2, done).await.unwrap();
    assert_eq!(checkpoint.get().count(), 3);
}

#[test]
#[should_panic(expected = "began before this one was over")]
fn a_loop_by_key_within_another_one_is_noticed_before_any_key_is_stored() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct State {
        last: Option<u64>,
    }
    let (checkpoint, _) = checkpoint(None::<State>);
    let mut outer = checkpoint.resume_after([1_u64, 2, 3], |state| &mut state.last, |key| *key);
    outer.next().unwrap().unwrap();
    for item in checkpoint.resume_after([10_u64, 20, 30], |state| &mut state.last, |key| *key) {
        item.unwrap();
    }
    // A crash here would leave out 2 and 3, which nobody did.
    assert_eq!(checkpoint.get().last, Some(30));
    let _ = outer.next();
}

/// A state that is in one of two phases, each with a position of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Copies { position: u64 },
    Checks { found: u64, position: u64 },
    Sends { position: Box<u64> },
    Tells { position: Box<u64> },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Copies { position: 0 }
    }
}

#[test]
fn a_loop_of_another_phase_is_not_asked_for_a_position_that_is_no_longer_there() {
    let (checkpoint, _) = checkpoint::<Phase>(None);
    let copies = checkpoint.resume_at(0..3, |phase| match phase {
        Phase::Copies { position } => position,
        other => panic!("copies, and not {other:?}"),
    });
    assert_eq!(copies.map(Result::unwrap).count(), 3);
    checkpoint.save(Phase::Checks { found: 7, position: 0 }).unwrap();
    let checks = checkpoint.resume_at(0..2, |phase| match phase {
        Phase::Checks { position, .. } => position,
        other => panic!("checks, and not {other:?}"),
    });
    assert_eq!(checks.map(Result::unwrap).count(), 2);
    assert_eq!(checkpoint.get(), Phase::Checks { found: 7, position: 2 });
    // Behind a pointer.
    checkpoint.save(Phase::Sends { position: Box::new(0) }).unwrap();
    let sends = checkpoint.resume_at(0..4, |phase| match phase {
        Phase::Sends { position } => position,
        other => panic!("sends, and not {other:?}"),
    });
    assert_eq!(sends.map(Result::unwrap).count(), 4);
    checkpoint.save(Phase::Tells { position: Box::new(0) }).unwrap();
    let tells = checkpoint.resume_at(0..5, |phase| match phase {
        Phase::Tells { position } => position,
        other => panic!("tells, and not {other:?}"),
    });
    assert_eq!(tells.map(Result::unwrap).count(), 5);
    assert_eq!(checkpoint.get(), Phase::Tells { position: Box::new(5) });
}
