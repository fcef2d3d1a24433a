//! An activity in one process that is asked to stop: by a token, and by Ctrl-C.

use std::time::Duration;

use autobeat::{Cancellation, activity, embedded::Embedded};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

fn engine() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    (folder, engine)
}

fn failure(type_name: &str) -> ActivityError {
    let failure = ApplicationFailure::builder("no luck").type_name(type_name.to_owned()).build();
    ActivityError::application(failure)
}

/// Ends during a shutdown in the way that it is told to.
#[activity(heartbeat_timeout = "9s", max_attempts = 2)]
async fn end(cancellation: Cancellation, how: String) -> Result<(), ActivityError> {
    let cancelled = cancellation.cancelled().await;
    match how.as_str() {
        "hands over" => Err(cancelled.into()),
        "fails" => Err(failure("Luck")),
        "fails for good" => {
            Err(ActivityError::application(ApplicationFailure::non_retryable("no")))
        }
        _ => Ok(()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_interrupts_what_would_go_on() {
    let (_folder, engine) = engine();
    for how in ["hands over", "fails", "fails for good", "completes"] {
        let shutdown = CancellationToken::new();
        let run = engine.run_until(end, how, how.to_owned(), shutdown.clone());
        let (result, ()) = tokio::join!(run, async {
            sleep(Duration::from_secs(5)).await;
            shutdown.cancel();
        });
        match result {
            Ok(()) => assert_eq!(how, "completes"),
            Err(error) => {
                assert_eq!(error.is_failed(), how == "fails for good", "{how}: {error}");
                assert_eq!(error.is_interrupted(), !error.is_failed(), "{how}: {error}");
            }
        }
    }
}

/// Fails until it is shut down, which its last attempt does.
#[activity(heartbeat_timeout = "9s", max_attempts = 2)]
async fn spend(cancellation: Cancellation, hand_over: bool) -> Result<(), ActivityError> {
    if hand_over { Err(cancellation.cancelled().await.into()) } else { Err(failure("Luck")) }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_final_in_a_shutdown_as_well() {
    let (_folder, engine) = engine();
    let shutdown = CancellationToken::new();
    // The retries are spent at the very moment of the shutdown.
    let (result, ()) =
        tokio::join!(engine.run_until(end_spent, "one", (), shutdown.clone()), async {
            sleep(Duration::from_secs(5)).await;
            shutdown.cancel();
        });
    let error = result.unwrap_err();
    assert!(error.is_failed() && error.failure_type() == Some("Luck"), "{error}");

    let shutdown = CancellationToken::new();
    let (result, ()) =
        tokio::join!(engine.run_until(spend, "two", true, shutdown.clone()), async {
            sleep(Duration::from_secs(5)).await;
            shutdown.cancel();
        });
    assert!(result.unwrap_err().is_interrupted(), "who hands over has not failed");
}

/// Has one attempt, and fails in it when it is told to stop.
#[activity(heartbeat_timeout = "9s", max_attempts = 1)]
async fn end_spent(cancellation: Cancellation) -> Result<(), ActivityError> {
    cancellation.cancelled().await;
    Err(failure("Luck"))
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_after_a_shutdown() {
    let (_folder, engine) = engine();
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    let error = engine.run_until(spend, "one", false, shutdown).await.unwrap_err();
    assert!(error.is_interrupted());
    assert!(engine.stored::<u64>("one").unwrap().is_none(), "it is no attempt");
}

/// A process of its own, since a Ctrl-C is for a whole process.
#[cfg(unix)]
mod ctrl_c {
    use std::{
        env,
        io::{BufRead, BufReader, Lines},
        os::unix::process::ExitStatusExt,
        process::{Child, ChildStdout, Command, Stdio},
    };

    use super::*;

    /// This test binary again, running the program below.
    struct Program {
        child: Child,
        lines: Lines<BufReader<ChildStdout>>,
    }

    impl Program {
        fn start(what: &str) -> Self {
            let mut child = Command::new(env::current_exe().unwrap())
                .args(["--exact", "ctrl_c::program", "--ignored", "--nocapture"])
                .env("WHAT", what)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            Self { child, lines }
        }

        fn says(&mut self, line: &str) {
            let said = self.lines.by_ref().map(Result::unwrap).any(|said| said.contains(line));
            assert!(said, "`{line}` was never said");
        }

        fn interrupt(&self) {
            let kill = format!("kill -INT {}", self.child.id());
            assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        }

        /// The signal that ended it, which a shell looks at to end its own loop.
        fn signal(mut self) -> Option<i32> {
            self.child.wait().unwrap().signal()
        }
    }

    impl Drop for Program {
        fn drop(&mut self) {
            // It is over already, unless the test failed.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    const SIGINT: i32 = 2;

    /// Says that it runs, and ends when it is told to stop; the stubborn one does not.
    #[activity(heartbeat_timeout = "9s", cancel_grace = "never")]
    async fn listen(cancellation: Cancellation, stubborn: bool) -> Result<(), ActivityError> {
        println!("at work");
        let cancelled = cancellation.cancelled().await;
        println!("told to stop");
        if stubborn {
            std::future::pending::<()>().await;
        }
        Err(cancelled.into())
    }

    #[activity(heartbeat_timeout = "9s")]
    async fn nothing() -> Result<(), ActivityError> {
        std::future::ready(Ok(())).await
    }

    #[test]
    #[ignore = "the program that the other tests start"]
    fn program() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (_folder, engine) = engine();
        let what = env::var("WHAT").unwrap();
        runtime.block_on(async {
            engine.run(nothing, "before", ()).await.unwrap();
            if what != "runs nothing" {
                let stubborn = what == "runs a stubborn one";
                let error = engine.run(listen, "one", stubborn).await.unwrap_err();
                assert!(error.is_interrupted(), "{error}");
            }
        });
        println!("nothing runs any more");
        // A thread that listens to nobody, as a program's own work after the run.
        std::thread::sleep(Duration::from_secs(50));
        println!("it was not ended");
    }

    #[test]
    fn it_has_its_default_effect_when_nothing_runs_any_more() {
        let mut program = Program::start("runs nothing");
        program.says("nothing runs any more");
        program.interrupt();
        assert_eq!(program.signal(), Some(SIGINT));
    }

    #[test]
    fn it_is_a_shutdown_while_something_runs() {
        let mut program = Program::start("runs one");
        program.says("at work");
        program.interrupt();
        program.says("told to stop");
        program.says("nothing runs any more");
        program.interrupt();
        assert_eq!(program.signal(), Some(SIGINT));
    }

    #[test]
    fn a_second_one_does_not_wait_for_the_body() {
        let mut program = Program::start("runs a stubborn one");
        program.says("at work");
        program.interrupt();
        program.says("told to stop");
        program.interrupt();
        program.says("nothing runs any more");
        program.interrupt();
        assert_eq!(program.signal(), Some(SIGINT));
    }
}
