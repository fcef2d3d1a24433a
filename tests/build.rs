//! Copies the SDK's own examples out of its crate, as they are and with the import of one macro
//! changed, for the tests of parity. None of their code is kept here.

// Some source text, put together once.
#![allow(clippy::format_push_string)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// The examples that define activities and may be compiled without further features of the SDK.
const EXAMPLES: [&str; 10] = [
    "activity_heartbeating",
    "activity_interceptor",
    "cancellation",
    "hello_world",
    "local_activities",
    "polling",
    "saga",
    "schedules",
    "standalone_activities",
    "timer_examples",
];

/// Where the SDK's documentation shows activities, in blocks that are tested there.
///
/// Its README does as well, with public methods on a private type, which its own macro refuses.
const DOCUMENTATION: [&str; 2] = ["src/lib.rs", "src/activities.rs"];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../Cargo.lock");
    let sdk = source_of_the_sdk()?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("parity");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let mut root = String::new();
    for (version, rewrite) in [("sdks", same as fn(&str) -> String), ("ours", with_our_macro)] {
        let folder = out.join(version);
        let modules = copy(&sdk, &folder, rewrite)?;
        root += &format!("pub mod {version} {{\n{modules}}}\n");
    }
    fs::write(out.join("mod.rs"), root)?;
    let mut shown = String::new();
    for file in DOCUMENTATION {
        shown += &blocks_of(&fs::read_to_string(sdk.join(file))?)?;
    }
    fs::write(out.join("documentation.md"), with_our_macro(&shown))?;
    Ok(())
}

/// Where cargo keeps the source of the SDK that this workspace is built with.
fn source_of_the_sdk() -> Result<PathBuf> {
    let output = Command::new(env::var("CARGO")?)
        // What is built for another platform is not asked for. Not offline: it names more packages than one
        // command builds, and those that no other one has brought to this machine yet are brought now.
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform"])
        .arg(env::var("TARGET")?)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let sdk = packages.iter().find(|package| package["name"] == "temporalio-sdk");
    let manifest = sdk.and_then(|sdk| sdk["manifest_path"].as_str()).context("no SDK")?;
    Ok(Path::new(manifest).parent().context("no folder")?.to_owned())
}

/// Copies everything with activities in it, and returns the modules that it makes.
fn copy(sdk: &Path, folder: &Path, rewrite: fn(&str) -> String) -> Result<String> {
    let mut modules = String::new();
    for example in EXAMPLES {
        let files = files_of(&sdk.join("examples").join(example))?;
        modules += &format!("pub mod {example} {{\n");
        for name in files.keys() {
            // In a folder of its own with all the others, where its `mod …;` finds them.
            let place = folder.join(example).join(name);
            fs::create_dir_all(&place)?;
            for (other, text) in &files {
                let file = if other == name { "mod" } else { other };
                fs::write(place.join(file).with_extension("rs"), rewrite(text))?;
            }
            modules += &module(name, &place.join("mod.rs"));
        }
        modules += "}\n";
    }
    let file = folder.join("workflow_context.rs");
    fs::write(&file, rewrite(&fs::read_to_string(sdk.join("examples/workflow_context.rs"))?))?;
    Ok(modules + &module("workflow_context", &file))
}

fn module(name: &str, file: &Path) -> String {
    format!("#[path = \"{}\"]\npub mod {name};\n", file.display())
}

/// The files of an example, by their names without an extension.
fn files_of(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().context("no name")?.to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

/// The blocks of a module's documentation with activities in them.
fn blocks_of(text: &str) -> Result<String> {
    let (mut shown, mut block) = (String::new(), String::new());
    let mut is_within = false;
    for line in text.lines().filter_map(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let is_fence = line.starts_with("```");
        is_within |= is_fence;
        if is_within {
            block += line;
            block.push('\n');
        }
        if is_fence && block.lines().count() > 1 {
            if block.contains("#[activities]") {
                shown += &block;
            }
            (block, is_within) = (String::new(), false);
        }
    }
    ensure!(!shown.is_empty(), "the SDK's documentation shows no activities any more");
    Ok(shown)
}

fn same(text: &str) -> String {
    text.to_owned()
}

/// Takes our macros in place of the SDK's, and changes nothing else.
fn with_our_macro(text: &str) -> String {
    const IMPORT: &str = "use temporalio_macros::";
    let mut parts = text.split(IMPORT);
    let mut rewritten = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (names, rest) = part.split_once(';').unwrap_or((part, ""));
        let names = names.trim_matches(['{', '}']).split(',').map(str::trim);
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            names.filter(|name| !name.is_empty()).partition(|name| name.starts_with("activit"));
        rewritten += &format!("use autobeat::{{{}}};", ours.join(", "));
        if !theirs.is_empty() {
            rewritten += &format!(" {IMPORT}{{{}}};", theirs.join(", "));
        }
        rewritten += rest;
    }
    rewritten
}
