//! Several items at a time: what a chunk holds, what is saved of it, and when.

use super::*;

#[test]
fn a_chunk_is_done_when_the_next_one_is_asked_for() {
    let (checkpoint, _) = checkpoint(Some(1));
    let mut chunks = checkpoint.resume(0..6).chunks(2);
    assert_eq!(chunks.next().unwrap().unwrap(), [1, 2]);
    assert_eq!(checkpoint.get(), 1);
    assert_eq!(chunks.next().unwrap().unwrap(), [3, 4]);
    assert_eq!(checkpoint.get(), 3);
    assert_eq!(chunks.next().unwrap().unwrap(), [5], "the last one is shorter");
    assert_eq!(checkpoint.get(), 5);
    assert!(chunks.next().is_none() && chunks.next().is_none());
    assert_eq!(checkpoint.get(), 6);
    assert_eq!(shown(&checkpoint), Some((6, Some(6))), "shown in items");
}

#[test]
fn an_attempt_may_take_chunks_of_another_size() {
    let (first, _) = checkpoint(None);
    first.resume(0..10).chunks(3).nth(2).unwrap().unwrap();
    let (second, _) = checkpoint(Some(first.get()));
    let left: Vec<_> = second.resume(0..10).chunks(100).map(Result::unwrap).collect();
    assert_eq!((first.get(), left), (6, vec![vec![6, 7, 8, 9]]));
}

#[test]
fn no_chunk_is_empty() {
    let (checkpoint, _) = checkpoint(Some(4));
    assert_eq!(checkpoint.resume(0..4).chunks(2).count(), 0);
    let (checkpoint, _) = self::checkpoint(None);
    let sizes = checkpoint.resume(0..3).chunks(0).map(|chunk| chunk.unwrap().len());
    assert_eq!(sizes.collect::<Vec<_>>(), [1, 1, 1], "a size of none is taken for one");
    let (checkpoint, _) = self::checkpoint(Some(u64::MAX));
    assert_eq!(checkpoint.resume(0..3).chunks(usize::MAX).count(), 0);
}

#[test]
fn the_state_is_saved_with_its_chunk() {
    let (checkpoint, _) = checkpoint(None);
    let mut chunks = checkpoint.resume_at(0..5, |state: &mut State| &mut state.position).chunks(3);
    chunks.next().unwrap().unwrap();
    chunks.state().failed += 2;
    assert_eq!(checkpoint.get(), State::default(), "neither before the chunk is done");
    chunks.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), State { position: 3, failed: 2, last_id: None });
    drop(chunks);
    assert_eq!(checkpoint.get().position, 3, "what was left in the middle is done again");
}

#[test]
fn a_cancellation_comes_between_two_chunks() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut asked = 0;
    let mut chunks = checkpoint.resume((0..9).inspect(|_| asked += 1)).chunks(3);
    chunks.next().unwrap().unwrap();
    cancellation.cancel(CancelReason::Paused);
    assert_eq!(chunks.next().unwrap().unwrap_err().reason(), CancelReason::Paused);
    assert!(chunks.next().is_none());
    assert_eq!((checkpoint.get(), asked), (3, 4), "one item more says that some are left");
}

#[test]
fn work_that_is_complete_completes_in_chunks_as_well() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut chunks = checkpoint.resume(0..4).chunks(2);
    chunks.nth(1).unwrap().unwrap();
    cancellation.cancel(CancelReason::Requested);
    assert!(chunks.next().is_none());
    assert_eq!(checkpoint.get(), 4);
}

#[test]
fn a_loop_that_was_left_in_its_last_chunk_is_begun_again() {
    let (checkpoint, _) = checkpoint(None);
    assert_eq!(checkpoint.resume(0..5).chunks(3).nth(1).unwrap().unwrap(), [3, 4]);
    assert_eq!(checkpoint.resume(0..5).chunks(3).next().unwrap().unwrap(), [3, 4]);
    let (checkpoint, _) = self::checkpoint(None);
    assert_eq!(after(&checkpoint, &["a", "b", "c"]).chunks(2).nth(1).unwrap().unwrap(), ["c"]);
    assert_eq!(after(&checkpoint, &["a", "b", "c"]).chunks(2).next().unwrap().unwrap(), ["c"]);
}

