//! Measures ours beside a hand-written activity, on a dev server that it starts.
//!
//! ```sh
//! cargo run --release -p autobeat-tests --bin compare -- --write
//! ```

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use autobeat_tests::compare::{
    blocked, delays, many, plot,
    process::Role,
    readme, repeats, requests,
    results::{Results, Section},
    stage::Stage,
    table, worker,
};
use clap::{Parser, ValueEnum};

/// What was measured, and the figure of it, in the repository.
const RESULTS: &str = "runtime/docs/what-it-costs.json";
const FIGURE: &str = "runtime/docs/what-it-costs.svg";
const README: &str = "README.md";
/// The tables again, for the manual.
const TABLES: &str = "runtime/docs/what-it-costs.md";

/// Measures activities with `autobeat` beside hand-written ones, on a dev server that it starts.
#[derive(Debug, Parser)]
struct Arguments {
    /// Measure this section alone; may be given again.
    #[arg(long, value_enum)]
    only: Vec<Name>,
    /// How often each section is measured. One run is some seven minutes.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Store the numbers and the figure in `docs`, and the tables there and in the README.
    #[arg(long)]
    write: bool,
    /// Measure nothing: draw again what is stored.
    #[arg(long, conflicts_with_all = ["only", "runs"])]
    redraw: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Work that a SIGKILL repeats.
    Repeats,
    /// How late a body learns of a cancellation, a pause, a termination.
    Delays,
    /// Heartbeats a minute.
    Requests,
    /// 2,000 at once.
    Many,
    /// A blocked thread.
    Blocked,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Role::Worker { address, task_queue }) = &arguments.role {
        return worker::run(address, task_queue).await;
    }
    let stored = repository().join(RESULTS);
    let mut results = Results::read(&stored)?;
    if !arguments.redraw {
        measure(&arguments, &mut results).await?;
    }
    if arguments.write {
        write(&results)?;
    }
    writeln!(io::stdout(), "{}", table::render(&results))?;
    Ok(())
}

/// Replaces the sections that are measured.
async fn measure(arguments: &Arguments, results: &mut Results) -> anyhow::Result<()> {
    let stage = Stage::open().await?;
    let (stage, runs) = (&stage, arguments.runs);
    let is_wanted = |name| arguments.only.is_empty() || arguments.only.contains(&name);
    if is_wanted(Name::Repeats) {
        let section = Section::measure(runs, async |runs| repeats::measure(stage, runs).await);
        results.repeats = Some(section.await.context("repeats")?);
    }
    if is_wanted(Name::Delays) {
        let section = Section::measure(runs, async |runs| delays::measure(stage, runs).await);
        results.delays = Some(section.await.context("delays")?);
    }
    if is_wanted(Name::Requests) {
        let section = Section::measure(runs, async |runs| requests::measure(stage, runs).await);
        results.requests = Some(section.await.context("requests")?);
    }
    if is_wanted(Name::Many) {
        let section = Section::measure(runs, async |runs| many::measure(stage, runs).await);
        results.many = Some(section.await.context("many")?);
    }
    if is_wanted(Name::Blocked) {
        let section = Section::measure(runs, async |runs| blocked::measure(stage, runs).await);
        results.blocked = Some(section.await.context("blocked")?);
    }
    Ok(())
}

fn write(results: &Results) -> anyhow::Result<()> {
    let root = repository();
    results.write(&root.join(RESULTS))?;
    fs::write(root.join(FIGURE), plot::render(results)?).context(FIGURE)?;
    let tables = table::render(results);
    fs::write(root.join(TABLES), format!("{}\n", tables.trim())).context(TABLES)?;
    let text = fs::read_to_string(root.join(README)).context(README)?;
    let text = readme::with_tables(&text, &tables)?;
    fs::write(root.join(README), text).context(README)
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}
