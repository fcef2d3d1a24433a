//! What a meter is given: attempts against a scripted lease, on a paused clock.
//!
//! The meter is one for the process, and so for all tests of it: each has an activity type of its own.

use std::{collections::BTreeMap, fs, time::Duration};

use temporalio_common::{
    data_converters::PayloadConverter, protos::temporal::api::common::v1::Payload,
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, advance, sleep};

use super::{
    recorder::{Record, Recorder, Value},
    *,
};
use crate::{
    attempt::{self, Facts, Takes},
    cancel::{CancelReason, Cancellation},
    checkpoint::{Checkpoint, encode},
    lease::{
        BeatError, Lease, Reply, TooLarge,
        scripted::{Line, ScriptedLease},
    },
    options::Options,
};

const SECOND: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(9);
/// A third of the timeout, and a beat a tenth of it earlier at most.
const INTERVAL: Duration = Duration::from_secs(3);

/// The meter of this process; what is recorded of the activity `trapped` makes it panic.
fn recorder() -> &'static Recorder {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = Recorder::panicking_at("activity_type", "trapped");
        observe(Arc::new(recorder.clone())).unwrap();
        recorder
    })
}

fn payload(value: impl serde::Serialize + 'static) -> Payload {
    encode(&PayloadConverter::default(), &value).unwrap()
}

fn facts(activity_type: &str) -> Facts {
    Facts {
        activity_type: activity_type.to_owned(),
        number: 1,
        key: "run/1".into(),
        heartbeat_timeout: Some(TIMEOUT),
        started: Instant::now(),
        came_late: false,
        deadline: None,
        details: Vec::new(),
    }
}

async fn run<F>(
    options: Options,
    facts: Facts,
    lease: ScriptedLease,
    body: impl FnOnce(Checkpoint<u64>, Cancellation) -> F,
) -> Result<(), ActivityError>
where
    F: Future<Output = Result<(), ActivityError>>,
{
    recorder();
    let takes = Takes::NOTHING.checkpoint().cancellation();
    attempt::run(options, takes, facts, Arc::new(lease) as Arc<dyn Lease>, body).await
}

/// An attempt of an activity, whose heartbeats are answered by a script and then welcome.
async fn attempt<F>(
    activity_type: &str,
    script: impl IntoIterator<Item = Line>,
    body: impl FnOnce(Checkpoint<u64>, Cancellation) -> F,
) -> Result<(), ActivityError>
where
    F: Future<Output = Result<(), ActivityError>>,
{
    let lease = ScriptedLease::new(script, Line::Answer(Reply::GoOn));
    run(Options::new(TIMEOUT), facts(activity_type), lease, body).await
}

async fn sleep_for(time: Duration) -> Result<(), ActivityError> {
    sleep(time).await;
    Ok(())
}

/// What was recorded by an instrument for an activity.
fn recorded(activity_type: &str, name: &str) -> Vec<Record> {
    let records = recorder().records_with("activity_type", activity_type);
    records.into_iter().filter(|record| record.name == name).collect()
}

/// What a counter has come to, by the values of some labels.
fn counted(activity_type: &str, name: &str, labels: &[&str]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in recorded(activity_type, name) {
        let Value::Added(more) = record.value else { panic!("{record:?} is no count") };
        let values: Vec<_> = labels.iter().map(|label| record.labels[*label].as_str()).collect();
        *counts.entry(values.join(" ")).or_default() += more;
    }
    counts
}

