//! PostgreSQL with a database of its own, on this machine alone.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::time::sleep;

use crate::{
    guard::{Guarded, User},
    port::free_port,
    program::ClusterPrograms,
};

/// Who owns the database; whoever reaches the port may be that.
pub(super) const DATABASE_USER: &str = "temporal";

/// How long it may take to be ready: after a crash it reads again what it had written.
const PATIENCE: Duration = Duration::from_secs(30);

/// After how long without success it is started again: what is left of a killed one may still hold its memory.
const ONE_TRY: Duration = Duration::from_secs(5);

/// Nobody waits for the disk.
///
/// Processes are killed here, the machine is not: what was written is there, also where the disk has
/// not got it yet.
const OPTIONS: [&str; 10] = [
    "-c",
    "fsync=off",
    "-c",
    "max_connections=200",
    "-c",
    "shared_buffers=64MB",
    "-c",
    "unix_socket_directories=",
    "-c",
    "listen_addresses=127.0.0.1",
];

/// A server of PostgreSQL; it ends and its files go when this is dropped.
#[derive(Debug)]
pub(super) struct Postgres {
    programs: ClusterPrograms,
    guarded: Guarded,
    port: u16,
}

impl Postgres {
    /// Makes an empty database.
    pub(super) fn create(programs: &ClusterPrograms) -> anyhow::Result<Self> {
        let guarded = Guarded::of(other_user()?, "autobeat-postgres-")?;
        let postgres = Self { programs: programs.clone(), guarded, port: free_port()? };
        let mut initdb = postgres.guarded.command(&programs.initdb);
        initdb.arg("-D").arg(postgres.data()).args([
            "-U",
            DATABASE_USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        run(initdb)?;
        Ok(postgres)
    }

    /// Starts it; it takes connections when this returns.
    pub(super) async fn begin(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        // One that was killed leaves what it had written of itself.
        let left = self.written();
        loop {
            self.start()?;
            let this_try = Instant::now();
            while this_try.elapsed() < ONE_TRY {
                let written = self.written();
                if written != left && is_ready(&written) {
                    return Ok(());
                }
                sleep(Duration::from_millis(20)).await;
            }
            ensure!(
                since.elapsed() < PATIENCE,
                "PostgreSQL does not start: {}",
                self.guarded.log()
            );
            self.kill()?;
        }
    }

    fn start(&mut self) -> anyhow::Result<()> {
        let mut arguments: Vec<String> = OPTIONS.map(str::to_owned).into();
        let port = self.port.to_string();
        arguments.extend(["-p".to_owned(), port, "-D".to_owned(), path_of(&self.data())]);
        self.guarded.begin(&self.programs.postgres, &arguments)?;
        Ok(())
    }

    /// What it writes of itself: its process, when that began, and how far it is.
    fn written(&self) -> String {
        fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default()
    }

    /// Kills it with SIGKILL. Its processes end when they find that the first of them is gone.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.guarded.stop()?)
    }

    /// `pg_ctl stop -m immediate`: all of its processes end at once, and none tidies up.
    pub(super) fn stop_immediately(&mut self) -> anyhow::Result<()> {
        let mut stop = self.guarded.command(&self.programs.pg_ctl);
        stop.args(["stop", "-m", "immediate", "-D"]).arg(self.data());
        run(stop)?;
        self.kill()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.guarded.directory().join("data")
    }
}

fn is_ready(written: &str) -> bool {
    written.lines().nth(7).is_some_and(|line| line.trim_end() == "ready")
}

/// Runs a command to its end.
pub(super) fn run(mut command: Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(())
}

fn path_of(path: &Path) -> String {
    path.display().to_string()
}

/// Whom PostgreSQL runs as where this process is root, since it refuses to be that.
fn other_user() -> anyhow::Result<Option<User>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let user = ["postgres", "nobody"].into_iter().find_map(|name| user(&users, name));
    Ok(Some(user.context("there is neither a user `postgres` nor one `nobody`")?))
}

fn user(users: &str, name: &str) -> Option<User> {
    let mut fields = users.lines().map(|line| line.split(':'));
    let mut fields = fields.find(|fields| fields.clone().next() == Some(name))?.skip(2);
    let mut number = || fields.next()?.parse().ok();
    Some(User { uid: number()?, gid: number()? })
}
