//! Imports rows into a database, each once, however often it is killed or frozen.
//!
//! ```console
//! $ cargo run --example import_rows -- FILE --database DATABASE
//! ```
//!
//! FILE has one row a line, `id,amount`; without one it makes 20,000. The database, SQLite here, is the
//! authority: rows and position are one transaction, fenced by a number that it gives each attempt. The
//! checkpoint follows, for progress and for cancellations.

use std::{env, fs, io, path::PathBuf, process::ExitCode, thread::sleep, time::Duration};

use autobeat::{Checkpoint, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, file_in_a_folder, listen, server};
use clap::Parser;
use rusqlite::{Connection, TransactionBehavior::Immediate};
use serde::{Deserialize, Serialize};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};

const NAME: &str = "import-rows";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    file: PathBuf,
    database: PathBuf,
    /// How many rows are one transaction.
    chunk: usize,
    pause: Duration,
}

struct Row {
    id: String,
    amount: i64,
}

/// Imports the rows that the database does not have; blocks its thread, as the database does.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
fn import_rows(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    let rows = read(&job)?;
    let total = rows.len() as u64;
    let mut import = Import::begin(&job)?;
    if import.position > 0 {
        eprintln!("resuming at row {}", import.position + 1);
    }
    // The loop begins at what was saved last: the database goes before what the last attempt saved.
    checkpoint.save(import.position)?;
    for chunk in checkpoint.resume(rows).chunks(job.chunk) {
        let chunk = chunk?;
        sleep(job.pause);
        import.insert(&chunk)?;
    }
    Ok(total)
}

