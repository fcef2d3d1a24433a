//! The commands of the Temporal CLI that the tests give to a server.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::process::Command;

/// The CLI, pointed at one server.
#[derive(Clone, Debug)]
pub struct Cli {
    program: PathBuf,
    address: String,
}

impl Cli {
    pub(crate) fn new(program: PathBuf, address: String) -> Self {
        Self { program, address }
    }

    /// Cancels a workflow.
    pub async fn cancel(&self, workflow_id: &str) -> anyhow::Result<()> {
        self.run(&["workflow", "cancel", "--workflow-id", workflow_id]).await.map(drop)
    }

    /// Terminates a workflow.
    pub async fn terminate(&self, workflow_id: &str) -> anyhow::Result<()> {
        self.run(&["workflow", "terminate", "--workflow-id", workflow_id]).await.map(drop)
    }

    /// Everything that the server tells of a workflow.
    pub async fn describe(&self, workflow_id: &str) -> anyhow::Result<Value> {
        let output =
            self.run(&["workflow", "describe", "--workflow-id", workflow_id, "-o", "json"]).await?;
        Ok(serde_json::from_slice(&output)?)
    }

    /// `temporal activity pause`, `unpause` or `reset`, with further flags.
    pub async fn activity(
        &self,
        verb: &str,
        workflow_id: &str,
        activity_id: &str,
        flags: &[&str],
    ) -> anyhow::Result<()> {
        let command =
            ["activity", verb, "--workflow-id", workflow_id, "--activity-id", activity_id];
        self.run(&[&command, flags].concat()).await.map(drop)
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--address", &self.address])
            // A profile of whoever runs the tests must not point the command elsewhere.
            .args(["--disable-config-file", "--disable-config-env"])
            .output()
            .await
            .with_context(|| self.program.display().to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "temporal {}: {said}", arguments.join(" "));
        Ok(output.stdout)
    }
}
