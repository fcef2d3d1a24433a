//! The dev server of the Temporal CLI, with its database in a file.
//!
//! It must not outlive the test process, not even one that is killed, so it runs under a shell that
//! reads from a pipe held by this process. The pipe ends with the process, and the shell then stops
//! the server.

use std::{
    fs,
    io::{self, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Runs the server until there is a word to read, or an end. With the word the files stay.
///
/// It is killed rather than asked: that is quicker, and what a crash leaves is what there must be.
/// Its timers fire when they are due: by default some fire a second later, which would make every
/// timeout of a test longer, and let one pass that relies on it.
const GUARD: &str = r#"
"$1" server start-dev --headless --ip 127.0.0.1 --port "$2" --db-filename "$3/temporal.db" \
    --dynamic-config-value 'history.timerProcessorMaxTimeShift="10ms"' \
    --log-level error >>"$3/log" 2>&1 &
read -r word
kill -KILL $!
wait
[ "$word" = keep ] || rm -rf "$3"
"#;

#[derive(Debug)]
pub(super) struct Dev {
    program: PathBuf,
    port: u16,
    directory: PathBuf,
    guard: Option<Child>,
}

impl Dev {
    /// One that has not begun yet.
    pub(super) fn new(program: PathBuf) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("autobeat-server-").tempdir()?.keep();
        Ok(Self { program, port: free_port()?, directory, guard: None })
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.guard = Some(spawn_guard(&self.program, self.port, &self.directory)?);
        Ok(())
    }

    /// Kills it; what it stored stays.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        let Some(mut guard) = self.guard.take() else { return Ok(()) };
        if let Some(mut pipe) = guard.stdin.take() {
            pipe.write_all(b"keep\n")?;
        }
        guard.wait().map(drop)
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it has said.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            // The shell removes the files; nothing can be done here if it does not.
            let _ = guard.wait();
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn spawn_guard(program: &Path, port: u16, directory: &Path) -> io::Result<Child> {
    use std::os::unix::process::CommandExt;

    Command::new("sh")
        .args(["-c", GUARD, "sh"])
        .arg(program)
        .arg(port.to_string())
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in a terminal reaches the whole group: it must not end the shell before the server.
        .process_group(0)
        .spawn()
}

/// A port that nobody listens on.
///
/// It lies below the range from which connections going out take theirs: otherwise one of them could
/// take it while its server is stopped, and a client that tries that port could even reach itself.
fn free_port() -> io::Result<u16> {
    loop {
        let port = fastrand::u16(20_000..32_000);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}
