//! Where the Temporal CLI comes from: it is the server, and what drives it.

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

/// What to do about a machine without a server.
const ADVICE: &str = "put the Temporal CLI on the PATH, or its path into TEMPORAL_CLI, or install Go \
                      so that it can be built once";

/// The CLI: named, installed, or built once into the target folder.
pub fn find_or_build() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("TEMPORAL_CLI").filter(|path| !path.is_empty()) {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(format!("TEMPORAL_CLI names {}, which is no file", named.display()))
        };
    }
    if let Some(installed) = on_path("temporal") {
        return Ok(installed);
    }
    match on_path("go") {
        Some(go) => build(&go).map_err(|error| format!("{error}; {ADVICE}")),
        None => Err(format!("there is neither a Temporal CLI nor Go; {ADVICE}")),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Builds the CLI, unless it was built before.
fn build(go: &Path) -> Result<PathBuf, String> {
    let folder = target_folder().join("temporal-cli").join(VERSION);
    let program = folder.join("temporal");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Two test processes that start together build once: the second waits, and finds it there.
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if program.is_file() {
        return Ok(program);
    }
    let package = format!("github.com/temporalio/cli/cmd/temporal@{VERSION}");
    say(&format!("building the Temporal CLI once: go install {package} (takes some minutes)"));
    let built = Command::new(go)
        .args(["install", &package])
        .env("GOBIN", &folder)
        .output()
        .map_err(|error| format!("{}: {error}", go.display()))?;
    if built.status.success() {
        Ok(program)
    } else {
        Err(format!("go install {package}: {}", last_line(&built.stderr)))
    }
}

/// The folder that cargo builds into: its root has what cargo remembers of the compiler.
fn target_folder() -> PathBuf {
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
