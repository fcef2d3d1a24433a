//! A copy of the checkout, and what is built of it.
//!
//! Both stay where they are from one run to the next, and only files that differ are written, so that
//! cargo builds little more than what a mutation changes.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// What is not part of the sources.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// The program that runs the schedules.
const PROGRAM: &str = "schedules";

/// Built quickly: the rest stays as it is in a release.
const PROFILE: [&str; 3] = [
    "profile.release.incremental=true",
    "profile.release.package.autobeat.opt-level=0",
    "profile.release.package.autobeat-tests.opt-level=0",
];

/// A copy of the checkout.
pub(crate) struct Copy {
    sources: PathBuf,
    built: PathBuf,
}

impl Copy {
    /// Makes one, or brings the one that is there up to date.
    pub(crate) fn of(checkout: &Path) -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| checkout.join("target")).join("rules");
        let copy = Self { sources: target.join("checkout"), built: target.join("build") };
        bring_up_to_date(checkout, &copy.sources)?;
        Ok(copy)
    }

    /// A file of the product.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        let path = self.path(file);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    /// Writes a file of the product.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.path(file);
        fs::write(&path, text).with_context(|| path.display().to_string())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.sources.join("runtime/src").join(file)
    }

    /// Builds the schedules as the sources are now.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--locked", "--quiet", "--release", "-p", "autobeat-tests"]);
        cargo.args(["--bin", PROGRAM, "--target-dir"]).arg(&self.built);
        for option in PROFILE {
            cargo.args(["--config", option]);
        }
        let built = cargo.current_dir(&self.sources).output().context("cargo")?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Ok(self.built.join("release").join(PROGRAM))
    }
}

/// Makes one folder hold what the other one does.
fn bring_up_to_date(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    let names = |folder: &Path| -> Result<Vec<_>> {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        entries.map(|entry| Ok(entry?.file_name())).collect()
    };
    let wanted = names(from)?;
    for name in wanted.iter().filter(|name| !is_left_out(name)) {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_dir() {
            bring_up_to_date(&from, &to)?;
        } else {
            let text = fs::read(&from).with_context(|| from.display().to_string())?;
            // A file that is written anew is built anew.
            if fs::read(&to).ok().as_ref() != Some(&text) {
                fs::write(&to, text).with_context(|| to.display().to_string())?;
            }
        }
    }
    for name in names(to)?.iter().filter(|name| is_left_out(name) || !wanted.contains(name)) {
        let gone = to.join(name);
        if gone.is_dir() { fs::remove_dir_all(&gone) } else { fs::remove_file(&gone) }
            .with_context(|| gone.display().to_string())?;
    }
    Ok(())
}

fn is_left_out(name: &OsStr) -> bool {
    LEFT_OUT.iter().any(|left_out| name == *left_out)
}
