//! What the attribute costs whoever compiles it: a crate with 100 activities, with this crate and
//! with the SDK alone.
//!
//! ```console
//! $ cargo bench -p autobeat-macros --bench compile_time
//! ```
//!
//! It builds the SDK once more, into a folder of its own, so that nothing else is in its way. Each round
//! compiles every version from nothing, one after the other, so that all of them meet the same machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

const ACTIVITIES: usize = 100;
const ROUNDS: u32 = 5;

/// One way to write the activities, in a program of its own.
struct Version {
    name: &'static str,
    program: &'static str,
    source: String,
    check: Duration,
    build: Duration,
}

impl Version {
    fn new(name: &'static str, program: &'static str, source: String) -> Self {
        Self { name, program, source, check: Duration::MAX, build: Duration::MAX }
    }
}

fn main() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
    let crate_folder = write_crate(workspace)?;
    let mut versions = [
        Version::new("the SDK's macro", "sdk", block("temporalio_sdk::activities")),
        Version::new("ours, without keys", "plain", block("autobeat")),
        Version::new("ours, with a heartbeat", "heartbeat", functions()),
    ];
    for round in 0..=ROUNDS {
        for version in &mut versions {
            let check = time(&crate_folder, version, "check")?;
            let build = time(&crate_folder, version, "build")?;
            // The first round builds what they depend on.
            if round > 0 {
                version.check = version.check.min(check);
                version.build = version.build.min(build);
            }
        }
    }
    print(&crate_folder, &versions)
}

fn print(crate_folder: &Path, versions: &[Version]) -> Result<()> {
    println!(
        "{ACTIVITIES} activities; the least of {ROUNDS} rounds, of this crate alone, from nothing\n"
    );
    println!("{:<24}{:>12}{:>8}{:>12}{:>8}{:>12}", "", "check", "", "build", "", "expansion");
    let of_sdk = &versions[0];
    for version in versions {
        let lines = expanded_lines(crate_folder, version)?;
        println!(
            "{:<24}{:>10.2?}{:>8.2} ×{:>10.2?}{:>8.2} ×{lines:>8} lines",
            version.name,
            version.check,
            version.check.as_secs_f64() / of_sdk.check.as_secs_f64(),
            version.build,
            version.build.as_secs_f64() / of_sdk.build.as_secs_f64(),
        );
    }
    Ok(())
}

/// A crate outside of the workspace, which locks what the workspace locks.
fn write_crate(workspace: &Path) -> Result<PathBuf> {
    let folder = workspace.join("target/compile-time");
    fs::create_dir_all(folder.join("src/bin"))?;
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let manifest = format!(
        r#"[package]
name = "hundred-activities"
edition = "2024"

[dependencies]
autobeat = {{ path = "{}" }}
futures = "0.3"
temporalio-common = {{ version = "1.1", default-features = false }}
temporalio-sdk = {{ version = "1.1", default-features = false }}
temporalio-client = {{ version = "1.1", default-features = false, features = ["vendored-protox"] }}
tokio = {{ version = "1", features = ["rt"] }}

[profile.dev]
debug = "line-tables-only"

[workspace]
"#,
        workspace.join("runtime").display(),
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(folder)
}

/// How long a program itself takes, its dependencies being built.
fn time(folder: &Path, version: &Version, command: &str) -> Result<Duration> {
    // What was written anew is compiled anew.
    fs::write(folder.join(format!("src/bin/{}.rs", version.program)), &version.source)?;
    let began = Instant::now();
    cargo(folder, &[command, "--bin", version.program])?;
    Ok(began.elapsed())
}

/// How many lines the macros make, formatted as `cargo expand` does it.
fn expanded_lines(folder: &Path, version: &Version) -> Result<usize> {
    let program = ["--bin", version.program];
    let expand =
        ["rustc", "--profile", "check", program[0], program[1], "--", "-Zunpretty=expanded"];
    let file = syn::parse_file(&cargo(folder, &expand)?)?;
    Ok(prettyplease::unparse(&file).lines().count())
}

fn cargo(folder: &Path, command: &[&str]) -> Result<String> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(command)
        .current_dir(folder)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // What is kept of an earlier compilation would be measured otherwise.
        .env("CARGO_INCREMENTAL", "0")
        // What the compiler shows of an expansion is not stable; it is looked at, not built on. Set
        // for every command, since dependencies are built anew where it changes.
        .env("RUSTC_BOOTSTRAP", "sdk,plain,heartbeat")
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The activities as methods, with the macro at a path: a heartbeat by hand, as the SDK has it.
fn block(path: &str) -> String {
    let methods: Vec<String> = (0..ACTIVITIES)
        .map(|number| {
            format!(
                r"    #[activity]
    async fn activity_{number}(context: ActivityContext, end: u64) -> Result<u64, ActivityError> {{
        let start = context.heartbeat_details().deserialize::<u64>()?.unwrap_or_default();
        for position in start..end {{
            if context.is_cancelled() {{
                return Err(ActivityError::cancelled());
            }}
            context.record_heartbeat(position + 1).await?;
        }}
        Ok(end)
    }}
"
            )
        })
        .collect();
    let methods = methods.concat();
    format!(
        r#"use {path}::activities;
use temporalio_sdk::{{WorkerOptions, activities::{{ActivityContext, ActivityError}}}};

struct Activities;

#[activities]
impl Activities {{
{methods}}}

fn main() {{
    let _ = WorkerOptions::new("queue").register_activities(Activities).build();
}}
"#
    )
}

/// The same as functions with a checkpoint.
fn functions() -> String {
    let functions: Vec<String> = (0..ACTIVITIES)
        .map(|number| {
            format!(
                r#"#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
async fn activity_{number}(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {{
    for position in checkpoint.get()..end {{
        checkpoint.save(position + 1)?;
    }}
    Ok(end)
}}

"#
            )
        })
        .collect();
    let registrations: Vec<String> = (0..ACTIVITIES)
        .map(|number| format!("        .register_activities(activity_{number})\n"))
        .collect();
    let (functions, registrations) = (functions.concat(), registrations.concat());
    format!(
        r#"use autobeat::{{Checkpoint, activity}};
use temporalio_sdk::{{WorkerOptions, activities::ActivityError}};

{functions}fn main() {{
    let _ = WorkerOptions::new("queue")
{registrations}        .build();
}}
"#
    )
}
