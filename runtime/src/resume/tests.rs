//! The loops against a checkpoint alone: what they yield, what they save, and when.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::*;
use crate::{
    cancel::{CancelReason, Cancellation},
    checkpoint::{CheckpointState, Slot},
};

mod chunks;
mod concurrent;
mod nested;
mod turns;

/// A checkpoint as an attempt gets it, and the one who cancels it.
fn checkpoint<T: CheckpointState>(loaded: Option<T>) -> (Checkpoint<T>, Cancellation) {
    let cancellation = Cancellation::new();
    let slot = Arc::new(Slot::new(loaded, Vec::new()));
    (Checkpoint::new(slot, cancellation.clone()), cancellation)
}

/// What people are shown: how much is done, and of how much.
fn shown<T: CheckpointState>(checkpoint: &Checkpoint<T>) -> Option<(u64, Option<u64>)> {
    checkpoint.progress().map(|shown| (shown.done, shown.total))
}

#[test]
fn it_begins_where_the_last_attempt_was() {
    let (checkpoint, _) = checkpoint(Some(3));
    let left: Vec<_> = checkpoint.resume(10..15).map(Result::unwrap).collect();
    assert_eq!(left, [13, 14]);
    assert_eq!(checkpoint.get(), 5);
}

#[test]
fn an_item_is_done_when_the_next_one_is_asked_for() {
    let (checkpoint, _) = checkpoint(None);
    let mut items = checkpoint.resume(["a", "b", "c"]);
    assert_eq!(items.next().unwrap().unwrap(), "a");
    assert_eq!(checkpoint.get(), 0);
    assert_eq!(items.next().unwrap().unwrap(), "b");
    assert_eq!(checkpoint.get(), 1);
    drop(items);
    assert_eq!(checkpoint.get(), 1, "what was left in the middle is done again");
}

#[test]
fn a_cancellation_ends_it_with_what_is_done() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut items = checkpoint.resume(0..3);
    items.next().unwrap().unwrap();
    cancellation.cancel(CancelReason::Paused);
    let cancelled = items.next().unwrap().unwrap_err();
    assert_eq!(cancelled.reason(), CancelReason::Paused);
    assert_eq!(checkpoint.get(), 1, "the item that was done is saved");
    assert!(items.next().is_none());
}

#[test]
fn work_that_is_complete_completes() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut items = checkpoint.resume(0..1);
    items.next().unwrap().unwrap();
    cancellation.cancel(CancelReason::Requested);
    assert!(items.next().is_none());
    assert_eq!(checkpoint.get(), 1);
}

#[test]
fn a_set_that_has_shrunk_has_nothing_left() {
    let (checkpoint, _) = checkpoint(Some(u64::MAX));
    assert_eq!(checkpoint.resume(0..3).count(), 0);
}

#[test]
fn it_knows_how_many_may_be_left() {
    let (checkpoint, _) = checkpoint(Some(2));
    let mut items = checkpoint.resume(0..5);
    // Three, or the error of a cancellation at once, which may come in place of an item.
    assert_eq!(items.size_hint(), (0, Some(4)));
    items.next().unwrap().unwrap();
    assert_eq!(items.size_hint(), (0, Some(3)));
    assert_eq!(checkpoint.resume(std::iter::repeat(0)).size_hint(), (0, None));
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    position: u64,
    last_id: Option<String>,
    failed: u64,
}

#[test]
fn position_and_counts_are_saved_together() {
    let (checkpoint, _) = checkpoint(None);
    let mut items = checkpoint.resume_at(0..3, |state: &mut State| &mut state.position);
    items.next().unwrap().unwrap();
    items.state().failed += 1;
    assert_eq!(checkpoint.get(), State::default(), "neither before the item is done");
    items.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), State { position: 1, failed: 1, last_id: None });
}

fn after<'a>(
    checkpoint: &Checkpoint<State>,
    ids: &[&'a str],
) -> ResumeAfter<std::vec::IntoIter<&'a str>, State, String> {
    checkpoint.resume_after(ids.to_vec(), |state| &mut state.last_id, |id| (*id).to_owned())
}

#[test]
fn a_key_is_gone_after_whether_its_item_is_there_or_not() {
    let last_id = Some("c".to_owned());
    for ids in [&["a", "b", "c", "d", "e"], &["a", "b", "bb", "d", "e"]] {
        let (checkpoint, _) =
            checkpoint(Some(State { last_id: last_id.clone(), ..State::default() }));
        let mut left = after(&checkpoint, ids);
        assert_eq!(left.next().unwrap().unwrap(), "d");
        assert_eq!(checkpoint.get().last_id, last_id);
        left.state().failed += 1;
        assert_eq!(left.next().unwrap().unwrap(), "e");
        assert_eq!((checkpoint.get().last_id.as_deref(), checkpoint.get().failed), (Some("d"), 1));
        assert!(left.next().is_none());
        assert_eq!(checkpoint.get().last_id.as_deref(), Some("e"));
    }
}

