//! What is measured of the attempts that share their labels.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use temporalio_common::telemetry::metrics::{
    CoreMeter, Counter, CounterBase, HistogramBase, HistogramDurationBase, MetricAttributes,
    MetricKeyValue,
};
use temporalio_sdk::activities::ActivityInfo;

use super::{OBSERVER, guarded, instruments::Instruments};
use crate::{
    cancel::CancelReason,
    lease::{BeatError, Reply},
};

/// The task queue that an attempt came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskQueue<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl<'a> TaskQueue<'a> {
    pub(crate) fn of(info: &'a ActivityInfo) -> Self {
        Self { namespace: &info.namespace, name: &info.task_queue }
    }
}

/// What is told apart.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Labels {
    activity_type: String,
    /// Namespace and name.
    task_queue: Option<(String, String)>,
}

impl Labels {
    pub(super) fn new(activity_type: &str, task_queue: Option<TaskQueue<'_>>) -> Self {
        Self {
            activity_type: activity_type.to_owned(),
            task_queue: task_queue.map(|queue| (queue.namespace.to_owned(), queue.name.to_owned())),
        }
    }

    fn key_values(&self) -> Vec<MetricKeyValue> {
        let mut labels = vec![MetricKeyValue::new("activity_type", self.activity_type.clone())];
        if let Some((namespace, task_queue)) = &self.task_queue {
            labels.push(MetricKeyValue::new("namespace", namespace.clone()));
            labels.push(MetricKeyValue::new("task_queue", task_queue.clone()));
        }
        labels
    }
}

/// What became of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged,
    Stop,
    NotFound,
    Settled,
    Refused,
    Lost,
    Overtaken,
    TooLarge,
    HandedOver,
}

impl Outcome {
    const ALL: [Self; 9] = [
        Self::Acknowledged,
        Self::Stop,
        Self::NotFound,
        Self::Settled,
        Self::Refused,
        Self::Lost,
        Self::Overtaken,
        Self::TooLarge,
        Self::HandedOver,
    ];

    pub(crate) fn of(result: &Result<Reply, BeatError>, is_over: bool) -> Self {
        match result {
            Ok(Reply::GoOn) => Self::Acknowledged,
            // That an attempt is known no more is what its end is about.
            Ok(Reply::Stop(CancelReason::NotFound)) if is_over => Self::Settled,
            Ok(Reply::Stop(CancelReason::NotFound)) => Self::NotFound,
            Ok(Reply::Stop(_)) => Self::Stop,
            Ok(Reply::TooLarge(_)) => Self::TooLarge,
            Err(error) if error.is_for_load() => Self::Refused,
            Err(_) => Self::Lost,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Stop => "stop",
            Self::NotFound => "not_found",
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Overtaken => "overtaken",
            Self::TooLarge => "too_large",
            Self::HandedOver => "handed_over",
        }
    }

    /// Whether it took a round trip to the server.
    fn is_answer(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Stop | Self::NotFound | Self::Settled)
    }
}

/// The instruments for one set of labels.
pub(super) struct Activity {
    meter: Arc<dyn CoreMeter>,
    labels: MetricAttributes,
    instruments: Instruments,
    heartbeats: [Counter; Outcome::ALL.len()],
    /// By outcome and reason, as they come up; shared, since a clone would not be bound to its labels.
    ended: Mutex<HashMap<(&'static str, String), Arc<Counter>>>,
}

impl Activity {
    pub(super) fn new(
        meter: Arc<dyn CoreMeter>,
        instruments: &Instruments,
        labels: &Labels,
    ) -> Self {
        let labels = meter.new_attributes(labels.key_values().into());
        let instruments = instruments.labelled(&labels);
        let heartbeats = Outcome::ALL.map(|outcome| {
            let outcome = [MetricKeyValue::new("outcome", outcome.label())];
            let mut counter = instruments.heartbeats.clone();
            counter.update_attributes(meter.extend_attributes(labels.clone(), outcome.into()));
            counter
        });
        Self { meter, labels, instruments, heartbeats, ended: Mutex::default() }
    }

    fn heartbeat(&self, outcome: Outcome) {
        self.heartbeats[outcome as usize].adds(1);
    }

