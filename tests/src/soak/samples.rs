//! What the worker that lives through holds, and whether that is flat.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::compare::{process::WorkerProcess, spread::Spread};

/// How much more memory it may have in the last quarter of a run than in the second, in KiB and by their
/// medians, beside what the SDK keeps.
///
/// The first quarter is left out: its caches fill, and its allocator keeps what the busiest moment needed.
/// What that leaves behind moves by a MiB or two, in steps. What holds on to an attempt's future or
/// connection keeps some 10 KiB of each, which is more than this after some hundred of them.
pub const MEMORY: u64 = 4 << 10;

/// How much the SDK keeps of each attempt, in bytes: the token of its task, and what cancels it.
pub const KEPT_BY_SDK: u64 = 512;

/// How many more threads, and how many more descriptors, it may have when it is idle again than before it
/// began: those that are made when they are first needed, such as a connection. One that was left
/// behind in each attempt would be thousands.
pub const MADE_ONCE: u64 = 4;

/// What it has at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When, since the load began.
    pub at: Duration,
    /// Its memory, in KiB.
    pub resident: u64,
    /// Its threads.
    pub threads: u64,
    /// Its open files and sockets.
    pub descriptors: u64,
    /// How many heartbeats it has sent so far.
    pub heartbeats: u64,
}

/// All that was seen of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// Before the load.
    pub before: Sample,
    /// Under it.
    pub under_load: Vec<Sample>,
    /// When the last activity was over, and what an idle thread waits for had passed.
    pub after: Sample,
    /// How many attempts there were meanwhile, about half of them in this worker.
    pub attempts: u64,
}

impl Sample {
    /// What a worker has now.
    pub async fn of(worker: &mut WorkerProcess, at: Duration) -> anyhow::Result<Self> {
        let usage = worker.usage()?;
        Ok(Self {
            at,
            resident: usage.resident,
            threads: usage.threads,
            descriptors: u64::try_from(worker.descriptors()?)?,
            heartbeats: worker.heartbeats().await?,
        })
    }
}

impl Samples {
    /// By how many KiB its memory grew from the second quarter to the last, by their medians.
    #[must_use]
    pub fn growth(&self) -> f64 {
        let quarter = self.under_load.len() / 4;
        let median = |samples: &[Sample]| {
            // Far below what an f64 holds exactly.
            let kibibytes = samples.iter().map(|sample| f64::from(narrow(sample.resident)));
            Spread::of(kibibytes).median
        };
        let last = self.under_load.len() - quarter;
        median(&self.under_load[last..]) - median(&self.under_load[quarter..2 * quarter])
    }

    /// By how many KiB it may have grown.
    ///
    /// Between the middles of these quarters is half of the run, and half of its attempts were not here.
    #[must_use]
    pub fn allowed(&self) -> u64 {
        MEMORY + self.attempts / 4 * KEPT_BY_SDK / 1024
    }

    /// What is not flat, told as sentences.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let growth = self.growth();
        let allowed = self.allowed();
        if growth > f64::from(narrow(allowed)) {
            broken.push(format!("its memory grew by {growth} KiB, more than {allowed}"));
        }
        let idle = [
            ("threads", self.before.threads, self.after.threads),
            ("descriptors", self.before.descriptors, self.after.descriptors),
        ];
        for (what, before, after) in idle {
            if after > before + MADE_ONCE {
                broken.push(format!("{after} {what} when it was idle again, {before} before"));
            }
        }
        broken
    }
}

fn narrow(kibibytes: u64) -> u32 {
    u32::try_from(kibibytes).unwrap_or(u32::MAX)
}