fn durations(activity_type: &str, name: &str) -> Vec<Duration> {
    let duration = |record: Record| match record.value {
        Value::Took(duration) => duration,
        value => panic!("{value:?} is no duration"),
    };
    recorded(activity_type, name).into_iter().map(duration).collect()
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(labels, count)| (labels.to_owned(), count)).collect()
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_counted_by_what_became_of_them() {
    let script = [Line::Answer(Reply::GoOn), Line::Refusal, Line::Answer(Reply::GoOn)];
    attempt("beats", script, |_, _| sleep_for(3 * INTERVAL + SECOND)).await.unwrap();
    let beats = counted("beats", "autobeat_heartbeats", &["outcome"]);
    assert_eq!(beats, counts([("acknowledged", 3), ("lost", 1)]));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_after_the_end_is_counted_apart() {
    let answers = [Reply::GoOn, Reply::GoOn, Reply::Stop(CancelReason::NotFound)];
    let lease = ScriptedLease::new(answers.map(Line::Answer), Line::Silence).hearing(0);
    let body = |_, _| sleep_for(2 * INTERVAL + SECOND);
    run(Options::new(TIMEOUT), facts("settled"), lease, body).await.unwrap();
    sleep(INTERVAL).await;
    let beats = counted("settled", "autobeat_heartbeats", &["outcome"]);
    assert_eq!(beats, counts([("acknowledged", 2), ("settled", 1)]));
    assert_eq!(durations("settled", "autobeat_heartbeat_round_trip").len(), 3);
    assert_eq!(durations("settled", "autobeat_checkpoint_age").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_a_later_one_overtook_is_counted_as_that() {
    let script = [Line::Answer(Reply::GoOn), Line::Late(4 * SECOND, Reply::GoOn)];
    attempt("overtaken", script, |_, _| sleep_for(3 * INTERVAL)).await.unwrap();
    let beats = counted("overtaken", "autobeat_heartbeats", &["outcome"]);
    assert_eq!(beats.get("overtaken"), Some(&1), "{beats:?}");
}

#[tokio::test(start_paused = true)]
async fn the_engines_lane_is_counted_apart() {
    let lease = ScriptedLease::friendly().with_engine(TIMEOUT).refusing_a_report();
    let body =
        |_, cancellation: Cancellation| async move { Err(cancellation.cancelled().await.into()) };
    let _ = run(Options::new(TIMEOUT), facts("refused"), lease, body).await;
    let beats = counted("refused", "autobeat_heartbeats", &["outcome"]);
    assert_eq!(beats.get("too_large"), Some(&1), "{beats:?}");

    let lease = ScriptedLease::friendly().with_engine(TIMEOUT);
    run(Options::new(TIMEOUT), facts("engine"), lease, |_, _| sleep_for(9 * INTERVAL))
        .await
        .unwrap();
    let beats = counted("engine", "autobeat_heartbeats", &["outcome"]);
    assert!(beats["handed_over"] >= 2 && beats["acknowledged"] > beats["handed_over"], "{beats:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_heartbeat_finds_is_recorded_when_it_lands() {
    let script = [Line::Late(SECOND / 10, Reply::GoOn)];
    attempt("finds", script, async |checkpoint, _| {
        checkpoint.save(1_234_567)?;
        sleep_for(INTERVAL + SECOND).await
    })
    .await
    .unwrap();
    assert_eq!(durations("finds", "autobeat_heartbeat_round_trip"), [SECOND / 10]);
    assert_eq!(durations("finds", "autobeat_heartbeat_interval"), [INTERVAL]);
    let age = durations("finds", "autobeat_checkpoint_age");
    assert!(age.len() == 1 && age[0] <= INTERVAL + SECOND / 10 && age[0] >= INTERVAL * 9 / 10);
    let sizes = recorded("finds", "autobeat_checkpoint_size");
    let size = prost::Message::encoded_len(&payload(1_234_567_u64));
    assert_eq!(
        sizes.iter().map(|size| size.value).collect::<Vec<_>>(),
        [Value::Whole(size as u64)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_ages_while_heartbeats_are_lost() {
    let lost = std::iter::repeat_n(Line::Refusal, 4);
    attempt("ages", lost, |_, _| sleep_for(8 * SECOND)).await.unwrap();
    let ages = durations("ages", "autobeat_checkpoint_age");
    let until_acknowledged = &ages[..5];
    assert!(until_acknowledged.is_sorted(), "{ages:?}");
    assert!(durations("ages", "autobeat_heartbeat_round_trip").len() == ages.len() - 4, "{ages:?}");
    assert!(recorded("ages", "autobeat_checkpoint_size").is_empty(), "nothing was in them");
}

#[tokio::test(start_paused = true)]
async fn how_late_the_runtime_is_can_be_seen() {
    attempt("late", [], async |_, _| {
        advance(INTERVAL + SECOND).await;
        sleep_for(SECOND).await
    })
    .await
    .unwrap();
    let lateness = durations("late", "autobeat_heartbeat_lateness");
    let longest = lateness.into_iter().max().unwrap();
    assert!(longest >= SECOND && longest <= 2 * SECOND, "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn ends_are_counted_with_their_reason() {
    let told = async |_: Checkpoint<u64>, cancellation: Cancellation| {
        Err::<(), ActivityError>(cancellation.cancelled().await.into())
    };
    attempt("ends", [], |_, _| sleep_for(SECOND)).await.unwrap();
    let error = async |_, _| Err::<(), ActivityError>(std::io::Error::other("of its own").into());
    attempt("ends", [], error).await.unwrap_err();
    attempt("ends", [], async |_, _| Err(ActivityError::WillCompleteAsync)).await.unwrap_err();
    for reason in [CancelReason::Requested, CancelReason::Paused, CancelReason::NotFound] {
        attempt("ends", [Line::Answer(Reply::Stop(reason))], told).await.unwrap_err();
    }
    let lease = ScriptedLease::new([], Line::Silence);
    run(Options::new(TIMEOUT), facts("ends"), lease, told).await.unwrap_err();
    let too_large = Reply::TooLarge(TooLarge { size: 3_000_000, limit: 2_097_152 });
    attempt("ends", [Line::Answer(too_large)], told).await.unwrap_err();
    let panicking = tokio::spawn(attempt("ends", [], async |_, _| panic!("of its own")));
    panicking.await.unwrap_err();

    let ends = counted("ends", "autobeat_attempts_ended", &["outcome", "reason"]);
    let expected = counts([
        ("completed none", 1),
        ("completes_elsewhere none", 1),
        ("failed none", 1),
        ("panicked none", 1),
        ("cancelled requested", 1),
        ("failed paused", 1),
        ("failed not_found", 1),
        ("failed lease_lost", 1),
        ("failed checkpoint_too_large", 1),
    ]);
    assert_eq!(ends, expected);
    let beats = counted("ends", "autobeat_heartbeats", &["outcome"]);
    for (outcome, count) in [("not_found", 1), ("too_large", 1)] {
        assert!(beats[outcome] >= count, "{outcome} in {beats:?}");
    }
    assert!(beats["stop"] >= 2, "{beats:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_dropped_and_one_that_cannot_begin_are_counted() {
    let running = attempt("dropped", [], |_, _| sleep_for(60 * SECOND));
    tokio::time::timeout(SECOND, running).await.unwrap_err();
    let broken = Facts { details: vec![payload("line 5")], ..facts("dropped") };
    run(Options::new(TIMEOUT), broken, ScriptedLease::friendly(), |_, _| sleep_for(SECOND))
        .await
        .unwrap_err();
    let ends = counted("dropped", "autobeat_attempts_ended", &["outcome", "reason"]);
    assert_eq!(ends, counts([("dropped none", 1), ("failed bad_checkpoint", 1)]));
}

#[tokio::test(start_paused = true)]
async fn resumes_and_stalls_are_counted() {
    let stored = || Facts { number: 2, details: vec![payload(7_u64)], ..facts("resumes") };
    let options = Options::new(TIMEOUT).stall_timeout(4 * SECOND);
    for (facts, time) in [(facts("resumes"), SECOND), (stored(), SECOND), (stored(), 9 * SECOND)] {
        let body = async |_, cancellation: Cancellation| {
            Ok(cancellation.run_until_cancelled(sleep(time)).await?)
        };
        let _ = run(options, facts, ScriptedLease::friendly(), body).await;
    }
    assert_eq!(counted("resumes", "autobeat_resumes", &[]), counts([("", 2)]));
    assert_eq!(counted("resumes", "autobeat_stalls", &[]), counts([("", 1)]));
    let ends = counted("resumes", "autobeat_attempts_ended", &["outcome", "reason"]);
    assert_eq!(ends, counts([("completed none", 2), ("failed stalled", 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_panics_costs_nothing_but_its_metrics() {
    let began = Instant::now();
    attempt("trapped", [], |_, _| sleep_for(4 * TIMEOUT)).await.unwrap();
    assert_eq!(began.elapsed(), 4 * TIMEOUT, "it kept its lease");
    assert!(recorder().records_with("activity_type", "trapped").is_empty());
}

#[test]
fn labels_and_instruments_are_made_once() {
    let recorder = Recorder::default();
    let observer = Observer {
        instruments: Instruments::new(&recorder),
        meter: Arc::new(recorder.clone()),
        activities: Mutex::default(),
    };
    let labels = |activity_type: &str| Labels::new(activity_type, None);
    let first = observer.activity(labels("one"));
    let made = recorder.made();
    assert_eq!(made.1, ALL.len());
    assert!(Arc::ptr_eq(&first, &observer.activity(labels("one"))));
    assert_eq!(recorder.made(), made);
    observer.activity(labels("other"));
    assert_eq!(recorder.made(), (2 * made.0, made.1));
}

#[test]
fn refused_for_load_is_told_from_lost() {
    let outcome = |error| activity::outcome_label(&Err(error));
    assert_eq!(outcome(BeatError::for_load("too much")), "refused");
    assert_eq!(outcome(BeatError::new("too far")), "lost");
}

/// The rows of the table of a module's documentation: name, kind, labels.
fn documented() -> Vec<(String, String, Vec<String>)> {
    let unquoted = |cell: &str| cell.trim().trim_matches('`').to_owned();
    include_str!("../metrics.rs")
        .lines()
        .filter(|line| line.starts_with("//! | `autobeat_"))
        .map(|row| {
            let cells: Vec<_> = row.split('|').collect();
            let labels = cells[3].split(',').map(unquoted).filter(|label| !label.is_empty());
            (unquoted(cells[1]), unquoted(cells[2]), labels.collect())
        })
        .collect()
}

#[test]
fn the_documentation_says_what_the_code_does() {
    let kind = |kind| match kind {
        instruments::Kind::Counter => "counter",
        instruments::Kind::Duration(_) => "duration",
        instruments::Kind::Bytes(_) => "bytes",
    };
    let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    let coded: Vec<(_, _, Vec<_>)> = ALL
        .iter()
        .map(|metric| (metric.name.to_owned(), kind(metric.kind).to_owned(), labels(metric.labels)))
        .collect();
    assert_eq!(documented(), coded);
    let text = include_str!("../metrics.rs");
    for outcome in activity::outcomes() {
        assert!(text.contains(&format!("//! - `{outcome}`: ")), "{outcome} is not documented");
    }
}

#[test]
fn buckets_are_for_every_distribution_in_the_unit_of_the_exporter() {
    let (millis, seconds) = (histogram_buckets(false).overrides, histogram_buckets(true).overrides);
    assert_eq!(millis.len(), ALL.len() - 4);
    for (name, ends) in &millis {
        assert!(ends.is_sorted() && !ends.is_empty(), "{name}: {ends:?}");
        let shares = millis.keys().filter(|other| other.contains(name)).count();
        assert_eq!(shares, 1, "exporters would take the buckets of {name} for another as well");
        let same = if name.ends_with("size") { 1.0 } else { 1_000.0 };
        assert!((seconds[name][0] * same - ends[0]).abs() < 1e-9, "{name}");
    }
}

/// The metrics that a text names, without what exporters append.
fn named(text: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    text.match_indices("autobeat_")
        .map(|(at, _)| text[at..].chars().take_while(|letter| is_part(*letter)).collect())
        .collect()
}

#[test]
fn the_dashboard_asks_for_every_metric_and_for_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana.json");
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked: Vec<String> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .flat_map(|target| named(target["expr"].as_str().unwrap()))
        .collect();
    let is_known = |name: &String| ALL.iter().any(|metric| metric.name == name);
    assert_eq!(asked.iter().find(|name| !is_known(name)), None, "in {asked:?}");
    for metric in ALL {
        assert!(asked.iter().any(|name| name == metric.name), "no panel for {}", metric.name);
    }
    for name in named(&dashboard["templating"].to_string()) {
        assert!(is_known(&name), "{name}");
    }
}