#[test]
fn the_key_of_the_last_item_of_a_chunk_is_stored() {
    let (checkpoint, cancellation) =
        checkpoint(Some(State { last_id: Some("b".to_owned()), ..State::default() }));
    let mut chunks = after(&checkpoint, &["a", "c", "d", "e", "f", "g"]).chunks(2);
    assert_eq!(chunks.next().unwrap().unwrap(), ["c", "d"]);
    chunks.state().failed += 1;
    assert_eq!(checkpoint.get().last_id.as_deref(), Some("b"));
    assert_eq!(chunks.next().unwrap().unwrap(), ["e", "f"]);
    assert_eq!((checkpoint.get().last_id.as_deref(), checkpoint.get().failed), (Some("d"), 1));
    cancellation.cancel(CancelReason::Paused);
    assert!(chunks.next().unwrap().unwrap_err().is_cancelled());
    assert_eq!(checkpoint.get().last_id.as_deref(), Some("f"));
    assert!(chunks.next().is_none());
}

#[test]
fn items_before_one_out_of_order_are_a_chunk_of_their_own() {
    let (checkpoint, _) = checkpoint(None);
    let mut chunks = after(&checkpoint, &["a", "c", "b", "d"]).chunks(3);
    assert_eq!(chunks.next().unwrap().unwrap(), ["a", "c"]);
    assert!(chunks.next().unwrap().unwrap_err().is_out_of_order());
    assert!(chunks.next().is_none());
    assert_eq!(checkpoint.get().last_id.as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_gathered_into_chunks() {
    let (checkpoint, _) = checkpoint(Some(1));
    let slow = stream::iter(0..6).then(|item| async move {
        sleep(Duration::from_secs(1)).await;
        item
    });
    let mut chunks = checkpoint.resume_stream(slow).chunks(2);
    // A wait that is dropped and taken up again loses nothing.
    let early = tokio::time::timeout(Duration::from_millis(2500), chunks.next()).await;
    assert!(early.is_err());
    assert_eq!(chunks.next().await.unwrap().unwrap(), [1, 2]);
    assert_eq!(checkpoint.get(), 1);
    assert_eq!(chunks.next().await.unwrap().unwrap(), [3, 4]);
    assert_eq!(checkpoint.get(), 3);
    assert_eq!(chunks.next().await.unwrap().unwrap(), [5]);
    assert!(chunks.next().await.is_none() && chunks.next().await.is_none());
    assert_eq!(checkpoint.get(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_drops_what_was_gathered_and_a_hand_over_hands_it_out() {
    for (reason, handed_out) in [(CancelReason::Paused, None), (CancelReason::HandOver, Some(2))] {
        let (checkpoint, cancellation) = checkpoint(None);
        let mut chunks =
            checkpoint.resume_stream(stream::iter(0..5).chain(stream::pending())).chunks(3);
        assert_eq!(chunks.next().await.unwrap().unwrap(), [0, 1, 2]);
        assert!(chunks.next().now_or_never().is_none(), "two of three are there");
        cancellation.cancel(reason);
        if let Some(size) = handed_out {
            assert_eq!(chunks.next().await.unwrap().unwrap().len(), size);
        }
        assert_eq!(chunks.next().await.unwrap().unwrap_err().reason(), reason);
        assert_eq!(checkpoint.get(), 3 + handed_out.unwrap_or_default() as u64);
        assert!(chunks.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_always_ready_is_told_after_a_chunk() {
    let (checkpoint, cancellation) = checkpoint(None);
    let mut asked = 0;
    let mut chunks = checkpoint.resume_stream(stream::iter(0..9).inspect(|_| asked += 1)).chunks(3);
    chunks.next().await.unwrap().unwrap();
    cancellation.cancel(CancelReason::Requested);
    assert!(chunks.next().await.unwrap().unwrap_err().is_requested());
    drop(chunks);
    assert_eq!((checkpoint.get(), asked), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_lets_a_stream_come_to_its_first_item() {
    let slow = || {
        stream::iter(0..6).then(|item| async move {
            sleep(Duration::from_secs(1)).await;
            item
        })
    };
    let (one, cancellation) = checkpoint(Some(3));
    let mut items = one.resume_stream(slow());
    cancellation.cancel(CancelReason::HandOver);
    assert_eq!(items.next().await.unwrap().unwrap(), 3);
    assert_eq!(items.next().await.unwrap().unwrap_err().reason(), CancelReason::HandOver);
    assert_eq!(one.get(), 4);

    let (many, cancellation) = checkpoint(Some(3));
    let mut chunks = many.resume_stream(slow()).chunks(2);
    cancellation.cancel(CancelReason::HandOver);
    assert!(!chunks.next().await.unwrap().unwrap().is_empty());
}
