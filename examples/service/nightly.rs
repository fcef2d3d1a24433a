//! What is done each night: a workflow that runs the four activities.

use std::path::PathBuf;

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
    pub(crate) rows: u64,
    pub(crate) exported: u64,
    pub(crate) amount: i64,
    pub(crate) hash: u64,
    pub(crate) job: String,
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
        let (exported, amount) = (exported.finished.count(), exported.amount);
        Ok(Report { rows, exported, amount, hash, job })
    }
}