#[test]
fn keys_out_of_order_are_an_error_and_not_a_loss() {
    let (checkpoint, _) = checkpoint(None);
    let mut left = after(&checkpoint, &["b", "a"]);
    left.next().unwrap().unwrap();
    let error = left.next().unwrap().unwrap_err();
    assert!(error.is_out_of_order() && error.to_string().contains("sort them"), "{error}");
    assert!(!error.is_cancelled() && std::error::Error::source(&error).is_none());
    assert!(left.next().is_none());
}

#[test]
fn a_loop_by_key_is_cancelled_as_such() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut left = after(&checkpoint, &["a", "b"]);
    left.next().unwrap().unwrap();
    cancellation.cancel(CancelReason::Requested);
    let error = left.next().unwrap().unwrap_err();
    assert!(error.is_cancelled() && crate::cancel::is_cancelled(&error));
    assert!(!error.is_out_of_order());
    assert_eq!(error.to_string(), "cancelled: the activity was cancelled");
    assert_eq!(checkpoint.get().last_id.as_deref(), Some("a"));
}

#[test]
fn what_somebody_else_wrote_is_counted_without_a_panic() {
    let written = r#"{"up_to": 5, "beyond": [[9, 7], [8, 18446744073709551615]]}"#;
    let finished: Finished = serde_json::from_str(written).unwrap();
    assert_eq!(finished.count(), u64::MAX - 3);
    let finished = Finished { up_to: u64::MAX, ..finished };
    assert_eq!(finished.count(), u64::MAX);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_resumed_and_saved_like_an_iterator() {
    let (checkpoint, _) = checkpoint(Some(1));
    let slow = stream::iter(0..4).then(|item| async move {
        sleep(Duration::from_secs(1)).await;
        item
    });
    let mut items = checkpoint.resume_stream(slow);
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!(checkpoint.get(), 1);
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert_eq!(checkpoint.get(), 2);
    let rest: Vec<_> = items.map(Result::unwrap).collect().await;
    assert_eq!((rest, checkpoint.get()), (vec![3], 4));
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_next_item_is_interrupted_with_the_last_one_saved() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut items = checkpoint.resume_stream(stream::iter([0]).chain(stream::pending()));
    items.next().await.unwrap().unwrap();
    tokio::spawn(async move {
        sleep(Duration::from_secs(5)).await;
        cancellation.cancel(CancelReason::WorkerShutdown);
    });
    let cancelled = items.next().await.unwrap().unwrap_err();
    assert_eq!(cancelled.reason(), CancelReason::WorkerShutdown);
    assert_eq!(checkpoint.get(), 1);
    assert!(items.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_loses_nothing() {
    let (checkpoint, _) = checkpoint(None);
    let slow = stream::iter(0..3).then(|item| async move {
        sleep(Duration::from_secs(1)).await;
        item
    });
    let mut items = checkpoint.resume_stream(slow);
    let mut seen = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(300), items.next()).await {
            Err(_) => {}
            Ok(Some(item)) => seen.push(item.unwrap()),
            Ok(None) => break,
        }
    }
    assert_eq!((seen, checkpoint.get()), (vec![0, 1, 2], 3));
}

#[test]
fn what_is_finished_is_known_in_any_order_and_stays_small() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut finished, mut expected) = (Finished::default(), HashSet::new());
        let mut left: Vec<u64> = (0..60).collect();
        while !left.is_empty() {
            // As with eight at once: one of the first eight that are left.
            let position = left.remove(random.usize(..left.len().min(8)));
            finished.insert(position);
            finished.insert(position);
            expected.insert(position);
            assert!(
                (0..70).all(|it| finished.contains(it) == expected.contains(&it)),
                "{finished:?}"
            );
            assert_eq!(finished.count(), expected.len() as u64);
            assert!(finished.beyond.len() < 8, "{finished:?}");
        }
        assert_eq!(finished, Finished { up_to: 60, beyond: Vec::new() });
    }
}

