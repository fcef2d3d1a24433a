//! The example as a person runs it: killed, interrupted, and given what it cannot read.

use std::{
    fmt::Write as _,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A file to read and a place for its checkpoints.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    /// `lines` lines that differ, Windows' endings among them, the last without an end.
    fn new(lines: usize) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        let mut text = String::new();
        for line in 0..lines {
            write!(text, "line {line}: {}", "wörter und words ".repeat(line % 7)).unwrap();
            text += if line % 5 == 0 { "\r\n" } else { "\n" };
        }
        fs::write(scene.file(), text.trim_end()).unwrap();
        scene
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("text")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("progress.redb")
    }

    fn command(&self, file: &Path, more: &[&str]) -> Command {
        // `cargo test` builds the examples beside its tests.
        let tests = std::env::current_exe().unwrap();
        let target = tests.parent().and_then(Path::parent).unwrap();
        let mut command = Command::new(target.join("examples/process_large_file"));
        command
            .arg(file)
            .arg("--store")
            .arg(self.store())
            .args(more)
            .env_remove("TEMPORAL_ADDRESS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, more: &[&str]) -> Output {
        self.command(&self.file(), more).output().unwrap()
    }

    /// Waits until a run has made its store: a busy machine may take seconds to start it.
    fn store_is_there(&self) {
        let began = Instant::now();
        while !self.store().exists() {
            assert!(began.elapsed() < Duration::from_mins(1), "no store");
            sleep(Duration::from_millis(5));
        }
    }

    /// The first two thirds of a run that is killed.
    fn run_and_kill(&self, after: Duration, more: &[&str]) -> String {
        let mut child = self.command(&self.file(), more).spawn().unwrap();
        self.store_is_there();
        sleep(after);
        child.kill().unwrap();
        words(&child.wait_with_output().unwrap().stderr)
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The summary, without the path and the time it took.
fn summary(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", words(&output.stderr));
    let text = words(&output.stdout);
    let lines = text.lines().filter(|line| line.starts_with("  ") && !line.contains("took"));
    lines.map(str::to_owned).collect()
}

/// Asserts that a run ended with one line that says these things.
fn complains(output: &Output, of: &[&str]) {
    let complaint = words(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    for part in of {
        assert!(complaint.contains(part), "{part} in {complaint}");
    }
}

#[test]
fn the_summary_is_the_same_however_often_it_was_killed() {
    let scene = Scene::new(4000);
    let undisturbed = summary(&scene.run(&[]));
    assert_eq!(undisturbed[0], "  lines         4000");
    // 4,000 pauses of a millisecond take some 8 s, and a checkpoint is a second old at most.
    let first = scene.run_and_kill(Duration::from_millis(1500), &["--pause", "1ms"]);
    assert!(!first.contains("resuming"), "{first}");
    for _ in 0..2 {
        let again = scene.run_and_kill(Duration::from_millis(1500), &["--pause", "1ms"]);
        assert!(again.contains("resuming at line"), "{again}");
    }
    let last = scene.run(&[]);
    assert!(words(&last.stderr).contains("resuming at line"), "{}", words(&last.stderr));
    assert_eq!(summary(&last), undisturbed);
    assert!(!words(&scene.run(&[]).stderr).contains("resuming"), "a finished run leaves nothing");
}

#[test]
fn an_interrupt_stops_within_a_second_with_the_checkpoint_stored() {
    let scene = Scene::new(4000);
    let child = scene.command(&scene.file(), &["--pause", "1ms"]).spawn().unwrap();
    scene.store_is_there();
    sleep(Duration::from_millis(700)); // before the first beat: the store has nothing yet
    let asked = Instant::now();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(130));
    assert!(words(&output.stderr).contains("the checkpoint is stored"));
    assert!(words(&scene.run(&[]).stderr).contains("resuming at line"));
}

#[test]
fn a_file_that_changed_is_not_gone_on_with() {
    let scene = Scene::new(4000);
    scene.run_and_kill(Duration::from_millis(1500), &["--pause", "1ms"]);
    let mut file = fs::File::options().append(true).open(scene.file()).unwrap();
    file.write_all(b"\none more").unwrap();
    complains(&scene.run(&[]), &["changed since its checkpoint at line", "--restart"]);
    assert_eq!(summary(&scene.run(&["--restart"]))[0], "  lines         4001");
}

#[test]
fn what_cannot_be_read_is_one_clear_line() {
    let scene = Scene::new(3);
    let missing = scene.folder.path().join("missing");
    let run = |file: &Path| scene.command(file, &[]).output().unwrap();
    complains(&run(&missing), &["missing", "No such file"]);
    complains(&run(scene.folder.path()), &["not a regular file"]);

    fs::write(scene.file(), b"good\nnot so \xFF good\n").unwrap();
    complains(&scene.run(&[]), &["line 2 is not UTF-8"]);

    fs::write(scene.file(), "").unwrap();
    assert_eq!(summary(&scene.run(&["--restart"]))[0], "  lines         0");

    fs::write(scene.store(), "a shopping list").unwrap();
    complains(&scene.run(&[]), &["progress.redb", "move it away"]);
}

#[test]
fn a_store_in_use_is_one_clear_line() {
    let scene = Scene::new(4000);
    let mut child = scene.command(&scene.file(), &["--pause", "1ms"]).spawn().unwrap();
    scene.store_is_there();
    sleep(Duration::from_millis(300));
    complains(&scene.run(&[]), &["another process is using the store"]);
    child.kill().unwrap();
    child.wait().unwrap();
}
