//! A server of a newer release than the CLI's, in memory: the program of `temporal-server`.
//!
//! It ends with its input, which this process holds. What is in memory does not survive a stop, so it is
//! frozen instead: to whoever asks, it is as gone as one that was killed.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

#[derive(Debug)]
pub(super) struct Newer {
    child: Child,
    address: String,
}

impl Newer {
    /// Starts it; it can be used when this returns.
    pub(super) fn start(program: &Path) -> Result<Self, String> {
        let mut log = tempfile::tempfile().map_err(|error| error.to_string())?;
        let mut child =
            spawn(program, &log).map_err(|error| format!("{}: {error}", program.display()))?;
        let mut address = String::new();
        let read = child.stdout.take().map(|output| BufReader::new(output).read_line(&mut address));
        let mut newer = Self { child, address: address.trim_end().to_owned() };
        if matches!(read, Some(Ok(1..))) {
            return Ok(newer);
        }
        let _ = newer.child.kill();
        let mut said = String::new();
        let _ = log.rewind().and_then(|()| log.read_to_string(&mut said));
        Err(format!("{} ended before it began: {said}", program.display()))
    }

    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    /// Freezes it.
    pub(super) fn stop(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Wakes it.
    pub(super) fn go_on(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        status.success().then_some(()).ok_or_else(|| io::Error::other(format!("kill {signal}")))
    }
}

impl Drop for Newer {
    fn drop(&mut self) {
        // Where it has ended by itself there is nothing to be done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Path, log: &File) -> io::Result<Child> {
    Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log.try_clone()?)
        // Ctrl-C in a terminal reaches the whole group: the tests end it, not the terminal.
        .process_group(0)
        .spawn()
}
