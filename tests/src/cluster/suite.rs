//! The tests on a real server, run against a cluster.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

/// What of them needs more than a server that runs, and why.
pub const LEFT_OUT: [(&str, &str); 3] = [
    ("standalone::", "activities without a workflow need a server of version 1.31 or later"),
    (
        "lease::a_server_that_is_gone_for_a_third_of_a_timeout_goes_unnoticed",
        "it stops a server of its own",
    ),
    (
        "lease::an_attempt_ends_before_the_next_when_the_server_is_gone",
        "it stops a server of its own",
    ),
];

/// Builds them, so that no cluster waits for that.
pub fn build() -> anyhow::Result<()> {
    let mut build = cargo_test();
    build.arg("--no-run");
    succeeds(build)
}

/// Runs them, on one of the frontends; fails where one of them does.
pub fn run(address: &str) -> anyhow::Result<()> {
    let mut tests = cargo_test();
    tests
        .arg("--")
        .args(LEFT_OUT.iter().flat_map(|(name, _)| ["--skip", name]))
        .env("AUTOBEAT_SERVER", address)
        .env("AUTOBEAT_REQUIRE_SERVER", "1");
    succeeds(tests).context("the server suite on the cluster")
}

/// In the profile that this program was built in.
fn cargo_test() -> Command {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--locked", "-p", "autobeat-tests", "--test", "server"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(package.parent().unwrap_or(package)).stdin(Stdio::null());
    command
}

fn succeeds(mut command: Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
