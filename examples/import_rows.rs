//! Imports rows into a database, each once, however often it is killed or frozen.
//!
//! ```console
//! $ cargo run --example import_rows -- FILE --database DATABASE
//! ```
//!
//! FILE has one row a line, `id,amount`; without one it makes 20,000. The database, SQLite here, is the
//! authority: rows and position are one transaction, fenced by a number that it gives each attempt: see
//! `import_rows/rows.rs`. The checkpoint follows, for progress and for cancellations.

#[path = "import_rows/rows.rs"]
mod rows;

use std::{env, fs, io, path::PathBuf, process::ExitCode, thread::sleep, time::Duration};

use autobeat::{Checkpoint, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, file_in_a_folder, listen, server};
use clap::Parser;
use rusqlite::{Connection, TransactionBehavior};
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};

use self::rows::{Import, read};

const NAME: &str = "import-rows";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    file: PathBuf,
    database: PathBuf,
    /// How many rows are one transaction.
    chunk: usize,
    pause: Duration,
}

/// Imports the rows that the database does not have; blocks its thread, as the database does.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
fn import_rows(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    let rows = read(&job.file)?;
    let total = rows.len() as u64;
    let mut import = Import::begin(&job.database, &job.file)?;
    if import.position > 0 {
        eprintln!("resuming at row {}", import.position + 1);
    }
    // The loop begins at what was saved last: the database goes before what the last attempt saved. It also
    // says whether to stop: with `?` here, an attempt could hand over before its first row, again and again.
    let _ = checkpoint.save(import.position);
    for chunk in checkpoint.resume(rows).chunks(job.chunk) {
        let chunk = chunk?;
        sleep(job.pause);
        import.insert(&chunk)?;
    }
    Ok(total)
}

impl Import {
    /// Removes what was imported, in favour of a new beginning.
    fn forget(job: &Job) -> rusqlite::Result<()> {
        // Begun as an attempt, and not removed: an older one must not find its number again.
        let mut import = Self::begin(&job.database, &job.file)?;
        let transaction =
            import.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Fenced off as well: an attempt that has begun meanwhile.
        let forget = "UPDATE imports SET position = 0, attempt = attempt + 1 WHERE file = ?1";
        transaction.execute(forget, [&import.file])?;
        transaction.execute("DELETE FROM rows WHERE file = ?1", [&import.file])?;
        transaction.commit()
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
    let sample = || rows::sample(env::temp_dir().join("autobeat-rows.csv"));
    let file = file.map_or_else(sample, Ok).map_err(Ending::failed)?;
    let unreadable = |error: io::Error| Ending::failed(format!("{}: {error}", file.display()));
    // Now, and not by an activity that would try again and again.
    let file = fs::canonicalize(&file).map_err(unreadable)?;
    fs::read_to_string(&file).map_err(unreadable)?;
    let database = database.unwrap_or_else(|| env::temp_dir().join("autobeat-rows.sqlite"));
    let job = Job { file, database: file_in_a_folder(&database)?, chunk, pause };
    let unusable = |error| Ending::failed(format!("{}: {error}", job.database.display()));
    rows::open(&job.database).map_err(unusable)?;
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

        fn begin(&self) -> rusqlite::Result<Import> {
            let Job { database, file, .. } = self.job();
            Import::begin(&database, &file)
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
        let rows = read(&world.job().file).unwrap();
        let mut frozen = world.begin().unwrap();
        frozen.insert(&rows[..2]).unwrap();
        let mut next = world.begin().unwrap();
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
        let told = format!("{:?}", read(&world.job().file).err());
        assert!(told.contains("line 2 is not"), "{told}");
    }

    #[test]
    fn what_is_forgotten_half_way_is_not_forgotten() {
        let world = World::new();
        let rows = read(&world.job().file).unwrap();
        let mut import = world.begin().unwrap();
        import.insert(&rows).unwrap();
        let killed = "CREATE TRIGGER killed BEFORE DELETE ON rows
                      BEGIN SELECT RAISE(ABORT, 'killed'); END";
        import.connection.execute_batch(killed).unwrap();
        Import::forget(&world.job()).unwrap_err();
        assert_eq!(world.begin().unwrap().position, rows.len() as u64);
    }

    #[test]
    fn whoever_reads_the_sample_reads_all_of_it() {
        use std::io::Read;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        rows::sample(path.clone()).unwrap();
        let mut reader = fs::File::open(&path).unwrap();
        fs::write(&path, "another content, of the same file").unwrap();
        rows::sample(path).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "another content, of the same file", "written under its reader");
    }
}
