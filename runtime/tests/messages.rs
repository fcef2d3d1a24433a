//! The catalogue of messages in the documentation is what the compiler says in the cases of `tests/ui`.

use std::{env, fmt::Write as _, fs, path::Path};

const INTRODUCTION: &str = "\
What the compiler says about a wrong activity, one mistake a line. It is made from the cases in \
`runtime/tests/ui`, each of which is compiled in the tests.

| mistake | what is said |
| --- | --- |
";

#[test]
fn the_catalogue_is_what_the_compiler_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases: Vec<_> = fs::read_dir(folder.join("tests/ui"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .collect();
    cases.sort();
    let mut catalogue = INTRODUCTION.to_owned();
    for case in cases {
        let mistake = case.file_stem().unwrap().to_str().unwrap().replace('-', " ");
        let said = fs::read_to_string(&case).unwrap();
        writeln!(catalogue, "| {mistake} | {} |", said_in_short(&said)).unwrap();
    }
    let path = folder.join("src/messages.md");
    if env::var_os("AUTOBEAT_MESSAGES").is_some_and(|word| word == "overwrite") {
        fs::write(&path, &catalogue).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, catalogue, "AUTOBEAT_MESSAGES=overwrite writes {} anew", path.display());
}

/// The errors, and of each what the notes of ours say; each once.
fn said_in_short(said: &str) -> String {
    let mut found: Vec<String> = Vec::new();
    for line in said.lines() {
        let (head, text) = line.split_once(": ").unwrap_or_default();
        let is_note = head.trim() == "= note"
            && !text.starts_with("this error originates in")
            && !text.starts_with("the full name for the type")
            && !text.starts_with("consider using `--verbose`")
            && !text.starts_with("`#[");
        // What stands beside a bound of ours, which the compiler shows with it.
        let advice = line.split_once(", // ").map(|(_, advice)| advice);
        let text = if head.starts_with("error") || is_note { Some(text) } else { advice };
        found.extend(text.map(|text| text.replace('|', "\\|")));
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|text| seen.insert(text.clone()));
    found.join("<br>")
}
