//! Every published sample's job, by the example that does it, on a real server.

#[path = "samples/codec.rs"]
mod codec;
#[path = "samples/watch.rs"]
mod watch;
#[path = "samples/without_workflow.rs"]
mod without_workflow;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use autobeat_tests::environment::Environment;
use tempfile::TempDir;

#[path = "samples/jobs.rs"]
mod jobs;

/// A server, and a folder for what the example writes.
struct Stage {
    environment: Environment,
    folder: TempDir,
}

impl Stage {
    async fn open() -> Option<Self> {
        Environment::open().await.map(Self::on)
    }

    fn on(environment: Environment) -> Self {
        Self { environment, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn command(&self, example: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(example));
        command
            .args(arguments)
            .env("TEMPORAL_ADDRESS", self.environment.address())
            .env("RUST_LOG", "autobeat=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, example: &str, arguments: &[&str]) -> Output {
        self.command(example, arguments).output().unwrap()
    }

    /// What it prints when all goes well.
    fn lines(&self, example: &str, arguments: &[&str]) -> Vec<String> {
        let output = self.run(example, arguments);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("without a heartbeat timeout"), "a warning of ours: {said}");
        lines(&output.stdout)
    }

    /// What it had printed when it was killed.
    fn kill(&self, example: &str, arguments: &[&str], after: Duration) -> Vec<String> {
        let mut child = self.command(example, arguments).spawn().unwrap();
        thread::sleep(after);
        child.kill().unwrap();
        lines(&child.wait_with_output().unwrap().stdout)
    }
}

/// `cargo test` builds the examples beside its tests.
fn program(example: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("examples").join(example)
}

fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output).lines().map(str::to_owned).collect()
}

fn position(lines: &[String], part: &str) -> usize {
    let found = lines.iter().position(|line| line.contains(part));
    found.unwrap_or_else(|| panic!("{part:?} in {lines:#?}"))
}

