//! Where the servers' programs come from: the Temporal CLI, which is a server and drives it, a server of a
//! newer release, and what a cluster is made of.

use std::{
    env,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// The release that is built where none is installed: the newest that `go install` takes, since
/// later ones have a `replace` in their `go.mod`.
const VERSION: &str = "v1.5.1";

/// The release of the newer server: that of `temporal-server/go.mod`.
const NEWER_VERSION: &str = "v1.32.0";

/// Its source, a few lines around the server's own packages.
const NEWER_SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/temporal-server");

/// The files of it that what was built is compared by.
const NEWER_FILES: [&str; 2] = ["main.go", "go.mod"];

/// The release of a cluster's servers: that in the CLI which is built.
const CLUSTER_VERSION: &str = "v1.29.1";

/// What to do about a machine without a server.
const ADVICE: &str = "put the Temporal CLI on the PATH, or its path into TEMPORAL_CLI, or install Go \
                      so that it can be built once";

/// The CLI: named, installed, or built once into the target folder.
pub fn find_or_build() -> Result<PathBuf, String> {
    if let Some(named) = named("TEMPORAL_CLI") {
        return named;
    }
    if let Some(installed) = on_path("temporal") {
        return Ok(installed);
    }
    match on_path("go") {
        Some(go) => build(&go).map_err(|error| format!("{error}; {ADVICE}")),
        None => Err(format!("there is neither a Temporal CLI nor Go; {ADVICE}")),
    }
}

/// The newer server: named by `TEMPORAL_SERVER`, or built once into the target folder.
pub fn find_or_build_newer() -> Result<PathBuf, String> {
    if let Some(named) = named("TEMPORAL_SERVER") {
        return named;
    }
    let go = on_path("go").ok_or("there is no Go, which builds the newer server once")?;
    let folder = target_folder().join("temporal-server").join(NEWER_VERSION);
    let program = folder.join("server");
    let is_there = || program.is_file() && NEWER_FILES.iter().all(|file| is_same(&folder, file));
    let mut command = Command::new(go);
    command
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(NEWER_SOURCE);
    build_once(&folder, is_there, command)?;
    for file in NEWER_FILES {
        let copied = fs::copy(Path::new(NEWER_SOURCE).join(file), folder.join(file));
        copied.map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(program)
}

/// Whether what was built was built from this file as it is.
fn is_same(folder: &Path, file: &str) -> bool {
    let (built, source) = (folder.join(file), Path::new(NEWER_SOURCE).join(file));
    matches!((fs::read(built), fs::read(source)), (Ok(built), Ok(source)) if built == source)
}

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct ClusterPrograms {
    /// The server, which has one role or several.
    pub server: PathBuf,
    /// What makes the schema of its database.
    pub sql: PathBuf,
    /// What makes a PostgreSQL database.
    pub initdb: PathBuf,
    /// What stops one.
    pub pg_ctl: PathBuf,
    /// PostgreSQL itself.
    pub postgres: PathBuf,
}

impl ClusterPrograms {
    /// PostgreSQL as it is installed, and servers that are built once into the target folder.
    pub fn find_or_build() -> Result<Self, String> {
        let installed = |name: &str| {
            on_path(name)
                .ok_or_else(|| format!("there is no PostgreSQL: `{name}` is not on the PATH"))
        };
        let (initdb, pg_ctl, postgres) =
            (installed("initdb")?, installed("pg_ctl")?, installed("postgres")?);
        let folder = target_folder().join("temporal-cluster").join(CLUSTER_VERSION);
        let (server, sql) = (folder.join("server"), folder.join("sql"));
        if !(server.is_file() && sql.is_file()) {
            let go =
                on_path("go").ok_or("there is no Go, which builds the cluster's servers once")?;
            let package = |path| format!("go.temporal.io/server/cmd/{path}@{CLUSTER_VERSION}");
            install(&go, &folder, &package("server"), &server)?;
            install(&go, &folder, &package("tools/sql"), &sql)?;
        }
        Ok(Self { server, sql, initdb, pg_ctl, postgres })
    }
}

/// A program that a variable of the environment names, if it does.
fn named(variable: &str) -> Option<Result<PathBuf, String>> {
    let named = PathBuf::from(env::var_os(variable).filter(|path| !path.is_empty())?);
    Some(if named.is_file() {
        Ok(named)
    } else {
        Err(format!("{variable} names {}, which is no file", named.display()))
    })
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Builds the CLI, unless it was built before.
fn build(go: &Path) -> Result<PathBuf, String> {
    let folder = target_folder().join("temporal-cli").join(VERSION);
    let program = folder.join("temporal");
    let package = format!("github.com/temporalio/cli/cmd/temporal@{VERSION}");
    install(go, &folder, &package, &program)?;
    Ok(program)
}

/// Builds a package of Go's into a folder, unless its program is there.
fn install(go: &Path, folder: &Path, package: &str, program: &Path) -> Result<(), String> {
    let mut command = Command::new(go);
    command.args(["install", package]).env("GOBIN", folder);
    build_once(folder, || program.is_file(), command)
}

/// Builds something into a folder, unless it is there.
fn build_once(
    folder: &Path,
    is_there: impl Fn() -> bool,
    mut command: Command,
) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Two test processes that start together build once: the second waits, and finds it there.
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if is_there() {
        return Ok(());
    }
    say(&format!("building once (takes some minutes): {command:?}"));
    let built = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if built.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", last_line(&built.stderr)))
    }
}

/// The folder that cargo builds into: its root has what cargo remembers of the compiler.
#[must_use]
pub fn target_folder() -> PathBuf {
    let executable = env::current_exe().unwrap_or_default();
    let root = executable.ancestors().find(|folder| folder.join(".rustc_info.json").is_file());
    root.map_or_else(env::temp_dir, Path::to_path_buf)
}

fn last_line(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim().lines().next_back().unwrap_or_default().to_owned()
}

/// Says something that the test runner does not keep to itself, as it does with `eprintln!`.
pub fn say(line: &str) {
    // Where even that fails there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}
