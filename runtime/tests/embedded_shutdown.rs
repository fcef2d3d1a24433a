//! An activity in one process that is asked to stop: by a token, and by Ctrl-C.

use std::time::Duration;

use autobeat::{Cancellation, activity, embedded::Embedded};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

fn engine() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    (folder, engine)
}

fn failure(type_name: &str) -> ActivityError {
    let failure = ApplicationFailure::builder("no luck").type_name(type_name.to_owned()).build();
    ActivityError::application(failure)
}

/// Ends during a shutdown in the way that it is told to.
#[activity(heartbeat_timeout = "9s", max_attempts = 2)]
async fn end(cancellation: Cancellation, how: String) -> Result<(), ActivityError> {
    let cancelled = cancellation.cancelled().await;
    match how.as_str() {
        "hands over" => Err(cancelled.into()),
        "fails" => Err(failure("Luck")),
        "fails for good" => {
            Err(ActivityError::application(ApplicationFailure::non_retryable("no")))
        }
        _ => Ok(()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_interrupts_what_would_go_on() {
    let (_folder, engine) = engine();
    for how in ["hands over", "fails", "fails for good", "completes"] {
        let shutdown = CancellationToken::new();
        let run = engine.run_until(end, how, how.to_owned(), shutdown.clone());
        let (result, ()) = tokio::join!(run, async {
            sleep(Duration::from_secs(5)).await;
            shutdown.cancel();
        });
        match result {
            Ok(()) => assert_eq!(how, "completes"),
            Err(error) => {
                assert_eq!(error.is_failed(), how == "fails for good", "{how}: {error}");
                assert_eq!(error.is_interrupted(), !error.is_failed(), "{how}: {error}");
            }
        }
    }
}

/// Fails until it is shut down, which its last attempt does.
#[activity(heartbeat_timeout = "9s", max_attempts = 2)]
async fn spend(cancellation: Cancellation, hand_over: bool) -> Result<(), ActivityError> {
    if hand_over { Err(cancellation.cancelled().await.into()) } else { Err(failure("Luck")) }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_final_in_a_shutdown_as_well() {
    let (_folder, engine) = engine();
    let shutdown = CancellationToken::new();
    // The retries are spent at the very moment of the shutdown.
    let (result, ()) =
        tokio::join!(engine.run_until(end_spent, "one", (), shutdown.clone()), async {
            sleep(Duration::from_secs(5)).await;
            shutdown.cancel();
        });
    let error = result.unwrap_err();
    assert!(error.is_failed() && error.failure_type() == Some("Luck"), "{error}");

    let shutdown = CancellationToken::new();
    let (result, ()) =
        tokio::join!(engine.run_until(spend, "two", true, shutdown.clone()), async {
            sleep(Duration::from_secs(5)).await;
            shutdown.cancel();
        });
    assert!(result.unwrap_err().is_interrupted(), "who hands over has not failed");
}

/// Has one attempt, and fails in it when it is told to stop.
#[activity(heartbeat_timeout = "9s", max_attempts = 1)]
async fn end_spent(cancellation: Cancellation) -> Result<(), ActivityError> {
    cancellation.cancelled().await;
    Err(failure("Luck"))
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_after_a_shutdown() {
    let (_folder, engine) = engine();
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    let error = engine.run_until(spend, "one", false, shutdown).await.unwrap_err();
    assert!(error.is_interrupted());
    assert!(engine.stored::<u64>("one").unwrap().is_none(), "it is no attempt");
}