    fn ended(&self, outcome: &'static str, reason: String) {
        let lock = || self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let end = (outcome, reason);
        let known = lock().get(&end).cloned();
        // The meter is users' code, so it is not called under the lock.
        let counter = known.unwrap_or_else(|| {
            let counter = Arc::new(self.counter_of(outcome, &end.1));
            Arc::clone(lock().entry(end).or_insert(counter))
        });
        counter.adds(1);
    }

    fn counter_of(&self, outcome: &str, reason: &str) -> Counter {
        let end = [
            MetricKeyValue::new("outcome", outcome.replace(' ', "_")),
            MetricKeyValue::new("reason", reason.to_owned()),
        ];
        let mut counter = self.instruments.attempts_ended.clone();
        counter.update_attributes(self.meter.extend_attributes(self.labels.clone(), end.into()));
        counter
    }
}

/// A heartbeat that was answered or lost, and what it found.
pub(crate) struct Landing {
    pub(crate) outcome: Outcome,
    /// Of the details that the server took, in bytes; `None` where it took none.
    pub(crate) size: Option<usize>,
    pub(crate) took: Duration,
    /// How long ago the last acknowledged one was sent.
    pub(crate) age: Duration,
    pub(crate) interval: Duration,
    /// Whether the attempt had ended before, so that this asks only whether the server knows of it.
    pub(crate) is_over: bool,
}

/// Where an attempt is measured; nowhere, unless somebody observes.
#[derive(Clone, Default)]
pub(crate) struct Measured(Option<Arc<Activity>>);

impl Measured {
    pub(super) fn new(activity_type: &str, task_queue: Option<TaskQueue<'_>>) -> Self {
        let Some(observer) = OBSERVER.get() else { return Self(None) };
        Self(guarded(|| observer.activity(Labels::new(activity_type, task_queue))))
    }

    /// Whether anybody observes.
    pub(crate) fn is_observed(&self) -> bool {
        self.0.is_some()
    }

    fn record(&self, record: impl FnOnce(&Activity)) {
        if let Some(activity) = &self.0 {
            guarded(|| record(activity));
        }
    }

    /// A heartbeat was answered or lost.
    pub(crate) fn landed(&self, landing: &Landing) {
        self.record(|activity| {
            activity.heartbeat(landing.outcome);
            let instruments = &activity.instruments;
            if landing.outcome.is_answer() {
                instruments.round_trip.records(landing.took);
            }
            if landing.is_over {
                return;
            }
            instruments.age.records(landing.age);
            instruments.interval.records(landing.interval);
            if let Some(size) = landing.size {
                instruments.size.records(size as u64);
            }
        });
    }

    /// A heartbeat was not answered when a later one was.
    pub(crate) fn overtaken(&self) {
        self.record(|activity| activity.heartbeat(Outcome::Overtaken));
    }

    /// A heartbeat was given to the engine's lane, or turned out to be too large for it.
    pub(crate) fn handed_over(&self, is_taken: bool) {
        let outcome = if is_taken { Outcome::HandedOver } else { Outcome::TooLarge };
        self.record(|activity| activity.heartbeat(outcome));
    }

    /// The heartbeat's task ran this long after it was due.
    pub(crate) fn ran(&self, lateness: Duration, is_timer: bool) {
        // What wakes it before it is due says nothing about timers.
        if is_timer || !lateness.is_zero() {
            self.record(|activity| activity.instruments.lateness.records(lateness));
        }
    }

    /// The work made no progress in time.
    pub(crate) fn stalled(&self) {
        self.record(|activity| activity.instruments.stalls.adds(1));
    }

    pub(super) fn resumed(&self) {
        self.record(|activity| activity.instruments.resumes.adds(1));
    }

    pub(super) fn ended(&self, outcome: &'static str, reason: String) {
        self.record(|activity| activity.ended(outcome, reason));
    }
}

#[cfg(test)]
pub(super) fn outcome_label(result: &Result<Reply, BeatError>) -> &'static str {
    Outcome::of(result, false).label()
}

#[cfg(test)]
pub(super) fn outcomes() -> Vec<&'static str> {
    Outcome::ALL.into_iter().map(Outcome::label).collect()
}
