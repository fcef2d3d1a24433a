//! What was measured, as it is stored.

use std::{fs, path::Path, thread};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{blocked::Blocked, delays::Delays, many::Many, repeats::Repeats, requests::Requests};

/// All sections that were ever measured; a run of one leaves the others as they were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Results {
    /// Work done again after a kill.
    pub repeats: Option<Section<Repeats>>,
    /// Orders that reach a body.
    pub delays: Option<Section<Delays>>,
    /// Requests to the server.
    pub requests: Option<Section<Requests>>,
    /// Thousands at once.
    pub many: Option<Section<Many>>,
    /// A blocked thread.
    pub blocked: Option<Section<Blocked>>,
}

/// What one section measured, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section<Row> {
    /// How often everything in it was done.
    pub runs: u32,
    /// How many cores the machine has.
    pub cores: usize,
    /// How many processes wanted one of them just before, by the system's mean of a minute.
    pub load: f64,
    /// What came out.
    pub rows: Vec<Row>,
}

impl<Row> Section<Row> {
    /// Measures it now.
    pub async fn measure(
        runs: u32,
        measure: impl AsyncFnOnce(u32) -> anyhow::Result<Vec<Row>>,
    ) -> anyhow::Result<Self> {
        let Place { cores, load } = Place::now();
        Ok(Self { runs, cores, load, rows: measure(runs).await? })
    }
}

/// Where something is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// How many cores the machine has.
    pub cores: usize,
    /// How many processes want one of them, by the system's mean of a minute.
    pub load: f64,
}

impl Place {
    /// This machine, now.
    #[must_use]
    pub fn now() -> Self {
        let means = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = means.split(' ').next().and_then(|mean| mean.parse().ok()).unwrap_or_default();
        Self { cores: thread::available_parallelism().map_or(1, usize::from), load }
    }
}

impl Results {
    /// Reads what is stored in a file; nothing where there is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Stores it in a file.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| path.display().to_string())
    }
}