fn count(lines: &[String], part: &str) -> usize {
    lines.iter().filter(|line| line.contains(part)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn process_large_file() {
    let Some(stage) = Stage::open().await else { return };
    let file = stage.path("text");
    fs::write(&file, "some words in a line\n".repeat(5_000)).unwrap();
    let killed = stage.kill("process_large_file", &[&file, "--pause", "1ms"], SOME_WORK);
    assert_eq!(count(&killed, "  lines"), 0, "it had ended: {killed:#?}");

    let output = stage.run("process_large_file", &[&file]);
    let resumed = String::from_utf8_lossy(&output.stderr).contains("resuming at line");
    assert!(resumed, "{output:?}");
    let summary = lines(&output.stdout);
    for part in ["lines         5000", "words         25000", "longest line  20 characters, line 1"]
    {
        assert_eq!(count(&summary, part), 1, "{part} in {summary:#?}");
    }
}

/// Long enough for some heartbeats, and too short for the whole job.
const SOME_WORK: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn cancellation_cleanup() {
    let Some(stage) = Stage::open().await else { return };
    let file = stage.path("lines");
    let said = stage.lines("cancellation_cleanup", &["--cancel-after", "1s", "--output", &file]);
    assert_eq!(count(&said, "cleaned up"), 1, "{said:#?}");
    assert!(position(&said, "cleaned up") < position(&said, "the activity was cancelled"));
    position(&said, "is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_batch() {
    let Some(stage) = Stage::open().await else { return };
    stage.kill("process_batch", &["--pause", "5ms"], SOME_WORK);
    let output = stage.run("process_batch", &["--pause", "0ms"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("resuming after order-"), "{output:?}");
    // A thousand orders of which every thirteenth fails, as without a kill.
    let totals = lines(&output.stdout);
    for part in ["shipped  924", "failed   76", "last     order-1000"] {
        assert_eq!(count(&totals, part), 1, "{part} in {totals:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeating_batch() {
    const RECORDS: u64 = 100;
    let Some(stage) = Stage::open().await else { return };
    let arguments = ["--records", "100", "--pause", "50ms"];
    let first = stage.kill("heartbeating_batch", &arguments, SOME_WORK);
    let second = stage.lines("heartbeating_batch", &arguments);

    assert_eq!(count(&second, "going on at offset"), 1, "{second:#?}");
    let records = |lines: &[String]| -> HashSet<u64> {
        let numbers = lines.iter().filter_map(|line| line.strip_prefix("record "));
        numbers.map(|number| number.parse().unwrap()).collect()
    };
    let (first, second) = (records(&first), records(&second));
    assert_eq!(first.union(&second).count() as u64, RECORDS, "every record");
    // The interval is half a second, and a busy machine may add as much.
    let repeated = first.intersection(&second).count();
    assert!(repeated <= 20, "{repeated} records were processed twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_heartbeat() {
    let Some(stage) = Stage::open().await else { return };
    let said = stage.lines("auto_heartbeat", &["--second", "250ms"]);
    let ends: Vec<_> = said.iter().filter_map(|line| line.trim().strip_prefix("end: ")).collect();
    assert_eq!(
        ends,
        ["completed", "activity cancelled", "workflow cancelled", "Heartbeat timeout"]
    );
    // In the second run the body ends before the workflow knows, not seven seconds later.
    let signalled = &said[position(&said, "by a signal")..];
    assert!(position(signalled, "the first activity ends") < position(signalled, "end: "));
    assert_eq!(count(&said, "the second activity ends"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fake_progress() {
    let Some(stage) = Stage::open().await else { return };
    let first = stage.kill("fake_progress", &["--pause", "60ms"], SOME_WORK);
    let second = stage.lines("fake_progress", &[]);
    let reached = count(&first, "progress: ");
    let steps =
        second.iter().filter_map(|line| line.strip_prefix("progress: ")?.strip_suffix(" %"));
    let went_on: usize = steps.map(|step| step.parse().unwrap()).next().unwrap();
    assert!(went_on > 1 && went_on <= reached + 1, "at {went_on} after {reached}");
    position(&second, "reached 100 %");

    // The cancellation interrupts a sleep, and the workflow ends cancelled.
    let cancelled = stage.run("fake_progress", &["--pause", "30s", "--cancel-after", "1s"]);
    let said = lines(&cancelled.stdout);
    assert_eq!(count(&said, "interrupted at 0 %"), 1, "{said:#?}");
    assert!(!cancelled.status.success());
    assert!(String::from_utf8_lossy(&cancelled.stderr).contains("the workflow was cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_cancellation() {
    let Some(stage) = Stage::open().await else { return };
    let said = stage.lines("hello_cancellation", &["--cancel-after", "1s"]);
    let order = [
        "the activity runs",
        "cancelling the workflow",
        "the activity is cancelled",
        "the clean-up runs",
        "the clean-up is done",
        "the workflow was cancelled",
    ];
    let places = order.map(|part| position(&said, part));
    assert!(places.is_sorted(), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_decorator() {
    let Some(stage) = Stage::open().await else { return };
    let said = stage.lines("custom_decorator", &["--cancel-after", "1s"]);
    position(&said, "result: activity cancelled!");
    let said = stage.lines("custom_decorator", &["--time", "1s", "--cancel-after", "1h"]);
    position(&said, "result: waited to the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_and_cleanup() {
    let Some(stage) = Stage::open().await else { return };
    let said = stage.lines("cancel_and_cleanup", &["--cancel-after", "2500ms"]);
    assert!(position(&said, "cancelled after ") < position(&said, "cleaning up"));
    position(&said, "the workflow was cancelled");
    assert_eq!(count(&said, "never printed"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    let Some(stage) = Stage::open().await else { return };
    let file = stage.path("ready");
    let first = stage.kill("polling", &[&file], SOME_WORK);
    let polls = count(&first, "poll ");
    assert!(polls >= 2, "{first:#?}");
    // The next attempt begins a heartbeat timeout, 5 s, after the last heartbeat.
    let ready = PathBuf::from(&file);
    let service = thread::spawn(move || {
        thread::sleep(Duration::from_secs(9));
        fs::write(ready, "").unwrap();
    });
    let second = stage.lines("polling", &[&file]);
    service.join().unwrap();

    // At most the poll after the last heartbeat was lost, and the waits do not begin anew.
    let went_on = (polls - 1..=polls).any(|it| count(&second, &format!("after {it} polls")) > 0);
    assert!(went_on, "{polls} polls, and then {second:#?}");
    assert!(count(&second, ": not there; again in ") > 0, "{second:#?}");
    assert_eq!(
        count(&second, "again in 250ms") + count(&second, "again in 500ms"),
        0,
        "{second:#?}"
    );
    position(&second, "is there, after ");
}

#[tokio::test(flavor = "multi_thread")]
async fn saga() {
    let Some(stage) = Stage::open().await else { return };
    let book = stage.path("bookings");
    let arguments =
        ["--cancel-after", "2s", "--pause", "100ms", "--seats", "1000", "--book", &book];
    let said = stage.lines("saga", &arguments);
    position(&said, "cancelled, and everything taken back");

    let written = lines(&fs::read(&book).unwrap());
    let (booked, cancelled): (Vec<_>, Vec<_>) =
        written.iter().partition(|line| line.ends_with(" booked"));
    let name = |line: &&String| line.rsplit_once(' ').unwrap().0.to_owned();
    let booked: Vec<_> = booked.iter().map(name).collect();
    let mut cancelled: Vec<_> = cancelled.iter().map(name).collect();
    cancelled.reverse();
    assert!(booked.len() > 5, "{written:#?}");
    assert_eq!(booked, cancelled, "each once, the last one first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_that_nobody_cancels_is_booked() {
    let Some(stage) = Stage::open().await else { return };
    let book = stage.path("bookings");
    // On a server of its own, since the workflow has one id.
    let (environment, _server) = Environment::open_alone().await.unwrap();
    let stage = Stage { environment, ..stage };
    let said = stage.lines("saga", &["--seats", "3", "--pause", "10ms", "--book", &book]);
    position(&said, "booked, with 3 seats");
    assert_eq!(fs::read_to_string(&book).unwrap().lines().count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_one_clear_line() {
    let Some(stage) = Stage::open().await else { return };
    let twice = stage.path("twice");
    fs::write(&twice, "a,1\na,2\n".repeat(100)).unwrap();
    let (folder, binary) = (stage.path(""), stage.path("binary"));
    fs::write(&binary, [0xff, 0xfe]).unwrap();
    for (example, arguments, said) in [
        ("process_batch", vec!["/nowhere"], "/nowhere: No such file"),
        ("process_batch", vec![&*twice], "two orders have the id a"),
        ("polling", vec!["/nowhere/file"], "/nowhere: no such folder"),
        ("import_rows", vec![&*folder], "Is a directory"),
        ("import_rows", vec![&*binary], "not contain valid UTF-8"),
        ("import_rows", vec!["--database", &*folder], "unable to open database file"),
        ("import_rows", vec!["--database", &*twice], "not a database"),
        ("cancellation_cleanup", vec!["--output", "/nowhere/file"], "/nowhere: no such folder"),
        ("saga", vec!["--book", "/nowhere/book"], "/nowhere/book: No such file"),
    ] {
        let output = stage.run(example, &arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{example}: {output:?}");
        assert!(error.contains(said) && error.lines().count() == 1, "{example}: {error}");
    }
    for example in
        ["saga", "watch", "hello_cancellation", "auto_heartbeat", "without_workflow", "service"]
    {
        let output = stage.command(example, &[]).env_remove("TEMPORAL_ADDRESS").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{example}: {output:?}");
        assert!(error.contains("temporal server start-dev"), "{example}: {error}");
    }
}
