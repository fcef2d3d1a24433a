//! More activities in one worker than their server has time for: they beat less often before it is
//! too late, and do not try again all at once.

use std::time::Duration;

use autobeat::{Cancelled, Checkpoint, activity};
use autobeat_tests::inprocess::crowd::{Crowd, Seen};
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::{
        RuntimeOptions,
        worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
    },
};
use tokio::{
    runtime::Builder,
    time::{pause, sleep},
};

const CROWD: u64 = 500;

/// Waits until all is over.
#[activity(heartbeat_timeout = "10s")]
async fn wait(checkpoint: Checkpoint<u64>, number: u64) -> Result<u64, Cancelled> {
    checkpoint.save(number)?;
    sleep(Duration::from_hours(24)).await;
    Ok(number)
}

async fn worker(crowd: &Crowd) -> Worker {
    let tuner = TunerHolder::builder()
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(1_000))
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(2))
        .build();
    let options = WorkerOptions::new("crowd").register_activities(wait).tuner(tuner).build();
    let telemetry = RuntimeOptions::builder().heartbeat_interval(None).build().unwrap();
    let runtime = Runtime::from_current_tokio(telemetry).unwrap();
    Worker::new(&runtime, crowd.client().await, options).unwrap()
}

/// What a crowd does within a minute to a server of so many calls a second, and how many of it run then.
fn a_minute_of(capacity: u32) -> (Seen, usize) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        pause();
        let crowd = Crowd::new(CROWD, "wait", Duration::from_secs(10)).of_capacity(capacity);
        let mut worker = worker(&crowd).await;
        tokio::select! {
            ended = worker.run() => panic!("{ended:?}"),
            () = sleep(Duration::from_mins(1)) => (crowd.seen(), crowd.running()),
        }
    })
}

#[test]
fn as_many_run_as_the_server_has_time_for_and_none_is_lost() {
    // At rest they would send 150 calls a second.
    let (seen, running) = a_minute_of(135);
    assert_eq!(seen.too_late, 0, "{seen:?}");
    assert!(running >= 480, "{running} of {CROWD}: {seen:?}");
    assert!(seen.longest_silence < Duration::from_secs(7), "{seen:?}");
}

#[test]
fn where_it_has_time_for_all_they_beat_as_declared() {
    let (seen, running) = a_minute_of(1_000);
    assert_eq!((seen.too_late, running), (0, 500), "{seen:?}");
    assert!(seen.longest_silence < Duration::from_millis(3_500), "{seen:?}");
}
