//! The activity without a workflow, on a server of the newer release.

use autobeat_tests::environment::Environment;

use crate::{SOME_WORK, Stage, count, position};

/// The numbers that it was seen at.
fn seen(lines: &[String]) -> Vec<u64> {
    lines.iter().filter_map(|line| line.strip_prefix("at ")?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_kill_and_is_seen_from_outside() {
    let Some(environment) = Environment::open_newer().await else { return };
    let stage = Stage::on(environment);
    let killed = seen(&stage.kill("without_workflow", &[], SOME_WORK));
    let reached = *killed.last().expect("it is seen before it is killed");
    assert!(reached < 100 && killed.is_sorted(), "{killed:?}");

    let said = stage.lines("without_workflow", &[]);
    position(&said, "counted to 100");
    let went_on = seen(&said);
    assert!(went_on.iter().all(|done| *done >= reached), "{went_on:?} after {reached}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_no_such_activities_says_so() {
    let Some(stage) = Stage::open().await else { return };
    if std::env::var_os("AUTOBEAT_SERVER").is_some() {
        return;
    }
    let output = stage.run("without_workflow", &[]);
    assert!(!output.status.success(), "{output:?}");
    let said =
        String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(count(&said, "without-workflow: "), 1, "{said:#?}");
}
