//! No code of users runs under the lock of a pulse: it may wait for the attempt, which waits for the lock.

use std::sync::{
    OnceLock, Weak,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::{BoxFuture, ready};
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::PayloadConverter;
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

use super::*;

/// Which pulse is looked at, and how often it was locked when it should not have been, and how often free.
#[derive(Clone, Default)]
struct Looks(Arc<Found>);

#[derive(Default)]
struct Found {
    pulse: OnceLock<Weak<Mutex<Pulse>>>,
    locked: AtomicUsize,
    free: AtomicUsize,
}

impl Looks {
    fn look(&self) {
        let Some(pulse) = self.0.pulse.get().and_then(Weak::upgrade) else { return };
        let is_free = pulse.try_lock().is_ok();
        let count = if is_free { &self.0.free } else { &self.0.locked };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn found(&self) -> (usize, usize) {
        (self.0.locked.load(Ordering::Relaxed), self.0.free.swap(0, Ordering::Relaxed))
    }
}

/// Looks at each event.
impl Subscriber for Looks {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "autobeat"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.look();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Looks when it is dropped.
#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    number: u64,
    #[serde(skip)]
    looks: Looks,
}

impl Drop for State {
    fn drop(&mut self) {
        self.looks.look();
    }
}

/// Keeps nothing of what it is sent, so that the last to hold a state is the heartbeat.
struct Forgetful(ScriptedLease);

impl Lease for Forgetful {
    fn converter(&self) -> PayloadConverter {
        self.0.converter()
    }

    fn beat(&self, _: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        self.0.beat(Details::default(), until)
    }

    fn leave(&self, _: Option<Details>, _: Details) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.0.is_told_to_stop()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.0.told_to_stop()
    }
}

/// A heartbeat whose pulse is looked at; its slot is that of a state which looks when it is dropped.
fn looked_at(
    script: impl IntoIterator<Item = Line>,
    looks: &Looks,
) -> (Heartbeat, Arc<Slot<State>>, Cancellation) {
    let lease = Forgetful(ScriptedLease::new(script, Line::Silence));
    let slot = Arc::new(Slot::new(None, Vec::new()));
    let cancellation = Cancellation::new();
    let heartbeat = Heartbeat::start(
        Arc::new(lease) as Arc<dyn Lease>,
        Arc::clone(&slot) as Arc<dyn Source>,
        cancellation.clone(),
        Rhythm { stall_timeout: Some(30 * SECOND), grace: None, ..rhythm() },
        Measured::default(),
    );
    assert!(looks.0.pulse.set(Arc::downgrade(&heartbeat.pulse)).is_ok());
    (heartbeat, slot, cancellation)
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_finds_the_pulse_free() {
    let _ear = Listener::at(Level::ERROR);
    let looks = Looks::default();
    let _listening = tracing::subscriber::set_default(looks.clone());
    // A beat, a refused one, a cancellation, a task that was kept from running, and silence.
    let script = [
        Line::Answer(Reply::GoOn),
        Line::Refusal,
        Line::Answer(Reply::Stop(CancelReason::Paused)),
        Line::Answer(Reply::GoOn),
    ];
    let (_heartbeat, _slot, cancellation) = looked_at(script, &looks);
    sleep(8 * SECOND).await;
    advance(5 * SECOND).await;
    cancellation.given_up().await;
    let (locked, free) = looks.found();
    assert_eq!(locked, 0);
    assert!(free >= 6, "{free} were said");
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_finds_the_pulse_free_of_a_body_that_stalls() {
    let _ear = Listener::at(Level::ERROR);
    let looks = Looks::default();
    let _listening = tracing::subscriber::set_default(looks.clone());
    let (_heartbeat, _slot, cancellation) = looked_at(vec![Line::Answer(Reply::GoOn); 20], &looks);
    cancellation.cancelled().await;
    assert_eq!(cancellation.reason(), Some(CancelReason::Stalled));
    let (locked, free) = looks.found();
    assert_eq!(locked, 0);
    assert!(free >= 11, "each beat, the stall and the cancellation: {free}");
}

#[tokio::test(start_paused = true)]
async fn what_drops_a_state_finds_the_pulse_free() {
    let looks = Looks::default();
    // Acknowledged, refused, told that it is too large, not answered while others are, and gone.
    let too_large = Reply::TooLarge(TooLarge { size: 3, limit: 2 });
    let script = [
        Line::Answer(Reply::GoOn),
        Line::Answer(Reply::GoOn),
        Line::Refusal,
        Line::Late(3 * SECOND, Reply::GoOn),
        Line::Answer(Reply::GoOn),
        Line::Answer(too_large),
        Line::Answer(Reply::GoOn),
        Line::Answer(Reply::Stop(CancelReason::NotFound)),
    ];
    let (_heartbeat, slot, cancellation) = looked_at(script, &looks);
    let checkpoint = Checkpoint::new(Arc::clone(&slot), Cancellation::new());
    for number in 0..600 {
        checkpoint.save(State { number, looks: looks.clone() }).unwrap();
        sleep(SECOND / 20).await;
    }
    cancellation.cancelled().await;
    let (locked, free) = looks.found();
    assert_eq!(locked, 0);
    // The checkpoint itself drops all but the last that was saved.
    assert!(free >= 599 + 5, "{free} were dropped");
}
