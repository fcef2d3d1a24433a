//! One attempt with whatever is to happen to it: what the test kit makes happen, and what it tells of it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use autobeat::{
    CancelReason, Cancellation, Checkpoint, activities, activity,
    testing::{Event, Handles, Trial},
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// A second each; beats each 3 s, less the jitter of the first.
#[activity(heartbeat_timeout = "9s")]
async fn count_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
    for number in checkpoint.resume(0..end) {
        number?;
        sleep(SECOND).await;
    }
    Ok(end)
}

/// Never gives way.
#[activity(heartbeat_timeout = "9s")]
async fn spin(checkpoint: Checkpoint<u64>, _input: ()) -> Result<(), ActivityError> {
    loop {
        checkpoint.update(|count| *count += 1)?;
    }
}

/// Never gives way, and blocks its thread.
#[activity(heartbeat_timeout = "9s")]
fn spin_on_a_thread(checkpoint: Checkpoint<u64>, _input: ()) -> Result<(), ActivityError> {
    loop {
        checkpoint.update(|count| *count += 1)?;
    }
}

/// Waits for a day, and cleans up for a second where it is told to stop.
#[activity(heartbeat_timeout = "9s", stall_timeout = "30s", start_to_close_timeout = "2h")]
async fn wait(
    checkpoint: Checkpoint<u64>,
    cancellation: Cancellation,
    _input: (),
) -> Result<(), ActivityError> {
    loop {
        let waited = cancellation.run_until_cancelled(sleep(SECOND)).await;
        if let Err(cancelled) = waited.and_then(|()| checkpoint.touch()) {
            sleep(SECOND).await;
            checkpoint.save(1_000).ok();
            return Err(cancelled.into());
        }
    }
}

/// Not between two waits, where it would have the next one to itself.
const IN_A_WAIT: Duration = Duration::from_millis(20_500);

#[test]
fn an_undisturbed_attempt_tells_what_it_did() {
    let ended = Trial::of(count_to, 5).run();
    assert_eq!(ended.output(), Some(&5));
    assert_eq!(ended.saves::<u64>(), [1, 2, 3, 4, 5]);
    assert_eq!(ended.took(), 5 * SECOND);
    let beats = ended.beats::<u64>();
    assert_eq!(beats.len(), 1, "{beats:?}");
    assert!(beats[0].0 > 2 * SECOND && beats[0].0 <= 3 * SECOND, "{beats:?}");
    assert_eq!((beats[0].1, ended.acknowledged()), (Some(2), Some(2_u64)));
    assert!(!ended.is_retried() && !ended.is_crashed() && !ended.is_cancelled());
}

#[test]
fn an_attempt_starts_from_a_checkpoint() {
    let ended = Trial::of(count_to, 5).from_checkpoint(&3_u64).number(4).run();
    assert_eq!((ended.output(), ended.saves::<u64>()), (Some(&5), vec![4, 5]));
}

#[test]
fn a_crash_loses_what_no_heartbeat_carried() {
    let crashed = Trial::of(count_to, 9).after_save(5, Event::Crash).run();
    assert!(crashed.is_crashed() && crashed.is_retried());
    assert_eq!(crashed.saves::<u64>().last(), Some(&5));
    assert_eq!(crashed.checkpoint(), Some(2_u64), "sent at 3 s, less the jitter");
    let next = crashed.next().run();
    assert_eq!((next.output(), next.saves::<u64>().first()), (Some(&9), Some(&3)));
}

#[test]
fn a_heartbeat_just_before_a_crash_keeps_the_newest_save() {
    let crashed =
        Trial::of(count_to, 9).after_save(2, Event::Heartbeat).after_save(2, Event::Crash).run();
    assert_eq!(crashed.checkpoint(), Some(2_u64));
}

