//! The table, row by row.

use temporalio_common::error::ApplicationErrorCategory;

use super::{CancelReason::*, *};

/// How a body is answered that returned its cancellation.
fn answer_to(reason: CancelReason) -> Outcome<()> {
    let cancellation = Cancellation::new();
    cancellation.cancel(reason);
    settle(End::Failed(Cancelled::new(reason).into()), &cancellation, true)
}

fn failure_of(outcome: Outcome<()>) -> ApplicationFailure {
    match outcome {
        Outcome::Fail { error: ActivityError::Application(failure) } => *failure,
        other => panic!("expected a failure, not {}", other.name()),
    }
}

#[test]
fn a_request_alone_is_answered_as_cancelled() {
    assert!(matches!(answer_to(Requested), Outcome::Cancelled(ActivityError::Cancelled { .. })));
}

#[test]
fn every_other_reason_is_a_failure_of_its_own() {
    let rows = [
        (Paused, "ActivityPaused", true, true),
        (Reset, "ActivityReset", true, true),
        (WorkerShutdown, "WorkerShutdown", true, true),
        (HandOver, "HandOver", true, true),
        (NotFound, "NotFound", false, true),
        (LeaseLost, "LeaseLost", false, true),
        (DeadlineExceeded, "DeadlineExceeded", false, true),
        (Stalled, "ActivityStalled", false, true),
        (CheckpointTooLarge, "CheckpointTooLarge", false, false),
        (CheckpointInvalid, "CheckpointInvalid", false, false),
    ];
    for (reason, type_name, is_benign, is_retried) in rows {
        let failure = failure_of(answer_to(reason));
        assert_eq!(failure.type_name(), Some(type_name));
        assert_eq!(failure.category() == ApplicationErrorCategory::Benign, is_benign, "{reason}");
        assert_eq!(!failure.is_non_retryable(), is_retried, "{reason}");
        let at_once =
            matches!(reason, WorkerShutdown | HandOver).then_some(Duration::from_millis(1));
        assert_eq!(failure.next_retry_delay(), at_once, "{reason}");
        assert!(failure.to_string().starts_with(&reason.to_string()), "{failure}");
    }
}

#[test]
fn a_hand_over_of_nothing_waits_as_a_failure_does_and_tells_of_limits() {
    let cancellation = Cancellation::new();
    cancellation.cancel(HandOver);
    let end = || End::Failed(Cancelled::new(HandOver).into());
    let failure = failure_of(settle(end(), &cancellation, false));
    assert_eq!(failure.next_retry_delay(), None);
    assert!(failure.to_string().contains("a limit of attempts"), "{failure}");
    cancellation.cancel(Requested);
    assert_eq!(settle::<()>(end(), &cancellation, true).name(), "cancelled");
}

#[test]
fn what_a_body_returned_is_its_answer_whatever_was_requested() {
    let cancellation = Cancellation::new();
    cancellation.cancel(Paused);
    let names = [
        End::Completed(()),
        End::Panicked(Box::new("out of cheese")),
        End::Failed(ActivityError::WillCompleteAsync),
        End::Failed(std::io::Error::other("disk full").into()),
    ]
    .map(|end| settle(end, &cancellation, true).name());
    assert_eq!(names, ["completed", "panicked", "completes elsewhere", "failed"]);
    cancellation.cancel(Requested);
    assert_eq!(settle(End::<()>::Dropped, &cancellation, true).name(), "cancelled");
}

#[test]
fn the_documentation_promises_each_type_of_failure() {
    let row = |failure: &ApplicationFailure, retried: &str| {
        let benign = failure.category() == ApplicationErrorCategory::Benign;
        let type_name = failure.type_name().unwrap_or_default();
        format!("{type_name} {retried} {}", if benign { "yes" } else { "no" })
    };
    let retried =
        |failure: &ApplicationFailure| if failure.is_non_retryable() { "no" } else { "yes" };
    let reasons = CancelReason::ALL.into_iter().filter(|reason| *reason != Requested);
    let mut failures: Vec<_> = reasons.map(|reason| failure_of(answer_to(reason))).collect();
    failures.push(failure_of(nobody_asked()));
    let mut expected: Vec<_> = failures.iter().map(|it| row(it, retried(it))).collect();
    let bad = crate::attempt::BAD_CHECKPOINT;
    expected.push(format!("{bad} yes, but for `on_bad_checkpoint = \"fail\"` no"));

    expected.sort_unstable();
    let front_page = include_str!("../lib.rs").replace("//! ", "");
    let manual = include_str!("../guide/other_languages.md");
    assert_eq!(promised(&front_page, "What other languages may rely on"), expected);
    assert_eq!(promised(manual, "The types of failures"), expected);
}

/// The rows of the table in a chapter of the documentation: type, whether it is retried, whether benign.
fn promised(documentation: &str, chapter: &str) -> Vec<String> {
    let mut chapters = documentation.split("\n# ").filter(|it| it.starts_with(chapter));
    let rows = chapters.next().unwrap().lines().filter_map(|line| line.strip_prefix("| `"));
    let promised = rows.map(|row| {
        let cells: Vec<_> = row.trim_end_matches(" |").split(" | ").collect();
        format!("{} {} {}", cells[0].trim_end_matches('`'), cells[2], cells[3])
    });
    let mut promised: Vec<_> = promised.collect();
    promised.sort_unstable();
    promised
}

#[test]
fn who_asked_between_two_items_hands_over_and_nobody_else() {
    let cancellation = Cancellation::new();
    let told = || End::<()>::Failed(Cancelled::new(HandOver).into());
    assert!(!hands_over(&told(), &cancellation), "nothing is due");
    cancellation.cancel(HandOver);
    assert!(hands_over(&told(), &cancellation));
    assert!(!hands_over(&End::<()>::Dropped, &cancellation), "it did not ask");
    let of_its_own = || End::<()>::Failed(anyhow::anyhow!("its own").into());
    assert!(!hands_over(&of_its_own(), &cancellation));
    let failure = failure_of(settle(of_its_own(), &cancellation, true));
    assert_eq!((failure.type_name(), failure.to_string().as_str()), (None, "its own"));
    cancellation.cancel(Requested);
    assert!(!hands_over(&told(), &cancellation), "a request wins");
}
