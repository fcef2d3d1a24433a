//! What is done each night: a workflow that runs the four activities.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkflowContext, WorkflowResult,
    workflows::{join, workflow, workflow_methods},
};

use super::activities::Service;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Night {
    pub(crate) file: PathBuf,
    /// How often the file is hashed.
    pub(crate) rounds: u64,
    /// How many steps the job has that somebody else runs.
    pub(crate) steps: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    rows: u64,
    exported: u64,
    amount: i64,
    hash: String,
    job: String,
}

#[workflow]
#[derive(Default)]
pub(crate) struct NightlyWorkflow;

#[workflow_methods]
impl NightlyWorkflow {
    #[run]
    pub(crate) async fn run(
        ctx: &mut WorkflowContext<Self>,
        night: Night,
    ) -> WorkflowResult<Report> {
        let Night { file, rounds, steps } = night;
        let (rows, hash) = join!(
            ctx.execute_activity(Service::import, file.clone(), Service::import.options()),
            ctx.execute_activity(Service::hash, (file.clone(), rounds), Service::hash.options()),
        );
        let (rows, hash) = (rows?, hash?);
        let (exported, job) = join!(
            ctx.execute_activity(Service::export, file, Service::export.options()),
            ctx.execute_activity(Service::poll, steps, Service::poll.options()),
        );
        let (exported, job) = (exported?, job?);
        let (count, amount) = (exported.finished.count(), exported.amount);
        Ok(Report { rows, exported: count, amount, hash: format!("{hash:016x}"), job })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  rows      {}", self.rows)?;
        writeln!(formatter, "  exported  {}", self.exported)?;
        writeln!(formatter, "  amount    {}", self.amount)?;
        writeln!(formatter, "  hash      {}", self.hash)?;
        write!(formatter, "  job       {}", self.job)
    }
}
