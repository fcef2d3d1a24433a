//! Counts requests where they leave the client.
//!
//! The SDK's client tells a meter of each call as it goes onto the connection, retries included,
//! whichever lane it is on. This meter counts those that are heartbeats, and nothing else.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use temporalio_common::telemetry::{
    TaskQueueLabelStrategy,
    metrics::{
        CoreMeter, Counter, CounterBase, Gauge, GaugeF64, Histogram, HistogramDuration,
        HistogramF64, MetricAttributable, MetricAttributes, MetricParameters, NewAttributes,
        NoOpCoreMeter, TemporalMeter, UpDownCounter,
    },
};

/// The name of the counter of calls, and of the label that says which call.
const CALLS: &str = "request";
const CALL: &str = "operation";
const HEARTBEAT: &str = "RecordActivityTaskHeartbeat";

/// How many heartbeats went out.
#[derive(Clone, Debug, Default)]
pub struct Heartbeats(Arc<AtomicU64>);

impl Heartbeats {
    /// How many there were so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The meter that counts them, for a connection.
    #[must_use]
    pub fn meter(&self) -> TemporalMeter {
        let strategy = TaskQueueLabelStrategy::UseNormal;
        TemporalMeter::new(Arc::new(Meter(self.clone())), NewAttributes::default(), strategy)
    }
}

/// Discards everything but the calls.
#[derive(Debug)]
struct Meter(Heartbeats);

impl CoreMeter for Meter {
    fn new_attributes(&self, attributes: NewAttributes) -> MetricAttributes {
        NoOpCoreMeter.new_attributes(attributes)
    }

    fn extend_attributes(
        &self,
        existing: MetricAttributes,
        attributes: NewAttributes,
    ) -> MetricAttributes {
        NoOpCoreMeter.extend_attributes(existing, attributes)
    }

    fn counter(&self, parameters: MetricParameters) -> Counter {
        if parameters.name == CALLS {
            Counter::new(Arc::new(Calls(self.0.clone())))
        } else {
            NoOpCoreMeter.counter(parameters)
        }
    }

    fn histogram(&self, parameters: MetricParameters) -> Histogram {
        NoOpCoreMeter.histogram(parameters)
    }

    fn histogram_f64(&self, parameters: MetricParameters) -> HistogramF64 {
        NoOpCoreMeter.histogram_f64(parameters)
    }

    fn histogram_duration(&self, parameters: MetricParameters) -> HistogramDuration {
        NoOpCoreMeter.histogram_duration(parameters)
    }

    fn gauge(&self, parameters: MetricParameters) -> Gauge {
        NoOpCoreMeter.gauge(parameters)
    }

    fn gauge_f64(&self, parameters: MetricParameters) -> GaugeF64 {
        NoOpCoreMeter.gauge_f64(parameters)
    }

    fn up_down_counter(&self, parameters: MetricParameters) -> UpDownCounter {
        NoOpCoreMeter.up_down_counter(parameters)
    }
}

/// The counter of all calls.
struct Calls(Heartbeats);

impl MetricAttributable<Box<dyn CounterBase>> for Calls {
    fn with_attributes(
        &self,
        attributes: &MetricAttributes,
    ) -> Result<Box<dyn CounterBase>, Box<dyn Error>> {
        let is_heartbeat = match attributes {
            MetricAttributes::NoOp(labels) => {
                labels.get(CALL).is_some_and(|call| call == HEARTBEAT)
            }
            _ => false,
        };
        Ok(Box::new(CallsOfOneKind(is_heartbeat.then(|| self.0.clone()))))
    }
}

/// The counter of one kind of call.
struct CallsOfOneKind(Option<Heartbeats>);

impl CounterBase for CallsOfOneKind {
    fn adds(&self, count: u64) {
        if let Some(heartbeats) = &self.0 {
            heartbeats.0.fetch_add(count, Ordering::Relaxed);
        }
    }
}
