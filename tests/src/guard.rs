//! Programs that must not outlive this process, not even one that is killed.
//!
//! Each runs under a shell that reads from a pipe held by this process. The pipe ends with the process,
//! and the shell then kills the program.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Write},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Runs the program until there is a word to read, or an end. With the word its folder stays.
///
/// It is killed rather than asked: that is quicker, and what a crash leaves is what there must be.
const SCRIPT: &str = r#"
directory=$1
shift
"$@" >>"$directory/log" 2>&1 &
read -r word
kill -KILL $!
wait
[ "$word" = keep ] || rm -rf "$directory"
"#;

/// A user of the system, in whose name a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The user's number.
    pub(crate) uid: u32,
    /// That of the group.
    pub(crate) gid: u32,
}

/// A program with a folder of its own; both are gone when this is dropped or this process ends.
#[derive(Debug)]
pub(crate) struct Guarded {
    directory: PathBuf,
    user: Option<User>,
    guard: Option<Child>,
}

impl Guarded {
    /// One that has not begun yet. Its folder's name begins so.
    pub(crate) fn new(prefix: &str) -> io::Result<Self> {
        Self::of(None, prefix)
    }

    /// One in the name of another user, to whom its folder belongs.
    pub(crate) fn of(user: Option<User>, prefix: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(prefix).tempdir()?.keep();
        if let Some(User { uid, gid }) = user {
            chown(&directory, Some(uid), Some(gid))?;
        }
        Ok(Self { directory, user, guard: None })
    }

    /// Its folder.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A command in its folder and in the name of its user.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.directory);
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts the program, also one that was [stopped](Self::stop).
    pub(crate) fn begin(
        &mut self,
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
    ) -> io::Result<()> {
        let guard = self
            .command("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&self.directory)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal reaches the whole group: it must not end the shell before the program.
            .process_group(0)
            .spawn()?;
        self.guard = Some(guard);
        Ok(())
    }

    /// Kills it with SIGKILL; what it stored stays.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        let Some(mut guard) = self.guard.take() else { return Ok(()) };
        if let Some(mut pipe) = guard.stdin.take() {
            pipe.write_all(b"keep\n")?;
        }
        guard.wait().map(drop)
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Guarded {
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
