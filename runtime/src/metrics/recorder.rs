//! A meter that writes down what it is given.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use temporalio_common::telemetry::metrics::{
    CoreMeter, Counter, CounterBase, Gauge, GaugeBase, GaugeF64, GaugeF64Base, Histogram,
    HistogramBase, HistogramDuration, HistogramDurationBase, HistogramF64, HistogramF64Base,
    MetricAttributable, MetricAttributes, MetricParameters, NewAttributes, UpDownCounter,
    UpDownCounterBase,
};

/// A meter that writes down what it is given; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    notes: Arc<Mutex<Notes>>,
    trap: Option<(String, String)>,
}

#[derive(Debug, Default)]
struct Notes {
    records: Vec<Record>,
    /// How many sets of labels were made.
    label_sets: usize,
    /// How many instruments were made.
    instruments: usize,
}

/// What was recorded once.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The name of the instrument.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What was recorded.
    pub value: Value,
}

/// A recorded value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// What was added to a counter.
    Added(u64),
    /// What was added to a counter that goes both ways.
    Moved(i64),
    /// A whole number.
    Whole(u64),
    /// A number.
    Fraction(f64),
    /// A duration.
    Took(Duration),
}

impl Recorder {
    /// One that panics when something is recorded with this label.
    #[must_use]
    pub fn panicking_at(label: &str, value: &str) -> Self {
        Self { trap: Some((label.to_owned(), value.to_owned())), ..Self::default() }
    }

    /// Everything that was recorded with this label, in order.
    #[must_use]
    pub fn records_with(&self, label: &str, value: &str) -> Vec<Record> {
        let is_labelled =
            |record: &&Record| record.labels.get(label).is_some_and(|found| found == value);
        self.lock().records.iter().filter(is_labelled).cloned().collect()
    }

    /// How many sets of labels and how many instruments were made.
    #[must_use]
    pub fn made(&self) -> (usize, usize) {
        let notes = self.lock();
        (notes.label_sets, notes.instruments)
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attributes(&self, labels: HashMap<String, String>) -> MetricAttributes {
        self.lock().label_sets += 1;
        MetricAttributes::NoOp(Arc::new(labels))
    }

    fn instrument(&self, parameters: &MetricParameters) -> Arc<Instrument> {
        self.lock().instruments += 1;
        let labels = BTreeMap::new();
        Arc::new(Instrument { recorder: self.clone(), name: parameters.name.to_string(), labels })
    }
}

/// One instrument, with its labels once it has some.
#[derive(Clone)]
struct Instrument {
    recorder: Recorder,
    name: String,
    labels: BTreeMap<String, String>,
}

impl Instrument {
    fn labelled(&self, attributes: &MetricAttributes) -> Self {
        let labels = match attributes {
            MetricAttributes::NoOp(labels) => {
                labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => BTreeMap::new(),
        };
        Self { labels, ..self.clone() }
    }

    fn note(&self, value: Value) {
        if let Some((label, value)) = &self.recorder.trap {
            assert_ne!(self.labels.get(label), Some(value), "the trap");
        }
        let record = Record { name: self.name.clone(), labels: self.labels.clone(), value };
        self.recorder.lock().records.push(record);
    }
}

/// An instrument for each kind that a meter has.
macro_rules! instruments {
    ($($base:ident::$method:ident($type:ty) => $value:expr;)*) => {$(
        impl $base for Instrument {
            fn $method(&self, value: $type) {
                self.note($value(value));
            }
        }

        impl MetricAttributable<Box<dyn $base>> for Instrument {
            fn with_attributes(
                &self,
                attributes: &MetricAttributes,
            ) -> Result<Box<dyn $base>, Box<dyn Error>> {
                Ok(Box::new(self.labelled(attributes)))
            }
        }
    )*};
}

instruments! {
    CounterBase::adds(u64) => Value::Added;
    HistogramBase::records(u64) => Value::Whole;
    HistogramF64Base::records(f64) => Value::Fraction;
    HistogramDurationBase::records(Duration) => Value::Took;
    GaugeBase::records(u64) => Value::Whole;
    GaugeF64Base::records(f64) => Value::Fraction;
    UpDownCounterBase::adds(i64) => Value::Moved;
}

impl CoreMeter for Recorder {
    fn new_attributes(&self, attributes: NewAttributes) -> MetricAttributes {
        self.attributes(attributes.into())
    }

    fn extend_attributes(
        &self,
        existing: MetricAttributes,
        attributes: NewAttributes,
    ) -> MetricAttributes {
        let mut labels: HashMap<String, String> = attributes.into();
        if let MetricAttributes::NoOp(existing) = existing {
            labels.extend(existing.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        self.attributes(labels)
    }

    fn counter(&self, parameters: MetricParameters) -> Counter {
        Counter::new(self.instrument(&parameters))
    }

    fn histogram(&self, parameters: MetricParameters) -> Histogram {
        Histogram::new(self.instrument(&parameters))
    }

    fn histogram_f64(&self, parameters: MetricParameters) -> HistogramF64 {
        HistogramF64::new(self.instrument(&parameters))
    }

    fn histogram_duration(&self, parameters: MetricParameters) -> HistogramDuration {
        HistogramDuration::new(self.instrument(&parameters))
    }

    fn gauge(&self, parameters: MetricParameters) -> Gauge {
        Gauge::new(self.instrument(&parameters))
    }

    fn gauge_f64(&self, parameters: MetricParameters) -> GaugeF64 {
        GaugeF64::new(self.instrument(&parameters))
    }

    fn up_down_counter(&self, parameters: MetricParameters) -> UpDownCounter {
        UpDownCounter::new(self.instrument(&parameters))
    }
}

impl fmt::Debug for Instrument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}", self.name, self.labels)
    }
}
