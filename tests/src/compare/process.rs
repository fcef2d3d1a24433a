//! A worker's process, seen from outside: it is started, asked, looked at and killed.

use std::{env, fs, io, process::Stdio, time::Duration};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// The hidden subcommand of a program that makes it a [worker](super::worker).
const SUBCOMMAND: &str = "worker";

/// What a program that measures is when it starts itself once more.
#[derive(Debug, clap::Subcommand)]
pub enum Role {
    /// A worker of this run, which the run itself starts.
    #[command(name = SUBCOMMAND, hide = true)]
    Worker {
        /// Where its server is.
        address: String,
        /// Which queue it serves.
        task_queue: String,
    },
}

/// How long a tick of the system's accounts is: a hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A worker in a process of its own; dropping it kills it.
#[derive(Debug)]
pub struct WorkerProcess {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on a processor.
    pub processor: Duration,
    /// Memory that it has now, in KiB.
    pub resident: u64,
    /// The most memory that it ever had, in KiB.
    pub peak: u64,
    /// How many threads it has now.
    pub threads: u64,
}

impl WorkerProcess {
    /// Starts this same program as a worker; it has connected when this returns.
    pub async fn start(address: &str, task_queue: &str) -> anyhow::Result<Self> {
        Self::start_with(&[address, task_queue]).await
    }

    /// Starts it with these arguments after the subcommand.
    pub async fn start_with(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(SUBCOMMAND)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let questions = child.stdin.take().context("it has no pipe")?;
        let output = child.stdout.take().context("it has no pipe")?;
        let mut worker = Self { child, questions, answers: BufReader::new(output).lines() };
        worker.next_line().await?;
        Ok(worker)
    }

    /// Kills it with SIGKILL: it runs no further instruction.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// How many heartbeats it has sent.
    pub async fn heartbeats(&mut self) -> anyhow::Result<u64> {
        self.questions.write_all(b"\n").await?;
        Ok(self.next_line().await?.parse()?)
    }

    /// What it has used.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let id = self.child.id().context("it has ended")?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        Usage::parse(&stat, &status).context("the system's account of a process")
    }

    /// How many files and sockets it has open.
    pub fn descriptors(&self) -> anyhow::Result<usize> {
        let id = self.child.id().context("it has ended")?;
        Ok(fs::read_dir(format!("/proc/{id}/fd"))?.count())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    async fn next_line(&mut self) -> anyhow::Result<String> {
        self.answers.next_line().await?.context("the worker has ended")
    }
}

impl Usage {
    /// Reads what the system tells of a process.
    #[must_use]
    pub fn parse(stat: &str, status: &str) -> Option<Self> {
        // The name, in parentheses, may contain anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u32>().ok();
        let (user, system) = (ticks()?, ticks()?);
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Some(Self {
            processor: TICK * (user + system),
            resident: number("VmRSS:")?,
            peak: number("VmHWM:")?,
            threads: number("Threads:")?,
        })
    }
}
