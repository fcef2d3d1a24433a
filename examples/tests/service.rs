//! The service as it is killed and frozen: 30 times on a real server, and all is as it promises.
#![cfg(unix)]

#[path = "service/fleet.rs"]
mod fleet;

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use autobeat_tests::environment::{Environment, eventually};
use futures_util::TryStreamExt;
use rusqlite::Connection;
use serde::Deserialize;
use tempfile::TempDir;
use temporalio_client::{
    UntypedWorkflow, WorkflowDescribeOptions, WorkflowFetchHistoryOptions,
    WorkflowGetResultOptions, WorkflowHandle,
};
use temporalio_common::protos::temporal::api::{
    enums::v1::PendingActivityState, history::v1::history_event::Attributes,
};

use self::fleet::{Fleet, Process};

const ROWS: u64 = 20_000;
const ROUNDS: u64 = 3_000;
const WORKERS: usize = 3;
const INTERRUPTIONS: usize = 30;

/// How many of them freeze the import until another attempt of it has begun.
const OVERTAKEN: usize = 3;

/// How many more are for the import and the hash at most; the rest is for the export and the poll.
const EARLY: usize = 9;

/// The job is not done before the test does it.
const STEPS: usize = 1_000_000;

/// That of its activities: how long an attempt goes on without a heartbeat that was acknowledged.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(2);

/// What a busy machine may add.
const LENIENCE: Duration = Duration::from_millis(500);

/// Far longer than anything here takes: only a test that fails waits for it.
const LIMIT: Duration = Duration::from_mins(1);

/// A server, and the folder of the service.
struct Scene {
    environment: Environment,
    folder: TempDir,
}

impl Scene {
    async fn open(rows: u64) -> Option<Self> {
        let environment = Environment::open().await?;
        let scene = Self { environment, folder: tempfile::tempdir().unwrap() };
        let rows = (0..rows).map(|row| format!("{},{row}\n", id_of(row)));
        fs::write(scene.path("rows.csv"), rows.collect::<String>()).unwrap();
        Some(scene)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn queue(&self) -> String {
        format!("{}-service", self.environment.name())
    }

    /// What it says goes into a file.
    fn start(&self, said: &str, arguments: &[&str]) -> Process {
        // `cargo test` builds the examples beside its tests.
        let tests = std::env::current_exe().unwrap();
        let target = tests.parent().and_then(Path::parent).unwrap();
        let said = OpenOptions::new().create(true).append(true).open(self.path(said)).unwrap();
        let child = Command::new(target.join("examples/service"))
            .args(["--address", self.environment.address(), "--queue", &self.queue()])
            .arg("--folder")
            .arg(self.folder.path())
            .args(["--pause", "10ms"])
            .args(arguments)
            .env_remove("TEMPORAL_ADDRESS")
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn();
        Process { child: child.unwrap(), frozen_until: None }
    }

    /// Begins a night with a job that does not end by itself.
    fn begin(&self, said: &str, rounds: u64) -> Process {
        self.start(said, &["--rounds", &rounds.to_string(), "--steps", &STEPS.to_string()])
    }

    /// The lines of what the service has written, or said.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What happened to jobs.
    fn jobs(&self) -> Vec<String> {
        self.lines("outside/log")
    }

    async fn job_is_submitted(&self) {
        let is_there = async || (!self.jobs().is_empty()).then_some(());
        eventually("a job that is submitted", LIMIT, is_there).await;
    }

    /// Does the job, as whoever runs it: all of its steps.
    fn do_job(&self) {
        let files = fs::read_dir(self.path("outside")).unwrap().map(|file| file.unwrap().path());
        let is_job = |file: &PathBuf| !file.ends_with("log") && !file.ends_with("rows");
        let jobs: Vec<_> = files.filter(is_job).collect();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        let mut job = File::options().append(true).open(&jobs[0]).unwrap();
        job.write_all(&vec![b'.'; STEPS]).unwrap();
    }

    fn workflow(&self) -> WorkflowHandle<temporalio_client::Client, UntypedWorkflow> {
        self.environment.client().get_workflow_handle(self.queue())
    }

    /// What the workflow returns; it panics where that failed.
    async fn report(&self) -> Report {
        let result = self.workflow();
        let result = result.get_result(WorkflowGetResultOptions::default());
        let result = tokio::time::timeout(LIMIT, result).await.expect("it ends in time").unwrap();
        serde_json::from_slice(&result.payloads[0].data).unwrap()
    }

    /// Which process runs the import.
    async fn importing(&self) -> Option<u32> {
        let told = self.workflow().describe(WorkflowDescribeOptions::default()).await.unwrap();
        let mut pending = told.raw_description.pending_activities.into_iter();
        let import = pending.find(|pending| {
            let is_import =
                pending.activity_type.as_ref().is_some_and(|of| of.name == "Service::import");
            is_import && pending.state() == PendingActivityState::Started
        })?;
        import.last_worker_identity.split('@').next()?.parse().ok()
    }

    /// Which attempt the database lets write rows, where it can be asked.
    fn turn(&self) -> Option<u64> {
        let connection = Connection::open(self.path("rows.sqlite")).ok()?;
        connection.query_row("SELECT attempt FROM imports", [], |row| row.get(0)).ok()
    }

    /// How many attempts each activity took.
    async fn attempts(&self) -> BTreeMap<String, i32> {
        let history = self.workflow().fetch_history(WorkflowFetchHistoryOptions::default());
        let events: Vec<_> = history.try_collect().await.unwrap();
        let (mut names, mut attempts) = (HashMap::new(), BTreeMap::new());
        for event in events {
            match event.attributes {
                Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                    names.insert(event.event_id, scheduled.activity_type.unwrap().name);
                }
                Some(Attributes::ActivityTaskStartedEventAttributes(started)) => {
                    let name = names[&started.scheduled_event_id].clone();
                    attempts.insert(name, started.attempt);
                }
                _ => {}
            }
        }
        attempts
    }

