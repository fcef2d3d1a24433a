//! The tables and the figure.

use std::fs;

use autobeat_tests::compare::{
    delays::Delays,
    plot,
    repeats::Repeats,
    results::{Results, Section},
    spread::Spread,
    stage::Order,
    table,
    variant::{TIMEOUTS, Variant},
};

pub(crate) fn section<Row>(rows: Vec<Row>) -> Section<Row> {
    Section { runs: 1, cores: 2, load: 0.25, rows }
}

/// Three kills and one cancellation of everything.
fn results() -> Results {
    let every =
        || TIMEOUTS.into_iter().flat_map(|timeout| Variant::ALL.map(|variant| (variant, timeout)));
    let repeats = every().map(|(variant, timeout)| Repeats {
        variant,
        timeout,
        repeated: Spread::of([0.0, 0.5, 1.25]),
    });
    let delays = every().map(|(variant, timeout)| Delays {
        variant,
        timeout,
        order: Order::Cancel,
        delay: Spread::of([0.75]),
        untold: usize::from(variant == Variant::ByHand),
    });
    Results {
        repeats: Some(section(repeats.collect())),
        delays: Some(section(delays.collect())),
        ..Results::default()
    }
}

#[test]
fn a_row_has_a_cell_for_each_variant() {
    let table = table::render(&results());
    let row = "| 10 s | work repeated after a `kill -9` | 0.50 s (0.00 to 1.25) | \
               0.50 s (0.00 to 1.25) | 0.50 s (0.00 to 1.25) | 0.50 s (0.00 to 1.25) |";
    assert!(table.lines().any(|line| line == row), "{table}");
}

#[test]
fn a_number_alone_has_no_spread_and_what_was_never_told_is_said() {
    let table = table::render(&results());
    let row = "| 2 s | the body learns of a cancellation after | 0.75 s; never 1 times | 0.75 s | \
               0.75 s | 0.75 s |";
    assert!(table.lines().any(|line| line == row), "{table}");
}

#[test]
fn what_was_not_measured_leaves_its_cell_empty() {
    let table = table::render(&results());
    let row = "| 2 s | the body learns of a pause after |  |  |  |  |";
    assert!(table.lines().any(|line| line == row), "{table}");
    assert!(!table.contains("2,000"), "{table}");
}

#[test]
fn all_lines_of_a_table_have_as_many_cells() {
    let table = table::render(&results());
    for part in table.split("\n\n").filter(|part| part.starts_with('|')) {
        let cells: Vec<usize> = part.lines().map(|line| line.matches('|').count()).collect();
        assert!(cells.iter().all(|count| *count == cells[0]), "{part}");
    }
}

#[test]
fn it_says_on_what_the_numbers_stand() {
    let table = table::render(&results());
    let line = "Median (least to most); 3 kills, 1 to 2 orders of each kind, a dev server on the \
                same 2 cores, load 0.2 before it began.";
    assert!(table.lines().any(|other| other == line), "{table}");
}

#[test]
fn the_figure_has_a_dot_for_each_sample() {
    let svg = plot::render(&results()).expect("a figure");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    let groups = TIMEOUTS.len() * Variant::ALL.len();
    let (legend, kills, cancellations) = (Variant::ALL.len(), 3 * groups, groups);
    assert_eq!(svg.matches("<circle").count(), legend + kills + cancellations);
    for text in ["timeout 2 s", "timeout 30 s", "10 ms", "by hand"] {
        assert!(svg.contains(text), "no {text}: {svg}");
    }
}

#[test]
fn a_figure_of_nothing_can_be_drawn() {
    assert!(plot::render(&Results::default()).expect("a figure").contains("<svg"));
}

#[test]
fn what_is_stored_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.json");
    assert_eq!(Results::read(&file).expect("nothing"), Results::default());
    results().write(&file).expect("stored");
    assert_eq!(Results::read(&file).expect("read"), results());
    let stored = fs::read_to_string(&file).expect("text");
    assert!(stored.contains("\"variant\": \"by-hand\""), "{stored}");
}
