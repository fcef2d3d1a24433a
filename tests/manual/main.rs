//! What the manual, the README and the examples show is what a user copies.

use std::{fs, path::Path};

/// A file, and where it is.
struct Shown {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &Path) -> Shown {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Shown { path: path.display().to_string(), text }
}

/// All files below a folder that end so.
fn below(folder: &str, ends: &[&str]) -> Vec<Shown> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
                found.push(read(&path));
            }
        }
    }
    found
}

/// Where each worker is shown, and whether it tells its activities of a shutdown.
fn workers(shown: &Shown) -> Vec<(String, bool)> {
    let lines: Vec<&str> = shown.text.lines().collect();
    let begins = |line: &&str| line.contains("WorkerOptions::new(");
    let at = lines.iter().enumerate().filter(|(_, line)| begins(line)).map(|(at, _)| at);
    at.map(|at| {
        let whole = lines[at..].iter().take(12);
        let tells = whole.clone().any(|line| line.contains("graceful_shutdown_period("));
        (format!("{}:{}", shown.path, at + 1), tells)
    })
    .collect()
}

#[test]
fn every_worker_that_is_shown_tells_its_activities_of_a_shutdown() {
    let documentation = [below("runtime/src", &[".rs", ".md"]), below("macros/src", &["lib.rs"])];
    let shown = documentation.into_iter().flatten().chain(below("examples", &[".rs"]));
    let shown = shown.chain([read(&root().join("README.md"))]);
    let workers: Vec<_> = shown.flat_map(|shown| workers(&shown)).collect();
    assert!(workers.len() > 25, "where are they? {workers:#?}");
    let silent: Vec<_> = workers.iter().filter(|(_, tells)| !tells).map(|(at, _)| at).collect();
    assert!(silent.is_empty(), "without a `graceful_shutdown_period`: {silent:#?}");
}

#[test]
fn every_page_stands_in_the_index_and_in_the_readme() {
    let guide = read(&root().join("runtime/src/guide.rs")).text;
    let readme = read(&root().join("README.md")).text;
    let pages = guide.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(" {}"));
    let pages: Vec<&str> = pages.collect();
    assert!(pages.len() >= 10, "{pages:?}");
    for page in pages {
        assert!(guide.contains(&format!("//! | [`{page}`] | ")), "the index has no {page}");
        let address = format!("https://docs.rs/autobeat/latest/autobeat/guide/{page}/index.html");
        let link = format!("[{page}]: {address}\n");
        assert!(readme.contains(&link), "the README has no {link}");
        assert!(readme.contains(&format!("][{page}]")), "the README points nowhere to {page}");
    }
}

#[test]
fn the_readme_points_to_pages_that_are_there() {
    let guide = read(&root().join("runtime/src/guide.rs")).text;
    let readme = read(&root().join("README.md")).text;
    let addresses =
        readme.lines().filter_map(|line| line.split_once("/autobeat/guide/")?.1.split_once('/'));
    let pages: Vec<&str> = addresses.map(|(page, _)| page).collect();
    assert!(pages.len() >= 10, "{pages:?}");
    for page in pages {
        assert!(guide.contains(&format!("pub mod {page} {{}}\n")), "there is no page {page}");
    }
}