#[test]
fn a_crash_stops_a_body_that_never_gives_way() {
    let crashed = Trial::of(spin, ()).after_save(100, Event::Crash).run();
    assert_eq!((crashed.is_crashed(), crashed.saves::<u64>().len()), (true, 100));
    let crashed = Trial::of(spin_on_a_thread, ()).after_save(100, Event::Crash).run();
    assert_eq!((crashed.is_crashed(), crashed.saves::<u64>().len()), (true, 100));
}

#[test]
fn a_cancellation_at_a_save_stops_a_body_that_never_gives_way() {
    let paused = Event::Cancel(CancelReason::Paused);
    let ended = Trial::of(spin, ()).after_save(7, paused).run();
    assert_eq!((ended.failure_type(), ended.checkpoint()), (Some("ActivityPaused"), Some(7_u64)));
    let ended = Trial::of(spin_on_a_thread, ()).after_save(7, paused).run();
    assert_eq!((ended.failure_type(), ended.checkpoint()), (Some("ActivityPaused"), Some(7_u64)));
}

#[test]
fn each_reason_is_answered_as_a_server_sees_it() {
    use CancelReason::{
        CheckpointInvalid, CheckpointTooLarge, DeadlineExceeded, LeaseLost, NotFound, Paused,
        Reset, Stalled, WorkerShutdown,
    };
    let reasons = [
        (Paused, "ActivityPaused", true),
        (Reset, "ActivityReset", true),
        (WorkerShutdown, "WorkerShutdown", true),
        (NotFound, "NotFound", true),
        (LeaseLost, "LeaseLost", true),
        (DeadlineExceeded, "DeadlineExceeded", true),
        (Stalled, "ActivityStalled", true),
        (CheckpointTooLarge, "CheckpointTooLarge", false),
        (CheckpointInvalid, "CheckpointInvalid", false),
    ];
    for (reason, type_name, is_retried) in reasons {
        let ended = Trial::of(wait, ()).at(IN_A_WAIT, Event::Cancel(reason)).run();
        assert_eq!(ended.failure_type(), Some(type_name));
        assert_eq!(ended.is_retried(), is_retried, "{reason:?}");
    }
    let ended = Trial::of(wait, ()).at(IN_A_WAIT, Event::Cancel(CancelReason::Requested)).run();
    assert!(ended.is_cancelled() && !ended.is_retried());
    assert_eq!(ended.took(), IN_A_WAIT + SECOND, "with its clean-up");
}

#[test]
fn what_is_saved_in_a_clean_up_is_kept() {
    let ended = Trial::of(wait, ()).at(IN_A_WAIT, Event::Cancel(CancelReason::Reset)).run();
    assert_eq!(ended.checkpoint(), Some(1_000_u64));
}

#[test]
fn a_cancellation_comes_where_the_body_gives_way() {
    let ended = Trial::of(wait, ()).at_await(3, Event::Cancel(CancelReason::Requested)).run();
    assert!(ended.is_cancelled());
    assert_eq!(ended.took(), 3 * SECOND, "two waits, and its clean-up");
}

/// Has a thread of its own, and leaves where it has begun.
#[activity(heartbeat_timeout = "9s")]
fn begin(checkpoint: Checkpoint<u64>, _input: ()) -> Result<(), ActivityError> {
    let _ = checkpoint.save(1);
    Ok(checkpoint.touch()?)
}

#[test]
fn a_body_whose_thread_is_free_begins_before_it_is_told() {
    // By chance it might.
    for _ in 0..50 {
        let ended = Trial::of(begin, ()).at_await(1, Event::Cancel(CancelReason::Paused)).run();
        assert_eq!(ended.checkpoint(), Some(1_u64));
    }
}

/// Does not stop when it is told.
#[activity(heartbeat_timeout = "9s", cancel_grace = "4s")]
async fn go_on(_cancellation: Cancellation, _input: ()) -> Result<(), ActivityError> {
    sleep(60 * SECOND).await;
    Ok(())
}

#[test]
fn a_grace_ends() {
    let ended = Trial::of(go_on, ()).at(10 * SECOND, Event::Cancel(CancelReason::Requested)).run();
    assert!(ended.is_cancelled());
    assert_eq!(ended.took(), 14 * SECOND);
}

