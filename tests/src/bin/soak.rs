//! Mixed activities on a network with faults, while one worker a minute is killed: whether the one that lives
//! through holds more and more.
//!
//! ```sh
//! cargo run --release -p autobeat-tests --bin soak -- --minutes 60
//! ```

use std::{panic, path::PathBuf, process::ExitCode};

use autobeat_tests::{
    compare::{process::Role, worker},
    endurance::{report, store},
    program::target_folder,
    soak::{faults::Faults, run, table},
};
use clap::Parser;

/// Mixed activities on a network with faults, while one worker a minute is killed.
#[derive(Debug, Parser)]
struct Arguments {
    /// For how many minutes.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
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
        keep_quiet_of_what_is_planned();
        worker::run_through(Faults::to(address)?.service(), task_queue).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let results = run::run(arguments.minutes).await?;
    let file = arguments.json.unwrap_or_else(|| target_folder().join("soak.json"));
    store(&results, &file)?;
    report(&table::render(&results), &results.broken())
}

/// Says of panics what is usually said, but for those that a plan asks for.
fn keep_quiet_of_what_is_planned() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        let message = panicked.payload_as_str().unwrap_or_default();
        if !message.starts_with("panicked as planned") {
            usual(panicked);
        }
    }));
}
