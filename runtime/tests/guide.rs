//! The manual says what the code does: its messages and its metrics; and its pictures stand whole.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Words of a story that the test kit tells, which the manual shows as a whole.
const PARTS_OF_STORIES: [&str; 18] = [
    "(attempt …, the last one)",
    "; all that were drawn with it: `.seed(…)`",
    "; … lost: the server holds …",
    "and crashes at its save …",
    "no save is",
    "no type",
    "1 save is",
    "saves …, and crashes when its body has returned",
    "saves …, and …",
    "starts from …,",
    "undisturbed, it …",
    "was cancelled",
    "`…` does not resume",
    "… saves are",
    "…crash at save … holding …",
    "…crash at the end holding …",
    "a null, which is taken for nothing",
    "left it to somebody else to complete",
];

/// Where every text describes a metric, for the exporter to show.
const DESCRIPTIONS: &str = "metrics/instruments.rs";

/// What tests alone are built with, though it is not called so.
const OF_TESTS: [&str; 2] = ["metrics/recorder.rs", "lease/scripted_server.rs"];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(package().join("src/guide").join(name)).unwrap()
}

/// The source files of a folder that are built into the library.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_product = entries.filter(|path| path.file_stem().is_none_or(|name| name != "tests"));
    of_product
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !path.ends_with(DESCRIPTIONS))
        .filter(|path| !OF_TESTS.iter().any(|file| path.ends_with(file)))
        .collect()
}

/// What code says to people: what it logs, and every other text that has words.
#[derive(Default)]
struct Messages(BTreeSet<String>);

impl Messages {
    fn of(files: impl IntoIterator<Item = PathBuf>) -> BTreeSet<String> {
        let mut messages = Self::default();
        for file in files {
            let code: TokenStream = fs::read_to_string(&file).unwrap().parse().unwrap();
            messages.read(code);
        }
        messages.0
    }

    fn read(&mut self, code: TokenStream) {
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += self.read_one(&tokens[at..]);
        }
    }

    /// Reads what comes first; how many tokens that is.
    fn read_one(&mut self, tokens: &[TokenTree]) -> usize {
        if let Some((attribute, length)) = attribute(tokens) {
            let is_of_tests = attribute.to_string().replace(' ', "") == "[cfg(test)]";
            return if is_of_tests { length + item(&tokens[length..]) } else { length };
        }
        match tokens {
            // What cannot be is said to nobody.
            [TokenTree::Ident(name), TokenTree::Group(_), ..] if name == "expect" => 2,
            [TokenTree::Ident(name), sign, TokenTree::Group(_), ..]
                if name == "unreachable" && is(sign, '!') =>
            {
                3
            }
            [TokenTree::Ident(name), sign, TokenTree::Group(said), ..]
                if name == "say" && is(sign, '!') =>
            {
                let texts = said.stream().into_iter().filter_map(|token| text(&token));
                self.0.extend(texts.map(|text| general(&text)));
                3
            }
            [TokenTree::Group(group), ..] => {
                self.read(group.stream());
                1
            }
            [token, ..] => {
                let message = text(token).map(|text| general(&text));
                self.0.extend(message.filter(|message| has_words(message)));
                1
            }
            [] => 0,
        }
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(it) if it.as_char() == sign)
}

/// An attribute, or a comment that is documentation, and how many tokens it has.
fn attribute(tokens: &[TokenTree]) -> Option<(&Group, usize)> {
    let (found, length) = match tokens {
        [hash, TokenTree::Group(group), ..] if is(hash, '#') => (group, 2),
        [hash, bang, TokenTree::Group(group), ..] if is(hash, '#') && is(bang, '!') => (group, 3),
        _ => return None,
    };
    (found.delimiter() == Delimiter::Bracket).then_some((found, length))
}

/// How many tokens an item has: up to its braces, or its semicolon.
fn item(tokens: &[TokenTree]) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(sign) => sign.as_char() == ';',
        _ => false,
    };
    tokens.iter().position(is_end).map_or(tokens.len(), |end| end + 1)
}

/// The text of a literal, without its escapes.
fn text(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    let written = literal.to_string();
    let within = written.trim_start_matches('r').trim_matches('#');
    let within = within.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut letters = within.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some('n')) => {
                letters.next();
                text.push('\n');
            }
            // A line that goes on: without its end, and without where the next one is indented.
            ('\\', Some('\n')) => while letters.next_if(|it| it.is_whitespace()).is_some() {},
            ('\\', _) => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    Some(text)
}

