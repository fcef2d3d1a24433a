//! A store that may not grow any more: what was saved is kept, and it goes on when it may.
#![cfg(unix)]

use std::{env, path::Path, process::Command, time::Duration};

use autobeat::{Checkpoint, activity, embedded::Embedded};
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

const LAST: usize = 12;

/// Commits more at every step, until there is no room.
#[activity(heartbeat_timeout = "600ms", heartbeat_interval = "100ms")]
async fn fill(checkpoint: Checkpoint<(usize, String)>) -> Result<usize, ActivityError> {
    for step in checkpoint.get().0..LAST {
        checkpoint.commit((step + 1, "x".repeat(200_000 * (step + 1)))).await?;
        sleep(Duration::from_millis(1)).await;
    }
    Ok(checkpoint.get().0)
}

fn step(engine: &Embedded) -> usize {
    let stored = engine.stored::<(usize, String)>("one").unwrap();
    stored.and_then(|stored| stored.state).map_or(0, |(step, _)| step)
}

#[tokio::test]
#[ignore = "the program that the other test starts with a limit"]
async fn program() {
    let engine = Embedded::open(env::var("STORE").unwrap()).unwrap();
    let error = engine.run(fill, "one", ()).await.unwrap_err();
    assert!(error.is_out_of_space() && !error.is_damaged() && !error.is_failed(), "{error}");
    let said = error.to_string();
    assert!(said.contains("make room for it and run it again"), "{said}");
    // The same engine is asked again, and says what is stored.
    println!("stored: {}", step(&engine));
}

fn run_with_limit(store: &Path) -> String {
    // A write above the limit is an error instead of a signal, as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 6144; exec \"$0\" --exact program --ignored --nocapture";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(env::current_exe().unwrap())
        .env("STORE", store)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    assert!(!complained.contains("panicked"), "{complained}");
    said
}

#[tokio::test]
async fn a_store_without_room_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("progress.redb");
    let said = run_with_limit(&store);
    let engine = Embedded::open(&store).unwrap();
    let step = step(&engine);
    assert!((1..LAST).contains(&step) && said.contains(&format!("stored: {step}\n")), "{said}");
    assert_eq!(engine.run(fill, "one", ()).await.unwrap(), LAST);
}
