//! Users' code on the heartbeat's task that waits for the end of the attempt.

use std::sync::{Condvar, Mutex};

use super::*;

/// What waits for the end of an attempt, but not for ever.
#[derive(Default)]
struct Gate {
    state: Mutex<Passed>,
    changed: Condvar,
}

#[derive(Default)]
struct Passed {
    is_armed: bool,
    is_waiting: bool,
    has_ended: bool,
    saw_the_end: Option<bool>,
}

impl Gate {
    const fn new() -> Self {
        let state =
            Passed { is_armed: false, is_waiting: false, has_ended: false, saw_the_end: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits once, from when it is armed.
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        if !std::mem::take(&mut state.is_armed) {
            return;
        }
        state.is_waiting = true;
        let ended = self.changed.wait_timeout_while(state, 5 * SECOND, |state| !state.has_ended);
        let mut state = ended.unwrap().0;
        state.saw_the_end = Some(state.has_ended);
        self.changed.notify_all();
    }

    async fn is_waited_at(&self) {
        self.state.lock().unwrap().is_armed = true;
        while !self.state.lock().unwrap().is_waiting {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Whether what waited for the end of the attempt saw it.
    fn end(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        state.has_ended = true;
        self.changed.notify_all();
        let seen = self.changed.wait_while(state, |state| state.saw_the_end.is_none());
        seen.unwrap().saw_the_end == Some(true)
    }
}

/// Beats each 30 ms.
const QUICK: Options = Options::new(Duration::from_mins(1));

async fn ends<S: CheckpointState>(gate: &'static Gate, first: S) -> bool {
    let body = async move |checkpoint: Checkpoint<S>, _: Cancellation| {
        checkpoint.show_progress(|_| {
            PROGRESS.pass();
            crate::Progress::new(1)
        });
        checkpoint.commit(first).await?;
        gate.is_waited_at().await;
        Ok::<_, ActivityError>(())
    };
    let options = QUICK.heartbeat_interval(SECOND * 3 / 100);
    let facts = Facts { heartbeat_timeout: Some(Duration::from_mins(1)), ..facts() };
    let running =
        run(options, Takes::NOTHING.checkpoint(), facts, friendly() as Arc<dyn Lease>, body);
    tokio::spawn(running).await.unwrap().unwrap();
    gate.end()
}

static SERIALISED: Gate = Gate::new();

#[derive(Clone, Default, serde::Deserialize)]
struct Slow;

impl serde::Serialize for Slow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SERIALISED.pass();
        serializer.serialize_u64(1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_serialises_a_state_may_wait_for_the_end_of_the_attempt() {
    assert!(ends(&SERIALISED, Slow).await, "the end waited for it");
}

static PROGRESS: Gate = Gate::new();

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_shows_the_progress_may_wait_for_the_end_of_the_attempt() {
    assert!(ends(&PROGRESS, 1_u64).await, "the end waited for it");
}

static LISTENED: Gate = Gate::new();

/// Waits at what is said of a beat.
struct Waits;

impl tracing::Subscriber for Waits {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == Level::TRACE
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        if event.metadata().target() == "autobeat" {
            LISTENED.pass();
        }
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn who_listens_may_wait_for_the_end_of_the_attempt() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .on_thread_start(|| std::mem::forget(tracing::subscriber::set_default(Waits)))
        .build()
        .unwrap();
    assert!(runtime.block_on(ends(&LISTENED, 1_u64)), "the end waited for it");
}
