//! What `watch` shows, in windows of several widths and without one.

use std::{
    thread,
    time::{Duration, Instant},
};

use autobeat_tests::{
    activities::{Action, process_items},
    environment::Environment,
    recording::Program,
};
use portable_pty::CommandBuilder;

use crate::{Stage, count, position, program};

const WIDE: u16 = 160;
const NARROW: u16 = 40;
const ROWS: u16 = 24;

/// An example on a terminal of its own.
struct Window {
    program: Program,
    screen: vt100::Parser,
}

impl Window {
    fn open(stage: &Stage, arguments: &[&str], rows: u16, columns: u16) -> Self {
        let mut command = CommandBuilder::new(program("watch"));
        command.args(["--every", "200ms"]);
        command.args(arguments);
        command.env("TEMPORAL_ADDRESS", stage.environment.address());
        let program = Program::start(command, rows, columns).unwrap();
        let [rows, columns] = [rows, columns].map(|count| count.try_into().unwrap());
        Self { program, screen: vt100::Parser::new(rows, columns, 0) }
    }

    /// What it shows as soon as these parts are all there.
    fn with(&mut self, parts: &[&str]) -> String {
        const LIMIT: Duration = Duration::from_mins(1);
        let since = Instant::now();
        loop {
            let contents = self.screen.screen().contents();
            if parts.iter().all(|part| contents.contains(part)) {
                return contents;
            }
            assert!(since.elapsed() < LIMIT, "{parts:?} on\n{contents}");
            match self.program.wrote() {
                Some(bytes) => self.screen.process(&bytes),
                None => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

fn shown(stage: &Stage, arguments: &[&str], columns: u16, parts: &[&str]) -> String {
    Window::open(stage, arguments, ROWS, columns).with(parts)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_shown_in_windows_of_any_width() {
    // On a server of its own: it shows all that runs.
    let Some((environment, _server)) = Environment::open_alone().await else { return };
    let stage = Stage::on(environment);
    shown(&stage, &[], WIDE, &["no activity is running"]);

    let arguments = ["--records", "2000", "--pause", "50ms"];
    let mut batch = stage.command("heartbeating_batch", &arguments).spawn().unwrap();
    let name = "process_records heartbeating-batch/1";
    let wide = shown(
        &stage,
        &[],
        WIDE,
        &[name, "░", " % ", " of 2,000", "/s", " left", "heartbeat ", " s ago", "attempt 1"],
    );
    assert_eq!(wide.lines().count(), 1, "{wide}");
    let middle = shown(&stage, &[], 80, &[name, "░", " % ", " of 2,000", "…"]);
    assert_eq!(middle.lines().count(), 1, "{middle}");
    let narrow = shown(&stage, &[], NARROW, &["process_records", " % ", "…"]);
    assert!(!narrow.contains('░'), "{narrow}");
    for line in [&middle, &narrow] {
        let ends = [" of 2,000", "/s", " left", " ago", "attempt 1", "…"];
        let is_whole = |part: &str| ends.iter().any(|end| part.ends_with(end));
        assert!(line.trim_end().split(" · ").all(is_whole), "a part is cut: {line}");
    }
    assert_eq!(narrow.lines().count(), 1, "{narrow}");

    let plain = stage.lines("watch", &["--every", "10ms", "--looks", "2"]);
    assert_eq!(count(&plain, &format!("{name}: ")), 2, "{plain:#?}");
    assert_eq!(count(&plain, "attempt 1"), 2, "{plain:#?}");

    let mut filtered = vec![];
    for filter in [&["nothing-like-it"][..], &["--task-queue", "another"], &["records"]] {
        filtered.push(stage.lines("watch", &[filter, &["--looks", "1"]].concat()).concat());
    }
    assert_eq!(filtered[..2], ["no activity is running"; 2]);
    assert!(filtered[2].starts_with(name), "{filtered:?}");

    let cli = stage.environment.cli();
    cli.activity("pause", "heartbeating-batch", "1", &[]).await.unwrap();
    shown(&stage, &[], WIDE, &["PAUSED"]);
    batch.kill().unwrap();
    batch.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_stalled_is_marked() {
    let Some((environment, _server)) = Environment::open_alone().await else { return };
    let _worker = environment.worker().await;
    let sleep = Action::Sleep(Duration::from_mins(1));
    let plan = environment.plan(100, Duration::from_millis(5)).before(1, 10, sleep);
    let mut job = environment.job("process_items_or_stall", plan);
    job.retry_interval = Duration::from_mins(1);
    let _run = environment.start(job).await;

    let stage = Stage::on(environment);
    shown(&stage, &[], WIDE, &["STALLED, waits for its next attempt · 10 · "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_without_a_workflow_are_shown_and_what_does_not_fit_is_counted() {
    let Some(environment) = Environment::open_newer().await else { return };
    let client = environment.client().clone();
    let name = environment.name().to_owned();
    for number in 0..6 {
        let id = format!("{name}-{number}");
        let options = process_items.start_options(environment.activity_queue(), id);
        let plan = environment.plan(1_000, Duration::from_millis(50));
        client.start_activity(process_items, plan, options).await.expect("an activity that starts");
    }
    // A worker of one activity at a time.
    let _worker = environment.worker().await;
    let stage = Stage::on(environment);
    let filter = [&*name];
    // The server lists each some time after it began.
    let names: Vec<_> = (0..6).map(|number| format!("process_items {name}-{number} ")).collect();
    let states = ["heartbeat ", " s ago", "waits for a worker"];
    let parts: Vec<_> = names.iter().map(String::as_str).chain(states).collect();
    shown(&stage, &filter, WIDE, &parts);
    let low = Window::open(&stage, &filter, 5, WIDE).with(&["… and 3 more"]);
    assert_eq!(low.trim_end().lines().count(), 4, "{low}");
    let queue = format!("{name}-activities");
    let plain = stage.lines("watch", &["--task-queue", &queue, "--looks", "1"]);
    assert_eq!(count(&plain, "process_items "), 6, "{plain:#?}");
    position(&plain, "waits for a worker");
}