#[test]
fn heartbeats_that_fail_or_hang_cost_the_lease() {
    for trouble in [Event::HeartbeatsFail, Event::HeartbeatsHang] {
        let ended = Trial::of(wait, ()).at(Duration::ZERO, trouble).run();
        assert_eq!(ended.failure_type(), Some("LeaseLost"), "{trouble:?}");
        assert_eq!(ended.took(), 9 * SECOND, "{trouble:?}");
        assert_eq!(ended.acknowledged::<u64>(), None);
    }
}

#[test]
fn heartbeats_that_are_late_or_recover_cost_nothing() {
    let trial = || Trial::of(count_to, 60);
    let late = trial().at(SECOND, Event::HeartbeatsAreLate(4 * SECOND)).run();
    assert_eq!(late.output(), Some(&60));
    let recovered = trial()
        .at(10 * SECOND, Event::HeartbeatsFail)
        .at(16 * SECOND, Event::HeartbeatsRecover)
        .run();
    assert_eq!(recovered.output(), Some(&60));
    let lost = trial().at(10 * SECOND, Event::HeartbeatsFail).run();
    assert_eq!(lost.failure_type(), Some("LeaseLost"));
}

#[test]
fn a_stall_is_told_and_cleaned_up_after() {
    let stalled = Trial::of(wait, ()).at(IN_A_WAIT, Event::Stall).run();
    assert_eq!(stalled.failure_type(), Some("ActivityStalled"));
    assert_eq!(stalled.checkpoint(), Some(1_000_u64), "its clean-up ran");
    let without = Trial::of(count_to, 60).at(10 * SECOND, Event::Stall);
    let told = without.at(100 * SECOND, Event::Cancel(CancelReason::Paused)).run();
    assert_eq!(told.failure_type(), Some("ActivityPaused"));
}

#[test]
fn a_panic_is_a_failure_that_keeps_the_newest_save() {
    let panics = [
        Trial::of(count_to, 60).after_save(4, Event::Panic),
        Trial::of(count_to, 60).at_await(5, Event::Panic),
        Trial::of(count_to, 60).at(SECOND * 9 / 2, Event::Panic),
    ];
    for panic in panics {
        let ended = panic.run();
        let failure = ended.failure().expect("a failure").to_string();
        assert!(failure.contains("Activity function panicked"), "{failure}");
        assert_eq!(ended.checkpoint(), Some(4_u64));
        assert_eq!(ended.next().run().output(), Some(&60));
    }
}

#[test]
fn a_deadline_is_the_declared_one() {
    let cut_short = Trial::of(wait, ()).run();
    assert_eq!(cut_short.failure_type(), Some("DeadlineExceeded"));
    assert_eq!(cut_short.took(), Duration::from_hours(2));
}

/// Waits for longer than all of its attempts together may take.
#[activity(heartbeat_timeout = "9s", schedule_to_close_timeout = "1m")]
async fn wait_for_all(attempt: autobeat::Attempt) -> Result<bool, ActivityError> {
    let knows = attempt.deadline().is_some();
    tokio::time::sleep(Duration::from_secs(90)).await;
    Ok(knows)
}

#[test]
fn a_deadline_may_be_that_of_all_attempts() {
    let cut_short = Trial::of(wait_for_all, ()).run();
    assert_eq!(cut_short.failure_type(), Some("DeadlineExceeded"));
    assert_eq!(cut_short.took(), Duration::from_mins(1));
}

/// Commits what is done.
#[activity(heartbeat_timeout = "9s")]
async fn commit_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<(), ActivityError> {
    for number in checkpoint.get()..end {
        checkpoint.commit(number + 1).await?;
    }
    Ok(())
}

