//! A retry policy of the attribute's, in one process.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use autobeat::{
    Cancellation, activity,
    embedded::{Embedded, EmbeddedError},
};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep};

static BEGAN: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// A failure with a type, as a policy matches it.
fn failure(type_name: &str) -> ActivityError {
    let failure = ApplicationFailure::builder("no luck").type_name(type_name.to_owned()).build();
    ActivityError::application(failure)
}

#[activity(
    heartbeat_timeout = "9s",
    max_attempts = 6,
    retry(
        initial_interval = "2s",
        backoff_coefficient = 3.0,
        maximum_interval = "10s",
        non_retryable_error_types = ["BadInput", "LeaseLost", "TemporalTimeout:StartToClose"],
    ),
    start_to_close_timeout = "20s"
)]
async fn fail_as(cancellation: Cancellation, type_name: String) -> Result<(), ActivityError> {
    BEGAN.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    if type_name.is_empty() {
        sleep(Duration::from_mins(1)).await;
    }
    cancellation.check()?;
    Err(failure(&type_name))
}

/// One after another, since all write down when they began.
#[tokio::test(start_paused = true)]
async fn a_policy_says_when_and_whether_there_is_another_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(Embedded::open(folder.path().join("progress.redb")).unwrap());
    let fail = async |type_name: &str| -> (EmbeddedError, Vec<u64>) {
        BEGAN.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let error = engine.run(fail_as, type_name, type_name.to_owned()).await.unwrap_err();
        let began = BEGAN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let between = began.windows(2).map(|two| (two[1] - two[0]).as_secs()).collect();
        (error, between)
    };

    let (error, between) = fail("Luck").await;
    assert_eq!(error.failure_type(), Some("Luck"));
    assert_eq!(between, [2, 6, 10, 10, 10]);

    // Whether it is told by the attempt, or as the server would tell it.
    for final_type in ["BadInput", "LeaseLost"] {
        let (error, between) = fail(final_type).await;
        assert_eq!(error.failure_type(), Some(final_type));
        assert!(between.is_empty(), "{between:?}");
    }

    // As on a server, where it is another type.
    let (_, between) = fail("badinput").await;
    assert_eq!(between.len(), 5);

    let (error, between) = fail("").await;
    assert_eq!(error.failure_type(), Some("DeadlineExceeded"));
    assert!(between.is_empty(), "{between:?}");
}