/// An import as one attempt sees it.
struct Import {
    connection: Connection,
    file: String,
    /// Which attempt this is, as the database counts them. Temporal's own number would not do: a reset
    /// counts from 1 again.
    attempt: u64,
    /// How many rows were there when the attempt began.
    position: u64,
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS imports (file TEXT PRIMARY KEY, attempt INTEGER, position INTEGER);
    CREATE TABLE IF NOT EXISTS rows (file TEXT, attempt INTEGER, id TEXT, amount INTEGER);
";

impl Import {
    /// Takes the turn: from here on no earlier attempt writes anything.
    fn begin(job: &Job) -> rusqlite::Result<Self> {
        let mut connection = Connection::open(&job.database)?;
        let file = job.file.display().to_string();
        let transaction = connection.transaction_with_behavior(Immediate)?;
        transaction.execute_batch(TABLES)?;
        transaction.execute(
            "INSERT INTO imports VALUES (?1, 1, 0)
             ON CONFLICT DO UPDATE SET attempt = attempt + 1",
            [&file],
        )?;
        let (attempt, position) = transaction.query_row(
            "SELECT attempt, position FROM imports WHERE file = ?1",
            [&file],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        transaction.commit()?;
        Ok(Self { connection, file, attempt, position })
    }

    /// Rows and position, both or neither, if no other attempt has begun.
    fn insert(&mut self, rows: &[Row]) -> Result<(), ActivityError> {
        let transaction = self.connection.transaction_with_behavior(Immediate)?;
        let moved = transaction.execute(
            "UPDATE imports SET position = position + ?3 WHERE file = ?1 AND attempt = ?2",
            (&self.file, self.attempt, rows.len()),
        )?;
        if moved == 0 {
            return Err(taken_over());
        }
        let mut insert = transaction.prepare("INSERT INTO rows VALUES (?1, ?2, ?3, ?4)")?;
        for row in rows {
            insert.execute((&self.file, self.attempt, &row.id, row.amount))?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }

    /// Removes what was imported, in favour of a new beginning.
    fn forget(job: &Job) -> rusqlite::Result<()> {
        // Begun as an attempt, and not removed: an older one must not find its number again.
        let import = Self::begin(job)?;
        let connection = &import.connection;
        connection.execute("UPDATE imports SET position = 0 WHERE file = ?1", [&import.file])?;
        connection.execute("DELETE FROM rows WHERE file = ?1", [&import.file])?;
        Ok(())
    }

    /// How many rows are there, and what their amounts are together.
    fn totals(job: &Job) -> rusqlite::Result<(u64, i64)> {
        let connection = Connection::open(&job.database)?;
        connection.query_row(
            "SELECT count(*), coalesce(sum(amount), 0) FROM rows WHERE file = ?1",
            [job.file.display().to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }
}

/// What an attempt says that has lost its turn. Most often nobody listens, since another one runs; it is
/// retried nevertheless, as it may be an older one that began late and took the turn.
fn taken_over() -> ActivityError {
    eprintln!("another attempt has taken over");
    let failure = ApplicationFailure::builder("another attempt of this import has begun");
    ActivityError::application(failure.type_name("TakenOver".to_owned()).build())
}

fn read(job: &Job) -> Result<Vec<Row>, ActivityError> {
    let text = fs::read_to_string(&job.file)?;
    text.lines().zip(1..).map(|(line, number)| parse(line).ok_or_else(|| bad_row(number))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let (id, amount) = line.split_once(',')?;
    Some(Row { id: id.to_owned(), amount: amount.parse().ok()? })
}

/// No further attempt would read it otherwise.
fn bad_row(number: u64) -> ActivityError {
    let failure = ApplicationFailure::builder(format!("line {number} is not `id,amount`"))
        .type_name("BadRow".to_owned())
        .non_retryable(true)
        .build();
    ActivityError::application(failure)
}

#[workflow]
#[derive(Default)]
struct ImportRowsWorkflow;

#[workflow_methods]
impl ImportRowsWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<u64> {
        Ok(ctx.execute_activity(import_rows, job, import_rows.options()).await?)
    }
}

/// Imports rows into a database, each once.
#[derive(Debug, Parser)]
struct Arguments {
    /// One row a line, `id,amount` [default: 20,000 of them]
    file: Option<PathBuf>,
    /// The database, which is made where it is missing [default: a file in the folder for temporary files]
    #[arg(long)]
    database: Option<PathBuf>,
    /// How many rows are one transaction
    #[arg(long, default_value_t = 100)]
    chunk: usize,
    /// Pause before each transaction
    #[arg(long, default_value = "20ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, import(Arguments::parse()).await)
}

async fn import(
    Arguments { file, database, chunk, pause, place }: Arguments,
) -> Result<(), Ending> {
    let file = file.map_or_else(sample, Ok).map_err(Ending::failed)?;
    let unreadable = |error| Ending::failed(format!("{}: {error}", file.display()));
    let file = fs::canonicalize(&file).map_err(unreadable)?;
    let database = database.unwrap_or_else(|| env::temp_dir().join("autobeat-rows.sqlite"));
    let job = Job { file, database: file_in_a_folder(&database)?, chunk, pause };
    if place.restart {
        Import::forget(&job).map_err(Ending::failed)?;
    }
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<ImportRowsWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(import_rows)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let here = async |engine: &Embedded, job| engine.run(import_rows, NAME, job).await;
    place.run(NAME, worker, ImportRowsWorkflow::run, job.clone(), here).await?;
    let (rows, amount) = Import::totals(&job).map_err(Ending::failed)?;
    println!("{}\n  rows    {rows}\n  amount  {amount}", job.database.display());
    Ok(())
}

/// Always the same.
fn sample() -> io::Result<PathBuf> {
    let path = env::temp_dir().join("autobeat-rows.csv");
    let rows = (0..20_000).map(|row| format!("row-{row:05},{}\n", row * 37 % 1000));
    fs::write(&path, rows.collect::<String>())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{CancelCheck, ResumeCheck};

    use super::*;

    struct World {
        folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            let world = Self { folder: tempfile::tempdir().unwrap() };
            fs::write(world.job().file, "a,1\nb,20\nc,300\nd,-4\ne,5\nf,60\ng,7\n").unwrap();
            world
        }

        fn job(&self) -> Job {
            let [file, database] =
                ["rows.csv", "rows.sqlite"].map(|name| self.folder.path().join(name));
            Job { file, database, chunk: 2, pause: Duration::from_millis(1) }
        }

        /// In the order in which they were written.
        fn rows(&self) -> Vec<(String, i64)> {
            let connection = Connection::open(self.job().database).unwrap();
            let mut rows =
                connection.prepare("SELECT id, amount FROM rows ORDER BY rowid").unwrap();
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        }
    }

    #[test]
    fn it_resumes_and_no_row_is_there_twice() {
        let check = ResumeCheck::in_world(import_rows, World::new, World::job);
        check.effects(World::rows).repeats_at_most(0).run();
    }

    #[test]
    fn it_stops() {
        CancelCheck::in_world(import_rows, World::new, World::job).run();
    }

    #[test]
    fn an_attempt_that_lost_its_turn_writes_nothing() {
        let world = World::new();
        let rows = read(&world.job()).unwrap();
        let mut frozen = Import::begin(&world.job()).unwrap();
        frozen.insert(&rows[..2]).unwrap();
        let mut next = Import::begin(&world.job()).unwrap();
        assert_eq!((next.attempt, next.position), (2, 2));
        let lost = frozen.insert(&rows[2..4]).unwrap_err();
        assert!(format!("{lost:?}").contains("TakenOver"), "{lost:?}");
        next.insert(&rows[2..]).unwrap();
        assert_eq!(world.rows().len(), rows.len());
        Import::forget(&world.job()).unwrap();
        assert!(world.rows().is_empty() && next.insert(&rows).is_err());
    }

    #[test]
    fn a_bad_row_is_told_by_its_number() {
        let world = World::new();
        fs::write(world.job().file, "a,1\nb\n").unwrap();
        let told = format!("{:?}", read(&world.job()).err());
        assert!(told.contains("line 2 is not"), "{told}");
    }
}
