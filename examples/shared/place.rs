//! Where an example runs: in this process with a store, or on a server.

use std::{env, path::PathBuf};

use autobeat::embedded::{Embedded, EmbeddedError};
use clap::Args;
use temporalio_common::HasWorkflowDefinition;
use temporalio_sdk::WorkerOptions;

use crate::{Ending, server};

/// Where an example keeps its checkpoint, and whether it goes on there.
#[derive(Debug, Args)]
pub struct Place {
    /// Forget the checkpoint and begin afresh
    #[arg(long)]
    pub restart: bool,
    /// Where the checkpoint is stored, without a server [default: a file in the folder for temporary
    /// files]
    #[arg(long)]
    pub store: Option<PathBuf>,
}

impl Place {
    /// Runs an activity under an id: on the server that the environment names, as part of a
    /// workflow, or in this process, as `here` says.
    ///
    /// # Errors
    ///
    /// How it failed, or that Ctrl-C interrupted it.
    pub async fn run<W>(
        &self,
        id: &str,
        worker: WorkerOptions,
        workflow: W,
        input: W::Input,
        here: impl AsyncFnOnce(&Embedded, W::Input) -> Result<W::Output, EmbeddedError>,
    ) -> Result<W::Output, Ending>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        if server::is_named() {
            let run = server::Run { workflow, input, id: id.to_owned(), restart: self.restart };
            return server::run(worker, run).await;
        }
        self.in_this_process(id, async |engine| here(engine, input).await).await
    }

    async fn in_this_process<T>(
        &self,
        id: &str,
        run: impl AsyncFnOnce(&Embedded) -> Result<T, EmbeddedError>,
    ) -> Result<T, Ending> {
        let default = || env::temp_dir().join(format!("{id}.redb"));
        let store = self.store.clone().unwrap_or_else(default);
        let engine = Embedded::open(&store).map_err(Ending::failed)?;
        if self.restart {
            engine.forget(id).map_err(Ending::failed)?;
        }
        run(&engine).await.map_err(|error| {
            if error.is_interrupted() { Ending::interrupted(error) } else { Ending::failed(error) }
        })
    }
}
