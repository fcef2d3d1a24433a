//! What a server may lose of a failure is said by a beat before it.

use super::*;

fn losing(script: impl IntoIterator<Item = Line>, ever_after: Line) -> Arc<ScriptedLease> {
    Arc::new(ScriptedLease::new(script, ever_after).losing_what_is_left())
}

/// An attempt that saves 7 after some time and fails at once.
async fn failing(lease: &Arc<ScriptedLease>, facts: Facts, after: Duration) {
    let result = attempt::<(), _>(OPTIONS, facts, lease, async move |checkpoint, _| {
        sleep(after).await;
        checkpoint.save(7)?;
        Err(ApplicationFailure::new("broken").into())
    });
    assert_eq!(failure_type(&result.await), "(none)");
}

#[tokio::test(start_paused = true)]
async fn a_failure_follows_a_beat_where_its_details_may_be_lost() {
    let lease = losing([], Line::Answer(Reply::GoOn));
    failing(&lease, facts(), SECOND).await;
    assert_eq!((lease.values(), lease.left()), (vec![Some(7)], Some(7)));
}

#[tokio::test(start_paused = true)]
async fn where_they_cannot_be_lost_nothing_is_sent_for_them() {
    let lease = friendly();
    failing(&lease, facts(), SECOND).await;
    assert_eq!((lease.values(), lease.left()), (vec![], Some(7)));
}

#[tokio::test(start_paused = true)]
async fn a_beat_before_a_failure_that_is_lost_goes_out_again() {
    let lease = losing([Line::Refusal, Line::Silence], Line::Answer(Reply::GoOn));
    failing(&lease, facts(), SECOND).await;
    assert_eq!(lease.values(), [Some(7); 3]);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_has_is_not_sent_again() {
    let lease = losing([], Line::Answer(Reply::GoOn));
    let result = attempt::<(), _>(OPTIONS, resumed_from(5), &lease, async |_, _| {
        Err(ApplicationFailure::new("broken").into())
    });
    result.await.unwrap_err();
    assert_eq!((lease.values(), lease.left()), (vec![], Some(5)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_server_that_has_said_that_it_listens_no_more() {
    let lease = losing([], Line::Answer(Reply::Stop(CancelReason::NotFound)));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        checkpoint.save(6)?;
        let cancelled = cancellation.cancelled().await;
        // The value of the handle, whatever it says: the attempt is cancelled.
        let _ = checkpoint.save(7);
        Err(cancelled.into())
    });
    assert_eq!(failure_type(&result.await), "NotFound");
    assert_eq!(lease.values(), [Some(6)]);
}

/// A number that can be serialised up to five.
#[derive(Clone, Default, serde::Deserialize)]
struct UpToFive(u64);

impl serde::Serialize for UpToFive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number @ ..=5 => serializer.serialize_u64(number),
            _ => Err(serde::ser::Error::custom("more than five")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_is_left_where_the_newest_value_cannot_be() {
    let lease = Arc::new(ScriptedLease::new([Line::Answer(Reply::GoOn)], Line::Silence));
    let body = async |checkpoint: Checkpoint<UpToFive>, _: Cancellation| {
        checkpoint.commit(UpToFive(1)).await?;
        checkpoint.save(UpToFive(5))?;
        sleep(5 * SECOND).await;
        checkpoint.save(UpToFive(6))?;
        Err::<(), _>(ActivityError::from(std::io::Error::other("broken")))
    };
    let takes = Takes::NOTHING.checkpoint();
    let result = run(OPTIONS, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body).await;
    assert_eq!(message(&result), "broken");
    assert_eq!(lease.values()[..2], [Some(1), Some(5)]);
    assert_eq!(lease.left(), Some(5), "it may be there already");
}
