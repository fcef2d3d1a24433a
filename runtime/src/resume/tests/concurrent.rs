//! Several items on their way at once, and answers that the body judges.

use super::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Calls {
    finished: Finished,
    failed: u64,
}

fn is(finished: &str) -> Finished {
    serde_json::from_str(finished).unwrap()
}

/// Takes a second for each, and fails for every third.
async fn call(item: u64) -> Result<u64, u64> {
    sleep(Duration::from_secs(1)).await;
    if item % 3 == 2 { Err(item) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn an_answer_and_what_is_changed_for_it_are_one_save() {
    let (checkpoint, _) = checkpoint::<Calls>(None);
    let mut calls = checkpoint.resume_concurrent_at(0..7, 3, |state| &mut state.finished, call);
    assert_eq!(calls.next().await.unwrap().unwrap(), Ok(0));
    assert_eq!(checkpoint.get(), Calls::default(), "neither before the next one is asked for");
    let mut answers = Vec::new();
    while let Some(answer) = calls.next().await {
        match answer.unwrap() {
            Ok(item) => answers.push(item),
            Err(_) => calls.state().failed += 1,
        }
        assert_eq!(
            checkpoint.get().finished.count(),
            1 + answers.len() as u64 + calls.state().failed - 1,
            "all but the one at hand"
        );
    }
    assert_eq!(checkpoint.get(), Calls { finished: is(r#"{"up_to":7}"#), failed: 2 });
    assert_eq!(answers.len(), 4);
    assert!(calls.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_returned_is_asked_for_again() {
    let (first, _) = checkpoint::<Calls>(None);
    let mut calls = first.resume_concurrent_at(0..9, 1, |state| &mut state.finished, call);
    let failed = loop {
        if let Err(item) = calls.next().await.unwrap().unwrap() {
            break item;
        }
        calls.state().failed += 10;
    };
    calls.state().failed += 1;
    drop(calls);
    assert_eq!(failed, 2);
    assert_eq!(first.get(), Calls { finished: is(r#"{"up_to":2}"#), failed: 20 });

    let (second, _) = checkpoint(Some(first.get()));
    let mut calls = second.resume_concurrent_at(0..9, 1, |state| &mut state.finished, call);
    assert_eq!(calls.next().await.unwrap().unwrap(), Err(2));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_comes_after_the_answers_of_those_on_their_way() {
    let (checkpoint, cancellation) = checkpoint::<Calls>(None);
    let mut calls = checkpoint.resume_concurrent_at(0..9, 3, |state| &mut state.finished, call);
    calls.next().await.unwrap().unwrap().unwrap();
    cancellation.cancel(CancelReason::Paused);
    for _ in 0..2 {
        let _ = calls.next().await.unwrap().expect("an answer");
    }
    assert_eq!(calls.next().await.unwrap().unwrap_err().reason(), CancelReason::Paused);
    assert_eq!(checkpoint.get().finished.count(), 3);
    assert!(calls.next().await.is_none());
    // Not over, so it may be begun again.
    let mut calls = checkpoint.resume_concurrent_at(0..9, 3, |state| &mut state.finished, call);
    calls.next().await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_complete_complete() {
    let (checkpoint, cancellation) = checkpoint::<Calls>(None);
    let mut calls = checkpoint.resume_concurrent_at(0..2, 3, |state| &mut state.finished, call);
    calls.next().await.unwrap().unwrap().unwrap();
    cancellation.cancel(CancelReason::Requested);
    calls.next().await.unwrap().unwrap().unwrap();
    assert!(calls.next().await.is_none());
    assert_eq!(checkpoint.get().finished.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_lets_one_item_begin() {
    let (checkpoint, cancellation) = checkpoint::<Calls>(None);
    let mut calls = checkpoint.resume_concurrent_at(0..9, 3, |state| &mut state.finished, call);
    cancellation.cancel(CancelReason::HandOver);
    assert_eq!(calls.next().await.unwrap().unwrap(), Ok(0));
    assert_eq!(calls.next().await.unwrap().unwrap_err().reason(), CancelReason::HandOver);
    assert_eq!(checkpoint.get().finished, is(r#"{"up_to":1}"#));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_loses_no_answer() {
    let (checkpoint, _) = checkpoint::<Calls>(None);
    let mut calls = checkpoint.resume_concurrent_at(0..9, 2, |state| &mut state.finished, call);
    let mut seen = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(300), calls.next()).await {
            Err(_) => {}
            Ok(None) => break,
            Ok(Some(answer)) => seen.push(answer.unwrap().unwrap_or_else(|failed| failed)),
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_second_set_over_one_field_leaves_nothing_out_without_a_word() {
    let (checkpoint, _) = checkpoint::<(Calls, Calls)>(None);
    let mut calls = checkpoint.resume_concurrent_at(0..3, 2, |state| &mut state.0.finished, call);
    while calls.next().await.is_some() {}
    let words = turns::panic_of(|| {
        checkpoint.resume_concurrent_at(0..3, 2, |state| &mut state.0.finished, call)
    });
    assert!(words.contains("`resume_concurrent_at`"), "{words}");
    // Another field is another set.
    let mut others = checkpoint.resume_concurrent_at(0..4, 2, |state| &mut state.1.finished, call);
    while others.next().await.is_some() {}
    assert_eq!(checkpoint.get().1.finished.count(), 4);
    // One that is set back is a new round.
    checkpoint.update(|state| state.0.finished = Finished::default()).unwrap();
    let _ = checkpoint.resume_concurrent_at(0..3, 2, |state| &mut state.0.finished, call);
}

#[tokio::test(start_paused = true)]
async fn how_many_are_done_is_shown() {
    let (checkpoint, _) = checkpoint(Some(is(r#"{"up_to":2,"beyond":[[3,4]]}"#)));
    let work = |item| async move { if item == 5 { Err(anyhow::anyhow!("5")) } else { Ok(()) } };
    checkpoint.resume_concurrent(0..7, 1, work).await.unwrap_err();
    assert_eq!(shown(&checkpoint), Some((5, Some(7))));

    // Unless the body shows something itself, or nobody knows how many there are.
    let (checkpoint, _) = self::checkpoint::<Calls>(None);
    checkpoint.show_progress(|state| Progress::new(state.failed).of(3));
    let _ = checkpoint.resume_concurrent_at(0..9, 2, |state| &mut state.finished, call);
    assert_eq!(shown(&checkpoint), Some((0, Some(3))));
    let (checkpoint, _) = self::checkpoint::<Calls>(None);
    let some = (0..9).filter(|item| item % 2 == 0);
    let _ = checkpoint.resume_concurrent_at(some, 2, |state| &mut state.finished, call);
    assert_eq!(shown(&checkpoint), None);
}

#[test]
fn the_json_of_what_is_finished_is_as_promised() {
    let written = r#"{"up_to":2,"beyond":[[3,5],[7,8]]}"#;
    let finished = is(written);
    assert_eq!((finished.up_to(), finished.count()), (2, 5));
    assert_eq!(finished.beyond().collect::<Vec<_>>(), [3..5, 7..8]);
    assert_eq!(serde_json::to_string(&finished).unwrap(), written);
    assert_eq!(serde_json::to_string(&is(r#"{"up_to":2}"#)).unwrap(), r#"{"up_to":2}"#);
    // As the converters of other languages write what there is none of.
    for none in [r#"{"up_to":2,"beyond":[]}"#, r#"{"up_to":2,"beyond":null}"#] {
        assert_eq!(is(none), is(r#"{"up_to":2}"#));
    }
    serde_json::from_str::<Finished>("{}").unwrap_err();
}

#[test]
fn ranges_that_somebody_else_wrote_are_put_in_order() {
    let written = r#"{"up_to":4,"beyond":[[9,12],[3,6],[8,8],[7,5],[11,14],[6,7],[20,21]]}"#;
    assert_eq!(is(written), is(r#"{"up_to":7,"beyond":[[9,14],[20,21]]}"#));
    assert!(
        (0..30).all(|it| is(written).contains(it) == (it < 7 || (9..14).contains(&it) || it == 20))
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_while_items_end_is_what_the_loop_ends_with() {
    let (checkpoint, cancellation) = checkpoint::<Finished>(None);
    let call = |_| sleep(Duration::from_secs(1));
    let mut calls = checkpoint.resume_concurrent_at(0..9, 3, |finished| finished, call);
    calls.next().await.unwrap().unwrap();
    cancellation.cancel(CancelReason::HandOver);
    calls.next().await.unwrap().unwrap();
    cancellation.cancel(CancelReason::Requested);
    calls.next().await.unwrap().unwrap();
    assert!(calls.next().await.unwrap().unwrap_err().is_requested());
}
