//! A state whose shape changes between deployments: what an attempt of the old one left, an attempt of
//! the new one goes on from.

use std::time::Duration;

use autobeat::{
    Cancellation, Checkpoint, activity,
    embedded::{Embedded, EmbeddedError},
};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;
use tokio_util::sync::CancellationToken;

/// What was deployed first.
mod first {
    use super::{ActivityError, Cancellation, Checkpoint, Deserialize, Serialize, activity};

    #[derive(Clone, Default, Serialize, Deserialize)]
    pub(super) struct State {
        pub(super) done: u64,
    }

    #[activity(heartbeat_timeout = "9s", name = "import")]
    pub(super) async fn import(
        checkpoint: Checkpoint<State>,
        cancellation: Cancellation,
    ) -> Result<(), ActivityError> {
        checkpoint.save(State { done: 7 })?;
        Err(cancellation.cancelled().await.into())
    }
}

/// A field more, with a default.
mod with_a_field {
    use super::{ActivityError, Checkpoint, Deserialize, Serialize, activity};

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub(super) struct State {
        pub(super) done: u64,
        pub(super) failed: u64,
    }

    #[activity(heartbeat_timeout = "9s", name = "import")]
    pub(super) async fn import(checkpoint: Checkpoint<State>) -> Result<State, ActivityError> {
        std::future::ready(Ok(checkpoint.get())).await
    }
}

/// Another shape, and a fresh start where the old one is found.
mod afresh {
    use super::{ActivityError, Checkpoint, activity};

    #[activity(heartbeat_timeout = "9s", name = "import", on_bad_checkpoint = "restart")]
    pub(super) async fn import(
        checkpoint: Checkpoint<Vec<String>>,
    ) -> Result<(bool, Vec<String>), ActivityError> {
        std::future::ready(Ok((checkpoint.is_resumed(), checkpoint.get()))).await
    }
}

/// Another shape that knows the old one.
mod versioned {
    use super::{ActivityError, Checkpoint, Deserialize, Serialize, activity};

    #[derive(Clone, Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum State {
        Second { finished: Vec<(u64, u64)> },
        First { done: u64 },
    }

    impl Default for State {
        fn default() -> Self {
            Self::Second { finished: Vec::new() }
        }
    }

    impl State {
        fn finished(self) -> Vec<(u64, u64)> {
            match self {
                Self::Second { finished } => finished,
                Self::First { done } => vec![(0, done)],
            }
        }
    }

    #[activity(heartbeat_timeout = "9s", name = "import")]
    pub(super) async fn import(
        checkpoint: Checkpoint<State>,
    ) -> Result<Vec<(u64, u64)>, ActivityError> {
        let mut finished = checkpoint.get().finished();
        finished.push((8, 9));
        checkpoint.save(State::Second { finished: finished.clone() })?;
        std::future::ready(Ok(finished)).await
    }
}

/// An engine whose store has what an attempt of the first deployment left.
async fn after_the_first(folder: &tempfile::TempDir) -> Embedded {
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let stopping = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.cancel();
    };
    let run = engine.run_until(first::import, "one", (), shutdown);
    let (left, ()) = tokio::join!(run, stopping);
    assert!(left.is_err_and(|error| error.is_interrupted()));
    engine
}

#[tokio::test(start_paused = true)]
async fn a_field_more_is_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let engine = after_the_first(&folder).await;
    let state = engine.run(with_a_field::import, "one", ()).await.unwrap();
    assert_eq!(state, with_a_field::State { done: 7, failed: 0 });
}

#[tokio::test(start_paused = true)]
async fn another_shape_can_start_afresh() {
    let folder = tempfile::tempdir().unwrap();
    let engine = after_the_first(&folder).await;
    let (is_resumed, state) = engine.run(afresh::import, "one", ()).await.unwrap();
    assert_eq!((is_resumed, state), (false, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn another_shape_fails_at_once_otherwise_and_loses_nothing() {
    #[activity(heartbeat_timeout = "9s", name = "import")]
    async fn import(checkpoint: Checkpoint<Vec<String>>) -> Result<Vec<String>, ActivityError> {
        std::future::ready(Ok(checkpoint.get())).await
    }

    let folder = tempfile::tempdir().unwrap();
    let engine = after_the_first(&folder).await;
    let began = tokio::time::Instant::now();
    let error: EmbeddedError = engine.run(import, "one", ()).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO, "the same process would read it no better");
    assert_eq!(error.failure_type(), Some("BadCheckpoint"), "{error}");
    assert!(!error.to_string().contains("done"), "what was stored is not quoted: {error}");
    let state = engine.run(with_a_field::import, "one", ()).await.unwrap();
    assert_eq!(state.done, 7, "what was stored is still there");
}

#[tokio::test(start_paused = true)]
async fn a_shape_that_knows_the_old_one_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = after_the_first(&folder).await;
    let finished = engine.run(versioned::import, "one", ()).await.unwrap();
    assert_eq!(finished, [(0, 7), (8, 9)]);
}