#[test]
fn what_was_committed_is_not_lost_in_a_crash() {
    let crashed = Trial::of(commit_to, 9).after_save(5, Event::Crash).run();
    assert_eq!(crashed.acknowledged(), Some(4_u64));
    let hanging = Trial::of(commit_to, 9).after_save(3, Event::HeartbeatsHang).run();
    assert_eq!(hanging.failure_type(), Some("LeaseLost"));
    assert_eq!((hanging.acknowledged(), hanging.checkpoint()), (Some(2_u64), Some(3_u64)));
}

struct Adder {
    by: u64,
    calls: AtomicU64,
}

#[activities]
impl Adder {
    #[activity(heartbeat_timeout = "9s")]
    async fn add(self: Arc<Self>, to: u64, again: u64) -> Result<u64, ActivityError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(to + again + self.by)
    }
}

#[test]
fn a_method_runs_on_its_instance() {
    let adder = Arc::new(Adder { by: 5, calls: AtomicU64::new(0) });
    let input = temporalio_common::data_converters::MultiArgs2(30, 7);
    let ended = Trial::of_method(Adder::add, Arc::clone(&adder), input).run();
    assert_eq!((ended.output(), adder.calls.load(Ordering::Relaxed)), (Some(&42), 1));
}

#[test]
fn there_is_no_attempt_after_one_that_completed() {
    let ended = Trial::of(count_to, 1).run();
    let panic = catch_unwind(AssertUnwindSafe(|| ended.next())).unwrap_err();
    let words = panic.downcast_ref::<String>().unwrap();
    assert_eq!(words, "there is no next attempt: this one completed");
}

/// Saves once more where it is unwound.
#[activity(heartbeat_timeout = "9s")]
async fn save_on_drop(checkpoint: Checkpoint<u64>, _input: ()) -> Result<(), ActivityError> {
    struct Last(Checkpoint<u64>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.save(99).ok();
        }
    }
    let _last = Last(checkpoint.clone());
    for number in 0..9 {
        checkpoint.save(number)?;
    }
    Ok(())
}

#[test]
fn what_a_destructor_saves_in_a_crash_is_lost_and_does_no_harm() {
    let crashed = Trial::of(save_on_drop, ()).after_save(3, Event::Crash).run();
    assert!(crashed.is_crashed());
    assert_eq!(crashed.saves::<u64>(), [0, 1, 2]);
}

/// Leaves the work to a task of its own.
#[activity(heartbeat_timeout = "9s")]
async fn spawn(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
    let task = tokio::spawn(count_to::call(checkpoint, end));
    task.await.unwrap_or(Ok(0))
}

#[test]
fn a_crash_in_a_task_of_the_body_is_a_crash_of_all() {
    let crashed = Trial::of(spawn, 9).after_save(3, Event::Crash).run();
    assert!(crashed.is_crashed());
}

#[test]
fn the_same_seed_is_the_same_run() {
    let beats = |seed| Trial::of(count_to, 60).seed(seed).run().beats::<u64>();
    assert_eq!(beats(1), beats(1));
    assert_ne!(beats(1), beats(2));
}

#[tokio::test]
async fn a_trial_runs_within_a_runtime_as_well() {
    assert_eq!(Trial::of(count_to, 5).run().output(), Some(&5));
}

#[tokio::test(start_paused = true)]
async fn a_body_runs_with_handles_made_by_hand() {
    let handles = Handles::resumed_from(2_u64);
    assert!(handles.checkpoint().is_resumed());
    handles.checkpoint().commit(3).await.unwrap();
    assert_eq!(count_to::call(handles.checkpoint(), 4).await.unwrap(), 4);
    assert_eq!(handles.saved(), [3, 4]);

    let handles = Handles::<u64>::new();
    assert!(!handles.checkpoint().is_resumed());
    handles.cancel(CancelReason::WorkerShutdown);
    let cancelled = handles.cancellation().check().unwrap_err();
    assert_eq!(cancelled.reason(), CancelReason::WorkerShutdown);
    assert!(wait::call(handles.checkpoint(), handles.cancellation(), ()).await.is_err());
    assert_eq!(handles.saved(), [1_000]);
}
