//! The embedded engine is measured as well, once somebody observes.
//!
//! One test, in a process of its own: attempts are measured by one meter a process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use autobeat::{Checkpoint, activity, embedded::Embedded, metrics::observe};
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

use self::recorder::{Record, Recorder, Value};

#[path = "../src/metrics/recorder.rs"]
#[allow(dead_code, unreachable_pub, reason = "the unit tests ask for more of it")]
mod recorder;

/// Fails once at 4, and counts to 8.
#[activity(heartbeat_timeout = "9s")]
async fn stumble(checkpoint: Checkpoint<u64>) -> Result<(), ActivityError> {
    let from = checkpoint.get();
    for number in from..8 {
        if (from, number) == (0, 4) {
            return Err(std::io::Error::other("stumbled").into());
        }
        sleep(Duration::from_secs(1)).await;
        checkpoint.save(number + 1)?;
    }
    Ok(())
}

fn labels(record: &Record) -> BTreeMap<&str, &str> {
    record.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn the_embedded_engine_is_measured_from_when_somebody_observes() {
    let recorder = Recorder::default();
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    engine.run(stumble, "unseen", ()).await.unwrap();
    observe(Arc::new(recorder.clone())).unwrap();
    assert!(recorder.records_with("activity_type", "stumble").is_empty());

    engine.run(stumble, "seen", ()).await.unwrap();
    let records = recorder.records_with("activity_type", "stumble");
    let of = |name: &str| records.iter().filter(|record| record.name == name).collect::<Vec<_>>();
    let ends: Vec<_> = of("autobeat_attempts_ended").into_iter().map(labels).collect();
    let ended =
        |outcome| [("activity_type", "stumble"), ("outcome", outcome), ("reason", "none")].into();
    let expected: [BTreeMap<&str, &str>; 2] = [ended("failed"), ended("completed")];
    assert_eq!(ends, expected, "there is no namespace and no task queue");
    assert_eq!(of("autobeat_resumes").len(), 1);
    let beats = of("autobeat_heartbeats");
    assert!(!beats.is_empty() && beats.iter().all(|beat| beat.value == Value::Added(1)));
    assert!(beats.iter().all(|beat| beat.labels["outcome"] == "acknowledged"), "{beats:?}");
    assert_eq!(of("autobeat_checkpoint_age").len(), beats.len());

    let other = Recorder::default();
    let refusal = observe(Arc::new(other.clone())).unwrap_err();
    assert!(refusal.to_string().contains("call `observe` once"), "{refusal}");
    engine.run(stumble, "again", ()).await.unwrap();
    assert!(other.records_with("activity_type", "stumble").is_empty());
    assert!(recorder.records_with("activity_type", "stumble").len() > records.len());
}
