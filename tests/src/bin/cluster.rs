//! Kills the parts of a real cluster under a load, ours beside the bare SDK.
//!
//! ```sh
//! cargo run --release -p autobeat-tests --bin cluster
//! ```
//!
//! It needs PostgreSQL (`initdb`, `pg_ctl` and `postgres` on the `PATH`) and, once, Go. Where they are missing
//! it says so, and ends with the code 77: skipped.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use autobeat_tests::{
    cluster::{Cluster, run, suite, table},
    compare::{process::Role, worker},
    endurance::{report, store},
    program::{ClusterPrograms, target_folder},
};
use clap::Parser;
use tokio::task::block_in_place;

/// What test runners take for "skipped".
const SKIPPED: u8 = 77;

/// Kills the parts of a real cluster under a load, ours beside the bare SDK.
#[derive(Debug, Parser)]
struct Arguments {
    /// For how many minutes parts of it are killed.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Leave out the tests on a real server, which run first.
    #[arg(long)]
    no_suite: bool,
    /// Run the tests alone.
    #[arg(long, conflicts_with = "no_suite")]
    suite_only: bool,
    /// Store the numbers in this file, as JSON; by default in the target folder.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(Role::Worker { address, task_queue }) = &arguments.role {
        worker::run(address, task_queue).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let programs = match block_in_place(ClusterPrograms::find_or_build) {
        Ok(programs) => programs,
        Err(reason) => {
            writeln!(io::stderr(), "skipped: no cluster: {reason}")?;
            return Ok(SKIPPED.into());
        }
    };
    if !arguments.no_suite {
        block_in_place(suite::build)?;
    }
    let mut cluster = Cluster::start(&programs).await.context("a cluster")?;
    if !arguments.no_suite {
        let [frontend, _] = cluster.frontends();
        block_in_place(|| suite::run(&frontend))?;
        say_what_was_left_out()?;
    }
    if arguments.suite_only {
        return Ok(ExitCode::SUCCESS);
    }
    let results = run::run(&mut cluster, arguments.minutes).await?;
    let file = arguments.json.unwrap_or_else(|| target_folder().join("cluster.json"));
    store(&results, &file)?;
    report(&table::render(&results), &results.broken())
}

fn say_what_was_left_out() -> io::Result<()> {
    for (test, why) in suite::LEFT_OUT {
        writeln!(io::stdout(), "left out: {test} ({why})")?;
    }
    Ok(())
}
