//! Jobs as people run them: a database, a flaky service, a job elsewhere.

use std::{fs, path::Path};

use super::{SOME_WORK, Stage, count, lines, position};

#[tokio::test(flavor = "multi_thread")]
async fn import_rows() {
    let Some(stage) = Stage::open().await else { return };
    let (file, database) = (stage.path("rows.csv"), stage.path("rows.sqlite"));
    let rows = (0..2_000).map(|row| format!("{row},1\n"));
    fs::write(&file, rows.collect::<String>()).unwrap();
    let arguments = |pause| [&*file, "--database", &database, "--chunk", "10", "--pause", pause];
    stage.kill("import_rows", &arguments("30ms"), SOME_WORK);
    let output = stage.run("import_rows", &arguments("0ms"));
    let resumed = String::from_utf8_lossy(&output.stderr).contains("resuming at row");
    assert!(resumed, "{output:?}");
    let totals = lines(&output.stdout);
    for part in ["rows    2000", "amount  2000"] {
        assert_eq!(count(&totals, part), 1, "{part} in {totals:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_pages() {
    let Some(stage) = Stage::open().await else { return };
    stage.kill("fetch_pages", &["--pause", "60ms"], SOME_WORK);
    let output = stage.run("fetch_pages", &["--pause", "1ms"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("resuming with "), "{output:?}");
    // One page in fifty is missing.
    let totals = lines(&output.stdout);
    for part in ["fetched  1960", "missing  40", "bytes    1965880"] {
        assert_eq!(count(&totals, part), 1, "{part} in {totals:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_job() {
    let Some(stage) = Stage::open().await else { return };
    let service = stage.path("service");
    let log = || lines(&fs::read(Path::new(&service).join("log")).unwrap());
    let arguments = ["--service", &service, "--steps", "20"];
    let first = stage.kill("submit_job", &arguments, SOME_WORK);
    let second = stage.lines("submit_job", &arguments);
    assert!(position(&second, "attached to job") < position(&second, "is done"));
    assert_eq!((count(&first, "submitted job"), count(&second, "submitted job")), (1, 0));
    assert_eq!(log(), ["submitted"]);

    let cancelled = ["--service", &service, "--steps", "1000", "--cancel-after", "2s"];
    let third = stage.lines("submit_job", &cancelled);
    assert!(position(&third, "cancelled job") < position(&third, "the workflow was cancelled"));
    assert_eq!(log(), ["submitted", "submitted", "cancelled"]);
}
