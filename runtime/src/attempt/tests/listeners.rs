//! Whoever listens to `tracing` is users' code: it may panic, or take its time.

use tracing::{
    Event, Metadata, Subscriber, span,
    subscriber::{DefaultGuard, set_default},
};

use super::*;

/// Panics at whatever it is told, as one whose standard error nobody reads any more.
struct Broken;

impl Subscriber for Broken {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "autobeat"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        panic!("broken pipe at {}", event.metadata().name());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// It listens as long as this lives, in place of one that every place in the code is told to speak to.
fn broken() -> (DefaultGuard, Listener) {
    let listener = Listener::at(Level::TRACE);
    (set_default(Broken), listener)
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_ends_neither_the_heartbeat_nor_the_attempt() {
    let lease = Arc::new(ScriptedLease::new([Line::Refusal], Line::Answer(Reply::GoOn)));
    let _broken = broken();
    let result = attempt(OPTIONS, resumed_from(3), &lease, async |checkpoint, _| {
        checkpoint.save(4)?;
        sleep(60 * SECOND).await;
        Ok("done")
    });
    assert_eq!(result.await.unwrap(), "done");
    let beats = lease.times().len();
    assert!(beats >= 19, "{beats} beats in 60 s");
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_keeps_no_answer_back() {
    let lease = stopping(CancelReason::Paused);
    let _broken = broken();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        checkpoint.save(42)?;
        Err(cancellation.cancelled().await.into())
    });
    assert_eq!(failure_type(&result.await), "ActivityPaused");
    assert_eq!(lease.left(), Some(42));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_lets_a_stall_and_a_lost_lease_be_told() {
    let _broken = broken();
    let stalls = OPTIONS.stall_timeout(4 * SECOND);
    let (_, answer) = endless(stalls, Takes::NOTHING, facts(), &friendly()).await;
    assert_eq!(answer, "ActivityStalled");
    let lost = Arc::new(ScriptedLease::new([], Line::Silence));
    let (took, answer) = endless(OPTIONS, Takes::NOTHING, facts(), &lost).await;
    assert_eq!((took.as_secs(), answer.as_str()), (9, "LeaseLost"));
}
