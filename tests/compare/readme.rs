//! Where the tables go.

use std::path::Path;

use autobeat_tests::compare::{readme::with_tables, results::Results, table};

const README: &str = "\
before
<!-- compare: written by the command above -->
old
<!-- compare: end -->
after
";

#[test]
fn what_is_between_the_markers_is_replaced() {
    let text = with_tables(README, "\nnew\n\n").expect("markers");
    assert_eq!(
        text,
        "before\n<!-- compare: written by the command above -->\n\nnew\n\n<!-- compare: end -->\nafter\n"
    );
    assert_eq!(with_tables(&text, "new").expect("markers"), text, "again is the same");
}

#[test]
fn a_readme_without_a_marker_stays_as_it_is() {
    let error = with_tables("nothing", "new").expect_err("no marker");
    assert!(error.to_string().contains("compare: written"), "{error}");
    let error = with_tables("<!-- compare: written by the command above -->", "new");
    assert!(error.expect_err("no end").to_string().contains("compare: end"));
}

#[test]
fn that_of_the_repository_has_both() {
    let readme = include_str!("../../README.md");
    with_tables(readme, "new").expect("markers");
}

#[test]
fn the_manual_shows_what_is_stored() {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/docs/what-it-costs.json");
    let tables = table::render(&Results::read(&stored).expect("results"));
    let shown = include_str!("../../runtime/docs/what-it-costs.md");
    assert_eq!(shown.trim(), tables.trim(), "`compare --redraw --write` writes it anew");
}