/// A text with `…` where it differs, and one space between words.
fn general(text: &str) -> String {
    let mut general = String::new();
    let mut depth = 0_u32;
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                general.push('…');
            }
            _ if depth == 0 => general.push(letter),
            _ => {}
        }
    }
    while general.contains("……") {
        general = general.replace("……", "…");
    }
    general.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_words(message: &str) -> bool {
    let is_word = |word: &&str| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
    message.split(' ').filter(is_word).count() > 1
}

/// The messages that a page has an entry for, each a quotation.
fn entries(page: &str) -> BTreeSet<String> {
    page.lines().filter_map(|line| line.strip_prefix("> ")).map(general).collect()
}

fn is_of_the_kit(file: &Path) -> bool {
    file.strip_prefix(package().join("src")).is_ok_and(|file| file.starts_with("testing"))
}

/// Every message has an entry, and every entry a message.
fn assert_told(said: &BTreeSet<String>, page_name: &str) {
    let entries = entries(&page(page_name));
    let untold: Vec<_> = said.difference(&entries).collect();
    assert!(untold.is_empty(), "src/guide/{page_name} has no entry for {untold:#?}");
    let unsaid: Vec<_> = entries.difference(said).collect();
    assert!(unsaid.is_empty(), "src/guide/{page_name} has entries that nothing says: {unsaid:#?}");
}

#[test]
fn each_message_of_the_product_has_its_entry() {
    let files = sources(&package().join("src")).into_iter().filter(|file| !is_of_the_kit(file));
    assert_told(&Messages::of(files), "troubleshooting.md");
}

#[test]
fn each_message_of_the_test_kit_has_its_entry() {
    let mut said = Messages::of(sources(&package().join("src/testing")));
    for part in PARTS_OF_STORIES {
        assert!(said.remove(part), "no story has `{part}`");
    }
    assert_told(&said, "what_the_kit_says.md");
}

#[test]
fn messages_are_found_wherever_they_are_said() {
    let code = r#"
        //! This is documentation.
        #[must_use = "as is this one"]
        fn speak(error: &str) -> Result<(), String> {
            say!(warn, %error, "short");
            let name = known.expect("it is always there");
            Err(format!("the \"{name}\" of {{place}} is \
                         not there{}", 7))
        }
        #[cfg(test)]
        mod tests {
            const WORDS: &str = "said by a test";
        }
        const AFTER: &str = "after the tests";
    "#;
    let mut messages = Messages::default();
    messages.read(code.parse().unwrap());
    let said: Vec<_> = messages.0.iter().map(String::as_str).collect();
    assert_eq!(said, ["after the tests", "short", "the \"…\" of … is not there…"]);
}

/// The rows of a table of metrics: name, kind or unit, labels, meaning.
fn metrics(text: &str, prefix: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix(prefix)?.strip_prefix("| `"));
    let rows = rows.filter(|row| row.starts_with("autobeat_") && row.matches(" | ").count() > 1);
    rows.map(|row| {
        let cells = row.trim_end_matches(" |").split(" |");
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    })
    .filter(|cells| cells.len() == 4)
    .collect()
}

#[test]
fn the_manual_has_every_metric_with_its_unit() {
    let module = fs::read_to_string(package().join("src/metrics.rs")).unwrap();
    let mut documented = metrics(&module, "//! ");
    for row in &mut documented {
        row[1] = match row[1].as_str() {
            "counter" => "count".to_owned(),
            "duration" => "time".to_owned(),
            other => other.to_owned(),
        };
    }
    assert_eq!(documented.len(), 9);
    assert_eq!(metrics(&page("progress_and_metrics.md"), ""), documented);
}

#[test]
fn pictures_stand_in_a_page_as_a_whole() {
    let folders = ["src/guide", "docs"].map(|folder| fs::read_dir(package().join(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let pictures: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "svg")).collect();
    assert!(pictures.len() >= 3, "{pictures:?}");
    for picture in pictures {
        let text = fs::read_to_string(&picture).unwrap();
        // Markdown takes what comes after an empty line for text.
        let is_whole =
            text.starts_with("<svg ") && text.lines().all(|line| !line.trim().is_empty());
        assert!(
            is_whole,
            "{} has an empty line, or something before its picture",
            picture.display()
        );
    }
}
