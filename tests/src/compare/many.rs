//! What 2,000 activities at once cost, which do nothing but wait.
//!
//! Each variant has a fresh worker process, one after the other, on the same server. The system
//! tells what the process used, from when it had connected to when the last activity was over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{spread::Spread, stage::Stage, variant::Variant};
use crate::{program::say, workflows::Outcome};

/// How many workflows there are, and how many activities each of them runs.
const CROWD: (u32, u32) = (40, 50);

/// How many activities that is.
pub const COUNT: u32 = CROWD.0 * CROWD.1;

/// How long each of them waits.
pub const SLEEP: Duration = Duration::from_secs(40);

/// Their heartbeat timeout.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// What they cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Many {
    /// Whose activities.
    pub variant: Variant,
    /// How many of a run did not complete, mostly since they timed out.
    pub lost: Spread,
    /// From the first start to the last, in seconds.
    pub ramp: Spread,
    /// How many ran at the same time, at most.
    pub at_once: Spread,
    /// The worker's time on a processor, in seconds.
    pub processor: Spread,
    /// The most memory that the worker had, past what it had without them, in KiB an activity.
    pub memory: Spread,
    /// How many heartbeats went out.
    pub heartbeats: Spread,
}

/// Measures both, in turn.
pub async fn measure(stage: &Stage, runs: u32) -> anyhow::Result<Vec<Many>> {
    let variants = [Variant::ByHand, Variant::Default];
    let mut samples = [Vec::new(), Vec::new()];
    for run in 1..=runs {
        // Who is first finds the server younger: in turn.
        let order = if run % 2 == 1 { [0, 1] } else { [1, 0] };
        for place in order {
            say(&format!("many: {:?}, run {run} of {runs}", variants[place]));
            samples[place].push(run_once(stage, variants[place]).await?);
        }
    }
    let row = |(variant, samples): (Variant, Vec<Sample>)| {
        let spread = |number: fn(&Sample) -> f64| Spread::of(samples.iter().map(number));
        Many {
            variant,
            lost: spread(|sample| sample.lost),
            ramp: spread(|sample| sample.ramp),
            at_once: spread(|sample| sample.at_once),
            processor: spread(|sample| sample.processor),
            memory: spread(|sample| sample.memory),
            heartbeats: spread(|sample| sample.heartbeats),
        }
    };
    Ok(variants.into_iter().zip(samples).map(row).collect())
}

/// One run of one variant.
struct Sample {
    lost: f64,
    ramp: f64,
    at_once: f64,
    processor: f64,
    memory: f64,
    heartbeats: f64,
}

async fn run_once(stage: &Stage, variant: Variant) -> anyhow::Result<Sample> {
    let queue = stage.name("many");
    let mut worker = stage.worker(&queue).await?;
    let before = worker.usage()?;
    let outcomes = stage.run_crowd(&queue, variant, TIMEOUT, SLEEP, CROWD).await?;
    let after = worker.usage()?;
    let starts: Vec<Duration> = outcomes.iter().filter_map(start_of).collect();
    let number = |count: usize| anyhow::Ok(f64::from(u32::try_from(count)?));
    let grown = f64::from(u32::try_from(after.peak.saturating_sub(before.resident))?);
    Ok(Sample {
        lost: number(outcomes.len() - starts.len())?,
        ramp: ramp(&starts).as_secs_f64(),
        at_once: number(most_at_once(&starts))?,
        processor: after.processor.saturating_sub(before.processor).as_secs_f64(),
        memory: grown / f64::from(COUNT),
        heartbeats: f64::from(u32::try_from(worker.heartbeats().await?)?),
    })
}

/// When an activity began, if it completed.
fn start_of(outcome: &Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Completed(micros) => Some(Duration::from_micros(*micros)),
        _ => None,
    }
}

fn ramp(starts: &[Duration]) -> Duration {
    match (starts.iter().min(), starts.iter().max()) {
        (Some(first), Some(last)) => last.saturating_sub(*first),
        _ => Duration::ZERO,
    }
}

/// How many were running at the busiest moment, which is when one of them began.
#[must_use]
pub fn most_at_once(starts: &[Duration]) -> usize {
    let mut starts = starts.to_vec();
    starts.sort_unstable();
    let mut over = 0;
    let mut most = 0;
    for (begun, start) in starts.iter().enumerate() {
        while starts[over] + SLEEP <= *start {
            over += 1;
        }
        most = most.max(begun + 1 - over);
    }
    most
}