    /// The rows in the order in which they were written, with the attempt that wrote each.
    fn rows(&self) -> Vec<(u64, String)> {
        let connection = Connection::open(self.path("rows.sqlite")).unwrap();
        let mut rows = connection.prepare("SELECT attempt, id FROM rows ORDER BY rowid").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn sent(&self) -> Vec<Sent> {
        let lines = self.lines("outside/rows").into_iter();
        lines.map(|line| Sent::read(&line).unwrap_or_else(|| panic!("{line:?}"))).collect()
    }
}

fn id_of(row: u64) -> String {
    format!("row-{row:05}")
}

/// What the workflow returns.
#[derive(Debug, PartialEq, Deserialize)]
struct Report {
    rows: u64,
    exported: u64,
    amount: u64,
    hash: u64,
    job: String,
}

/// A row as it came to the receiver.
struct Sent {
    id: String,
    attempt: u32,
    at: Duration,
}

impl Sent {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (id, attempt, at) = (words.next()?, words.next()?, words.next()?);
        let at = Duration::from_millis(at.parse().ok()?);
        Some(Self { id: id.to_owned(), attempt: attempt.parse().ok()?, at })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_as_promised_after_thirty_kills_and_freezes() {
    let Some(scene) = Scene::open(ROWS).await else { return };
    let (seed, began) = (fastrand::u64(..), Instant::now());
    println!("seed {seed}");
    let workers = (1..WORKERS).map(|_| scene.start("said", &["--worker"]));
    let processes = workers.chain([scene.begin("said", ROUNDS)]).collect();
    let mut fleet = Fleet { scene: &scene, processes, random: fastrand::Rng::with_seed(seed) };
    let has_begun = async || scene.path("rows.sqlite").exists().then_some(());
    eventually("an import that has begun", LIMIT, has_begun).await;
    for _ in 0..OVERTAKEN {
        fleet.overtake().await;
    }
    let early = OVERTAKEN + fleet.interrupt(EARLY, || scene.jobs().is_empty()).await;
    fleet.wakes().await;
    scene.job_is_submitted().await;
    let late = fleet.interrupt(INTERRUPTIONS - early, || true).await;
    fleet.wakes().await;
    println!("{early} and {late} interruptions, the last after {:.0?}", began.elapsed());
    scene.do_job();

    let report = scene.report().await;
    let bytes = fs::read(scene.path("rows.csv")).unwrap();
    let hash = (0..ROUNDS).fold(0, |seed, _| hash_of(&bytes, seed));
    let expected = Report {
        rows: ROWS,
        exported: ROWS,
        amount: (0..ROWS).sum(),
        hash,
        job: report.job.clone(),
    };
    assert_eq!(report, expected);
    assert_eq!(scene.jobs(), ["submitted"]);
    assert_rows_are_there_once(&scene.rows());
    let again = assert_sent_as_promised(&scene.sent());
    let attempts = scene.attempts().await;
    println!("{attempts:?}, {again} rows sent again, {:.0?} in all", began.elapsed());
    // Half of the interruptions cost whatever the process was doing, and there are four activities.
    assert!(attempts.values().sum::<i32>() > 8, "hardly anything was interrupted: {attempts:?}");
}

fn assert_rows_are_there_once(rows: &[(u64, String)]) {
    let expected = (0..ROWS).map(id_of);
    let out_of_place = rows.iter().map(|(_, id)| id).zip(expected).find(|(is, be)| *is != be);
    assert_eq!((rows.len() as u64, out_of_place), (ROWS, None), "none missing, none twice");
    assert!(rows.is_sorted_by_key(|(attempt, _)| *attempt), "an attempt wrote after a later one");
}

/// Each row was sent, none twice by one attempt; and again only where the attempt before ended so soon
/// afterwards that no heartbeat may have told of it. Returns how many were.
fn assert_sent_as_promised(sent: &[Sent]) -> usize {
    let mut ends = HashMap::new();
    let mut rows: HashMap<_, BTreeMap<u32, Duration>> = HashMap::new();
    for Sent { id, attempt, at } in sent {
        // One that was frozen within a step finishes that when it wakes, and does no other.
        let end = ends.entry(*attempt).or_insert(*at);
        if at.saturating_sub(*end) <= HEARTBEAT_TIMEOUT {
            *end = *at;
        }
        let before = rows.entry(id).or_default().insert(*attempt, *at);
        assert_eq!(before, None, "{id} was sent twice in one attempt");
    }
    assert_eq!(rows.len() as u64, ROWS, "each row was sent");
    for (id, mut attempts) in rows {
        attempts.pop_last();
        for (attempt, at) in attempts {
            let before_its_end = ends[&attempt].saturating_sub(at);
            assert!(
                before_its_end <= HEARTBEAT_TIMEOUT + LENIENCE,
                "{id} was sent again, though its attempt went on for {before_its_end:?}"
            );
        }
    }
    sent.len() - usize::try_from(ROWS).unwrap()
}

/// FNV-1a, seeded, as the service has it.
fn hash_of(bytes: &[u8], seed: u64) -> u64 {
    let seed = seed ^ 0xcbf2_9ce4_8422_2325;
    bytes.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_reaches_the_job_outside() {
    let Some(scene) = Scene::open(200).await else { return };
    let mut process = scene.begin("said", 1);
    scene.job_is_submitted().await;
    // Long enough for a heartbeat with its progress, and for a look at that.
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.environment.cli().cancel(&scene.queue()).await.unwrap();
    let ended = async || process.child.try_wait().unwrap();
    let status = eventually("the end of the program", LIMIT, ended).await;
    let said = scene.lines("said");
    assert!(status.success(), "{said:#?}");
    assert!(said.iter().any(|line| line.ends_with("the workflow was cancelled")), "{said:#?}");
    let steps = format!(" of {STEPS}");
    let shown = said.iter().any(|line| line.starts_with("poll ") && line.ends_with(&steps));
    assert!(shown, "{said:#?}");
    assert_eq!(scene.jobs(), ["submitted", "cancelled"]);
    let sent: Vec<_> = scene.sent().into_iter().map(|sent| sent.id).collect();
    assert_eq!(sent.len(), 200, "all rows were sent before");
}
