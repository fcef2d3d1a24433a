//! Whether what a worker holds is flat.

use std::time::Duration;

use autobeat_tests::soak::samples::{KEPT_BY_SDK, MADE_ONCE, MEMORY, Sample, Samples};

const MINUTES: u64 = 40;

/// A sample a minute of a worker that has so much memory in each.
fn samples(resident: impl Fn(u64) -> u64) -> Samples {
    let sample = |minute| Sample {
        at: Duration::from_secs(60 * minute),
        resident: resident(minute),
        threads: 30,
        descriptors: 90,
        heartbeats: 0,
    };
    let idle = Sample { threads: 5, descriptors: 20, ..Sample::default() };
    let under_load = (0..MINUTES).map(sample).collect();
    Samples { before: idle, under_load, after: idle, attempts: 0 }
}

#[test]
fn caches_that_fill_are_no_growth() {
    let flat = samples(|minute| 50_000 + 3_000 * minute.min(MINUTES / 4));
    assert!(flat.growth().abs() < f64::EPSILON);
    assert!(flat.broken().is_empty());
}

#[test]
fn what_grows_to_the_end_is_told() {
    // From the middle of the second quarter to that of the last it is half of the run.
    let each = 2 * MEMORY / MINUTES + 10;
    let growing = samples(|minute| 50_000 + each * minute);
    assert_eq!(growing.broken().len(), 1, "{:?}", growing.broken());
    let less = 2 * MEMORY / MINUTES - 10;
    assert!(samples(|minute| 50_000 + less * minute).broken().is_empty());
}

#[test]
fn what_the_sdk_keeps_of_each_attempt_is_allowed() {
    // Half of them in this worker, and half of those in the time that is looked at.
    let attempts = 4 * 8 * 1024;
    let allowed = Samples { attempts, ..samples(|_| 50_000) }.allowed();
    assert_eq!(allowed, MEMORY + 8 * KEPT_BY_SDK);
}

#[test]
fn threads_and_descriptors_are_given_back() {
    let mut left = samples(|_| 50_000);
    left.after.threads += MADE_ONCE;
    left.after.descriptors += MADE_ONCE;
    assert!(left.broken().is_empty());
    left.after.threads += 1;
    left.after.descriptors += 1;
    let threads = "10 threads when it was idle again, 5 before";
    assert_eq!(left.broken(), [threads, "25 descriptors when it was idle again, 20 before"]);
}
