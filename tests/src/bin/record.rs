//! Records what a person sees of the examples, from real runs: a kill and a resume, and `watch`.
//!
//! ```sh
//! cargo build --examples
//! cargo run -p autobeat-tests --bin record
//! ```
//!
//! The pictures are stored beside the crate's other figures.

use std::{
    env, fs,
    num::NonZeroU16,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use autobeat_tests::{
    recording::{Program, Recording},
    server::Server,
};
use portable_pty::CommandBuilder;

/// Where the pictures are.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/docs");

const ROWS: NonZeroU16 = NonZeroU16::new(12).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(92).unwrap();

const WATCH_ROWS: NonZeroU16 = NonZeroU16::new(6).unwrap();
const WATCH_COLUMNS: NonZeroU16 = NonZeroU16::new(168).unwrap();

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let resumed = a_kill_and_a_resume(folder.path())?;
    fs::write(Path::new(PICTURES).join("kill-and-resume.svg"), resumed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = runtime.block_on(Server::start()).map_err(anyhow::Error::msg)?;
    let watched = what_watch_shows(&server.address(), folder.path())?;
    fs::write(Path::new(PICTURES).join("watch.svg"), watched)?;
    println!("{PICTURES}/kill-and-resume.svg\n{PICTURES}/watch.svg");
    Ok(())
}

fn a_kill_and_a_resume(folder: &Path) -> Result<String> {
    const COMMAND: &str = "cargo run --example process_large_file -- --pause 2ms";
    let mut recording = Recording::new(ROWS, COLUMNS);
    let start = || {
        let mut command = example("process_large_file")?;
        command.args(["--pause", "2ms", "--store"]);
        command.arg(folder.join("progress.redb"));
        Program::start(command, ROWS.get(), COLUMNS.get())
    };

    recording.type_in(COMMAND);
    let mut killed = start()?;
    recording.follow(&mut killed, Duration::from_millis(3_500))?;
    ensure!(!killed.has_ended()?, "it was done before it could be killed");
    killed.kill()?;
    recording.show("\r\n\x1b[31mKilled\x1b[0m\r\n");

    recording.type_in(COMMAND);
    recording.follow(&mut start()?, Duration::from_mins(1))?;
    Ok(recording.draw("A kill and a resume"))
}

fn what_watch_shows(address: &str, folder: &Path) -> Result<String> {
    let worker = |name: &str, arguments: &[&str]| {
        let mut command = example(name)?;
        command.args(arguments);
        command.env("TEMPORAL_ADDRESS", address);
        command.env("HOME", folder);
        Program::start(command, WATCH_ROWS.get(), WATCH_COLUMNS.get())
    };
    let file = ["--pause", "10ms"];
    let _batch = worker("heartbeating_batch", &["--records", "2000", "--pause", "50ms"])?;
    let mut killed = worker("process_large_file", &file)?;

    let mut recording = Recording::new(WATCH_ROWS, WATCH_COLUMNS);
    recording.type_in("cargo run --example watch");
    let mut watch = worker("watch", &["--every", "250ms"])?;
    recording.follow(&mut watch, Duration::from_secs(6))?;
    killed.kill()?;
    recording.follow(&mut watch, Duration::from_secs(4))?;
    let _again = worker("process_large_file", &file)?;
    recording.follow(&mut watch, Duration::from_secs(8))?;
    ensure!(!watch.has_ended()?, "`watch` ended by itself");
    Ok(recording.draw("What watch shows"))
}

/// An example as `cargo build --examples` left it, beside this program.
fn example(name: &str) -> Result<CommandBuilder> {
    let here = env::current_exe()?;
    let program: PathBuf = here.parent().context("no folder")?.join("examples").join(name);
    ensure!(program.is_file(), "{} is not there: cargo build --examples", program.display());
    Ok(CommandBuilder::new(program))
}
