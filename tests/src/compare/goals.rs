//! What is aimed at, and whether what was measured meets it.

use std::time::Duration;

use super::{
    blocked::Blocked, delays::Delays, many::Many, repeats::Repeats, requests::Requests,
    results::Results, stage::Order, variant::Variant,
};

/// What a kill may repeat past an interval, in seconds.
const PAST_AN_INTERVAL: f64 = 0.5;

/// How much more a worker may use than one on the bare SDK.
const PROCESSOR: f64 = 1.3;
const MEMORY: f64 = 4.0;

/// One goal, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What is aimed at.
    pub aim: String,
    /// What was measured.
    pub measured: String,
    /// By how much it is missed; nothing where it is met.
    pub missed: Option<Missed>,
}

/// A goal that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// By how much.
    pub by: String,
    /// What is known of the cause.
    pub why: &'static str,
}

/// Every goal of which something was measured.
#[must_use]
pub fn of(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    if let Some(section) = &results.repeats {
        goals.push(repeats(&section.rows));
    }
    if let Some(section) = &results.delays {
        goals.push(delays(&section.rows));
    }
    if let Some(section) = &results.requests {
        goals.push(requests(&section.rows));
    }
    if let Some(section) = &results.many {
        goals.extend(many(&section.rows));
    }
    if let Some(section) = &results.blocked {
        goals.extend(blocked(&section.rows));
    }
    goals
}

/// How far a number is above what it may be, at the row where it is furthest.
struct Worst {
    above: f64,
    count: usize,
}

impl Worst {
    fn of(numbers: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let worst = Self { above: f64::NEG_INFINITY, count: 0 };
        numbers.into_iter().fold(worst, |worst, (number, limit)| Self {
            above: worst.above.max(number - limit),
            count: worst.count + usize::from(number > limit),
        })
    }

    /// `unit` has the sign between it and a number.
    fn missed(&self, unit: &str, why: &'static str) -> Option<Missed> {
        let by = format!("{:.2}{unit}, {} times", self.above, self.count);
        (self.count > 0).then_some(Missed { by, why })
    }
}

fn interval(variant: Variant, timeout: u64) -> f64 {
    variant.interval(Duration::from_secs(timeout)).as_secs_f64()
}

fn repeats(rows: &[Repeats]) -> Goal {
    let ours = rows.iter().filter(|row| row.variant != Variant::ByHand);
    let numbers = ours.flat_map(|row| {
        let limit = interval(row.variant, row.timeout) + PAST_AN_INTERVAL;
        row.repeated.samples.iter().map(move |repeated| (*repeated, limit))
    });
    let numbers: Vec<_> = numbers.collect();
    let count = numbers.len();
    let worst = Worst::of(numbers);
    Goal {
        aim: "a kill repeats at most one interval and 0.5 s of work".to_owned(),
        measured: format!("{} of {count} kills", count - worst.count),
        missed: worst.missed(
            " s",
            "one heartbeat in three takes the SDK's lane, where one that was still on its way dies \
             with the process",
        ),
    }
}

fn delays(rows: &[Delays]) -> Goal {
    let ours = |row: &&Delays| row.variant != Variant::ByHand && row.order == Order::Cancel;
    let numbers = rows.iter().filter(ours).flat_map(|row| {
        let limit = interval(row.variant, row.timeout);
        let untold = std::iter::repeat_n((f64::INFINITY, limit), row.untold);
        row.delay.samples.iter().map(move |delay| (*delay, limit)).chain(untold)
    });
    let numbers: Vec<_> = numbers.collect();
    let count = numbers.len();
    let worst = Worst::of(numbers);
    Goal {
        aim: "a cancellation reaches the body within one interval".to_owned(),
        measured: format!("{} of {count} cancellations", count - worst.count),
        missed: worst.missed(" s", "the round trip of the heartbeat that brings it comes on top"),
    }
}

fn requests(rows: &[Requests]) -> Goal {
    let ours = rows.iter().filter(|row| row.variant != Variant::ByHand);
    // One more or less of the four activities may fall into the window.
    let numbers: Vec<_> = ours
        .map(|row| (row.per_minute.median, 60.0 / interval(row.variant, row.timeout) * 1.05))
        .collect();
    let count = numbers.len();
    let worst = Worst::of(numbers);
    Goal {
        aim: "one request an interval, both lanes together (within 5 %)".to_owned(),
        measured: format!("{} of {count} combinations", count - worst.count),
        missed: worst.missed(
            " requests a minute",
            "an interval is shortened by chance, so that activities do not beat together",
        ),
    }
}

fn many(rows: &[Many]) -> Vec<Goal> {
    let of = |variant| rows.iter().find(|row| row.variant == variant);
    let (Some(theirs), Some(ours)) = (of(Variant::ByHand), of(Variant::Default)) else {
        return Vec::new();
    };
    let lost: f64 = ours.lost.samples.iter().sum();
    let times = ours.processor.median / theirs.processor.median;
    let more = ours.memory.median - theirs.memory.median;
    vec![
        Goal {
            aim: "of 2,000 at once none times out".to_owned(),
            measured: format!("{lost} of {} runs of 2,000", ours.lost.count),
            missed: Worst::of([(lost, 0.0)])
                .missed("", "the dev server is busy: it takes longer than a timeout to answer"),
        },
        Goal {
            aim: "their worker takes at most 1.3 times the processor".to_owned(),
            measured: format!("{times:.2} times"),
            missed: Worst::of([(times, PROCESSOR)]).missed(
                " times",
                "a third of the timeout is a shorter interval than the SDK's 0.8 of it: more requests",
            ),
        },
        Goal {
            aim: "and at most 4 KiB more an activity".to_owned(),
            measured: format!("{more:.1} KiB"),
            missed: Worst::of([(more, MEMORY)])
                .missed(" KiB", "an attempt has a task of its own, and a request's buffers"),
        },
    ]
}

fn blocked(rows: &[Blocked]) -> Option<Goal> {
    let ours = rows.iter().find(|row| row.variant != Variant::ByHand)?;
    let lost = f64::from(ours.count - ours.completed);
    Some(Goal {
        aim: "a body that blocks its thread for three timeouts completes".to_owned(),
        measured: format!("{} of {}", ours.completed, ours.count),
        missed: Worst::of([(lost, 0.0)])
            .missed("", "the blocked thread is the one that drives the runtime's timers"),
    })
}