#[tokio::test(start_paused = true)]
async fn several_items_are_on_their_way_and_only_those_are_repeated() {
    let (checkpoint, _) = checkpoint(None);
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |item: u64| {
        let (running, most) = (&running, &most);
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(Duration::from_secs(if item == 2 { 100 } else { 1 })).await;
            running.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, Cancelled>(())
        }
    };
    let crash = tokio::time::timeout(
        Duration::from_millis(5_500),
        checkpoint.resume_concurrent(0..20, 4, work),
    );
    assert!(crash.await.is_err(), "it was dropped in the middle");
    assert_eq!(most.load(Ordering::Relaxed), 4);
    let done = checkpoint.get();
    assert_eq!(done, Finished { up_to: 2, beyond: vec![(3, 16)] });

    let (second, _) = self::checkpoint(Some(done));
    let repeated = std::sync::Mutex::new(Vec::new());
    second
        .resume_concurrent(0..20, 4, |item| {
            repeated.lock().unwrap().push(item);
            async { Ok::<_, Cancelled>(()) }
        })
        .await
        .unwrap();
    assert_eq!(repeated.into_inner().unwrap(), [2, 16, 17, 18, 19]);
    assert_eq!(second.get(), Finished { up_to: 20, beyond: Vec::new() });
}

#[tokio::test(start_paused = true)]
async fn a_failed_item_stops_new_ones_and_lets_the_others_end() {
    let (checkpoint, _) = checkpoint(None);
    let failed = checkpoint
        .resume_concurrent(0..100, 4, |item| async move {
            sleep(Duration::from_secs(item + 1)).await;
            if item == 1 { Err(anyhow::anyhow!("item 1")) } else { Ok(()) }
        })
        .await;
    assert_eq!(failed.unwrap_err().to_string(), "item 1");
    assert_eq!(checkpoint.get(), Finished { up_to: 1, beyond: vec![(2, 5)] });
}

#[tokio::test(start_paused = true)]
async fn of_several_items_that_fail_the_first_one_says_why() {
    let (checkpoint, _) = checkpoint(None);
    let failed = checkpoint.resume_concurrent(0..3, 3, |item| async move {
        sleep(Duration::from_secs(3 - item)).await;
        anyhow::Result::<()>::Err(anyhow::anyhow!("item {item}"))
    });
    assert_eq!(failed.await.unwrap_err().to_string(), "item 2");
    assert_eq!(checkpoint.get(), Finished::default());
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_none_is_one_at_once() {
    let (checkpoint, _) = checkpoint(None);
    checkpoint.resume_concurrent(0..3, 0, |_| async { Ok::<_, Cancelled>(()) }).await.unwrap();
    assert_eq!(checkpoint.get().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_lets_what_is_on_its_way_end() {
    let (checkpoint, cancellation) = checkpoint(None);
    let work = |item: u64| {
        let cancellation = cancellation.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            if item == 0 {
                cancellation.cancel(CancelReason::Requested);
            }
            Ok::<_, Cancelled>(())
        }
    };
    let cancelled = checkpoint.resume_concurrent(0..9, 3, work).await.unwrap_err();
    assert!(cancelled.is_requested());
    assert_eq!(checkpoint.get().count(), 3);
}

#[test]
fn an_item_of_a_stream_that_comes_together_with_the_cancellation_is_the_last_one() {
    let (checkpoint, cancellation) = checkpoint(None);
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let rows = stream::poll_fn(move |context| receive.poll_recv(context));
    let mut rows = checkpoint.resume_stream(rows);
    assert!(rows.next().now_or_never().is_none(), "nothing is there yet");
    send.send("a").unwrap();
    send.send("b").unwrap();
    cancellation.cancel(CancelReason::Paused);
    assert_eq!(rows.next().now_or_never().unwrap().unwrap().unwrap(), "a");
    let cancelled = rows.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert_eq!(cancelled.reason(), CancelReason::Paused);
    assert_eq!(checkpoint.get(), 1);
}

#[test]
fn the_loop_at_hand_is_what_is_shown_unless_the_body_shows_something() {
    let (checkpoint, _) = checkpoint::<(u64, u64, u64)>(None);
    checkpoint.resume_at(0..3, |state| &mut state.0).for_each(drop);
    let mut second = checkpoint.resume_at(0..7, |state| &mut state.1);
    second.nth(2).unwrap().unwrap();
    assert_eq!(shown(&checkpoint), Some((2, Some(7))));
    let mut third = checkpoint.resume_stream_at(stream::iter(0..4), |state| &mut state.2);
    third.next().now_or_never().flatten().unwrap().unwrap();
    third.next().now_or_never().flatten().unwrap().unwrap();
    assert_eq!(shown(&checkpoint), Some((1, Some(4))), "a stream may know how long it is, too");

    checkpoint.update(|state| state.2 = 0).unwrap();
    checkpoint.show_progress(|_| Progress::new(5));
    checkpoint.resume_at(0..9, |state| &mut state.2).next().unwrap().unwrap();
    assert_eq!(shown(&checkpoint), Some((5, None)));
}
