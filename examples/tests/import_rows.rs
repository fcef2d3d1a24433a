//! The example as it is killed and frozen: 20,000 rows, each there once.
#![cfg(unix)]

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use rusqlite::Connection;

const ROWS: usize = 20_000;
const KILLS: usize = 18;
const TAKE_OVERS: usize = 11;

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        let mut text = String::new();
        for row in 0..ROWS {
            writeln!(text, "row-{row:05},{row}").unwrap();
        }
        fs::write(scene.path("rows.csv"), text).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A process with a store of its own, which knows nothing of what others did: the database alone does.
    fn command(&self, store: usize, more: &[&str]) -> Command {
        // `cargo test` builds the examples beside its tests.
        let tests = std::env::current_exe().unwrap();
        let target = tests.parent().and_then(Path::parent).unwrap();
        let mut command = Command::new(target.join("examples/import_rows"));
        command
            .arg(self.path("rows.csv"))
            .arg("--database")
            .arg(self.path("rows.sqlite"))
            .arg("--store")
            .arg(self.path(&format!("{store}.redb")))
            .args(more)
            .env_remove("TEMPORAL_ADDRESS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// 800 transactions with a pause of 20 ms before each: more than the interruptions take together.
    fn start(&self, store: usize) -> Running {
        Running(self.command(store, &["--chunk", "25", "--pause", "20ms"]).spawn().unwrap())
    }

    /// The rows in the order in which they were written, with the attempt that wrote each.
    fn rows(&self) -> Vec<(u64, String)> {
        let connection = Connection::open(self.path("rows.sqlite")).unwrap();
        let mut rows = connection.prepare("SELECT attempt, id FROM rows ORDER BY rowid").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// A process, which is killed when it is dropped, also by a test that fails.
struct Running(Child);

impl Running {
    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits until it says that another one has taken over.
    fn is_taken_over(&mut self) {
        let mut said = Vec::new();
        for line in BufReader::new(self.0.stderr.as_mut().unwrap()).lines().map_while(Result::ok) {
            if line.contains("has taken over") {
                return;
            }
            said.push(line);
        }
        panic!("it went on: {said:#?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Kills and freezes one process after another; returns the store of the last one.
fn interrupt(scene: &Scene, random: &mut fastrand::Rng) -> usize {
    let mut some_time = || sleep(Duration::from_millis(random.u64(20..400)));
    let mut store = 0;
    let mut running = scene.start(store);
    // Longer than its heartbeat timeout: its attempt is given up, and the next one begins in the process.
    some_time();
    running.signal("-STOP");
    sleep(Duration::from_millis(5500));
    running.signal("-CONT");
    for number in 0..KILLS + TAKE_OVERS {
        some_time();
        // Both kinds in turns, as far as there are any.
        if number % 2 == 1 && number / 2 < TAKE_OVERS {
            running.signal("-STOP");
            store += 1;
            let next = scene.start(store);
            some_time();
            running.signal("-CONT");
            running.is_taken_over();
            running = next; // the one before is killed
        } else {
            // Killed first: it holds the store.
            drop(running);
            running = scene.start(store);
        }
    }
    drop(running);
    store
}

#[test]
fn each_row_is_there_once_after_thirty_kills_and_freezes() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let scene = Scene::new();
    let store = interrupt(&scene, &mut fastrand::Rng::with_seed(seed));
    let before = scene.rows().len();
    assert!(before < ROWS, "it was over before it was interrupted often enough");

    let last = scene.command(store, &["--pause", "0ms"]).output().unwrap();
    assert!(last.status.success(), "{last:?}");
    let summary = String::from_utf8_lossy(&last.stdout).into_owned();
    assert!(summary.contains("rows    20000\n  amount  199990000"), "{summary}");
    let rows = scene.rows();
    let expected = (0..ROWS).map(|row| format!("row-{row:05}"));
    let out_of_place =
        rows.iter().map(|(_, id)| id.clone()).zip(expected).find(|(is, be)| is != be);
    assert_eq!((rows.len(), out_of_place), (ROWS, None), "none missing, none twice");
    assert!(rows.is_sorted_by_key(|(attempt, _)| *attempt), "an attempt wrote after a later one");
    let attempts = rows.chunk_by(|(left, _), (right, _)| left == right).count();
    println!("{before} rows before the last run, by {attempts} attempts that wrote some");
}
