//! A program on a terminal of its own.

use std::{
    io::Read,
    sync::mpsc::{Receiver, channel},
    thread,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A program that runs on a terminal. It is killed when this is dropped.
pub struct Program {
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    // The terminal is there for as long as this is.
    _terminal: Box<dyn MasterPty + Send>,
}

impl Program {
    /// Starts it on a terminal of that many rows and columns.
    pub fn start(mut command: CommandBuilder, rows: u16, columns: u16) -> anyhow::Result<Self> {
        let size = PtySize { rows, cols: columns, ..PtySize::default() };
        let terminal = native_pty_system().openpty(size)?;
        command.env("TERM", "xterm-256color");
        let child = terminal.slave.spawn_command(command)?;
        let mut read = terminal.master.try_clone_reader()?;
        let (said, output) = channel();
        // It ends with the terminal, whose other end the program holds.
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = read.read(&mut bytes) {
                if said.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, output, _terminal: terminal.master })
    }

    /// What it wrote since the last time, if anything.
    pub fn wrote(&mut self) -> Option<Vec<u8>> {
        self.output.try_recv().ok()
    }

    /// Whether it has ended, by itself or killed.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends it as `kill -9` does, and waits for that.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Where it has ended by itself there is nothing to be done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
