//! What is measured: the table of the module's documentation, as code.

use temporalio_common::telemetry::metrics::{
    CoreMeter, Counter, Histogram, HistogramDuration, MetricAttributes, MetricParameters,
};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    /// With its buckets, in milliseconds.
    Duration(&'static [u32]),
    /// With its buckets.
    Bytes(&'static [u32]),
}

impl Kind {
    /// Where the buckets of a distribution end.
    pub(super) fn buckets(self, use_seconds: bool) -> Option<Vec<f64>> {
        let in_unit = if use_seconds { 1_000.0 } else { 1.0 };
        match self {
            Self::Counter => None,
            Self::Duration(ends) => {
                Some(ends.iter().map(|end| f64::from(*end) / in_unit).collect())
            }
            Self::Bytes(ends) => Some(ends.iter().copied().map(f64::from).collect()),
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Beside the namespace, the task queue and the type of the activity.
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the documentation"))]
    pub(super) labels: &'static [&'static str],
    description: &'static str,
}

impl Metric {
    fn parameters(&self) -> MetricParameters {
        let unit = match self.kind {
            Kind::Counter => "",
            // The meter puts its own in place of it.
            Kind::Duration(_) => "duration",
            Kind::Bytes(_) => "bytes",
        };
        MetricParameters::builder().name(self.name).description(self.description).unit(unit).build()
    }
}

static HEARTBEATS: Metric = Metric {
    name: "autobeat_heartbeats",
    kind: Kind::Counter,
    labels: &["outcome"],
    description: "Count of activity heartbeats, by outcome",
};

static ROUND_TRIP: Metric = Metric {
    name: "autobeat_heartbeat_round_trip",
    kind: Kind::Duration(&[
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
    ]),
    labels: &[],
    description: "Histogram of the time in which activity heartbeats are answered",
};

static INTERVAL: Metric = Metric {
    name: "autobeat_heartbeat_interval",
    kind: Kind::Duration(&[
        100, 250, 500, 1_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000,
    ]),
    labels: &[],
    description: "Histogram of the activity heartbeat intervals in force",
};

static LATENESS: Metric = Metric {
    name: "autobeat_heartbeat_lateness",
    kind: Kind::Duration(&[
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
    ]),
    labels: &[],
    description: "Histogram of how late the runtime runs activity heartbeats",
};

static AGE: Metric = Metric {
    name: "autobeat_checkpoint_age",
    kind: Kind::Duration(&[
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000,
        300_000, 600_000,
    ]),
    labels: &[],
    description: "Histogram of how old acknowledged activity checkpoints become",
};

static SIZE: Metric = Metric {
    name: "autobeat_checkpoint_size",
    kind: Kind::Bytes(&[16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 2_097_152]),
    labels: &[],
    description: "Histogram of the sizes of activity checkpoints",
};

static ATTEMPTS_ENDED: Metric = Metric {
    name: "autobeat_attempts_ended",
    kind: Kind::Counter,
    labels: &["outcome", "reason"],
    description: "Count of activity attempts that ended, by outcome and reason",
};

static RESUMES: Metric = Metric {
    name: "autobeat_resumes",
    kind: Kind::Counter,
    labels: &[],
    description: "Count of activity attempts that went on from a checkpoint",
};

static STALLS: Metric = Metric {
    name: "autobeat_stalls",
    kind: Kind::Counter,
    labels: &[],
    description: "Count of activity attempts that made no progress in time",
};

/// The whole table. No name of a distribution is a part of another: exporters look for buckets by a part
/// of the name.
pub(super) static ALL: [&Metric; 9] = [
    &HEARTBEATS,
    &ROUND_TRIP,
    &INTERVAL,
    &LATENESS,
    &AGE,
    &SIZE,
    &ATTEMPTS_ENDED,
    &RESUMES,
    &STALLS,
];

/// One instrument a row, for one set of labels.
#[derive(Clone)]
pub(super) struct Instruments {
    pub(super) heartbeats: Counter,
    pub(super) round_trip: HistogramDuration,
    pub(super) interval: HistogramDuration,
    pub(super) lateness: HistogramDuration,
    pub(super) age: HistogramDuration,
    pub(super) size: Histogram,
    pub(super) attempts_ended: Counter,
    pub(super) resumes: Counter,
    pub(super) stalls: Counter,
}

impl Instruments {
    pub(super) fn new(meter: &dyn CoreMeter) -> Self {
        Self {
            heartbeats: meter.counter(HEARTBEATS.parameters()),
            round_trip: meter.histogram_duration(ROUND_TRIP.parameters()),
            interval: meter.histogram_duration(INTERVAL.parameters()),
            lateness: meter.histogram_duration(LATENESS.parameters()),
            age: meter.histogram_duration(AGE.parameters()),
            size: meter.histogram(SIZE.parameters()),
            attempts_ended: meter.counter(ATTEMPTS_ENDED.parameters()),
            resumes: meter.counter(RESUMES.parameters()),
            stalls: meter.counter(STALLS.parameters()),
        }
    }

    /// The same for these labels; each is bound to them when it first records something.
    pub(super) fn labelled(&self, labels: &MetricAttributes) -> Self {
        let mut labelled = self.clone();
        labelled.heartbeats.update_attributes(labels.clone());
        labelled.round_trip.update_attributes(labels.clone());
        labelled.interval.update_attributes(labels.clone());
        labelled.lateness.update_attributes(labels.clone());
        labelled.age.update_attributes(labels.clone());
        labelled.size.update_attributes(labels.clone());
        labelled.attempts_ended.update_attributes(labels.clone());
        labelled.resumes.update_attributes(labels.clone());
        labelled.stalls.update_attributes(labels.clone());
        labelled
    }
}
