//! The tables, in Markdown, from what is stored.

use std::fmt::Write;

use super::{
    blocked::Blocked,
    delays::{Delays, ORDERS},
    goals,
    many::{COUNT, Many},
    repeats::Repeats,
    requests::{self, Requests},
    results::{Results, Section},
    spread::Spread,
    stage::Order,
    variant::{TIMEOUTS, Variant},
};

const HEAD: &str = "\
| heartbeat timeout | | by hand | autobeat | `heartbeat_interval = \"1s\"` | `commit` each 100 items |
| --- | --- | --- | --- | --- | --- |
";

/// Both tables and what they stand on.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut text = HEAD.to_owned();
    let rows = [
        results.repeats.as_ref().map(|section| repeats(&section.rows)),
        results.delays.as_ref().map(|section| delays(&section.rows)),
        results.requests.as_ref().map(|section| requests_of(&section.rows)),
        results.many.as_ref().map(|section| many(&section.rows)),
        results.blocked.as_ref().map(|section| blocked(&section.rows)),
    ];
    for row in rows.into_iter().flatten().flatten() {
        let _ = writeln!(text, "{}", row.render());
    }
    let _ = writeln!(text, "\nMedian (least to most); {}.", provenance(results));
    text + &goals_of(results)
}

/// What was aimed at, and what came out.
fn goals_of(results: &Results) -> String {
    let mut text = "\n| goal | measured | |\n| --- | --- | --- |\n".to_owned();
    for goal in goals::of(results) {
        let verdict = match &goal.missed {
            None => "met".to_owned(),
            Some(missed) => format!("missed by {}: {}", missed.by, missed.why),
        };
        let _ = writeln!(text, "| {} | {} | {verdict} |", goal.aim, goal.measured);
    }
    text
}

/// A line of the first table: a cell for each variant that has one.
struct Row {
    timeout: u64,
    what: String,
    cells: Vec<(Variant, String)>,
}

impl Row {
    fn render(&self) -> String {
        let cells = Variant::ALL.map(|variant| {
            let cell = self.cells.iter().find(|(of, _)| *of == variant);
            cell.map_or("", |(_, cell)| cell)
        });
        format!("| {} s | {} | {} |", self.timeout, self.what, cells.join(" | "))
    }
}

fn repeats(rows: &[Repeats]) -> Vec<Row> {
    let row = |timeout| Row {
        timeout,
        what: "work repeated after a `kill -9`".to_owned(),
        cells: rows
            .iter()
            .filter(|row| row.timeout == timeout)
            .map(|row| (row.variant, seconds(&row.repeated)))
            .collect(),
    };
    TIMEOUTS.into_iter().map(row).collect()
}

fn delays(rows: &[Delays]) -> Vec<Row> {
    let row = |(order, timeout)| Row {
        timeout,
        what: format!("the body learns of {}", words(order)),
        cells: rows
            .iter()
            .filter(|row| (row.order, row.timeout) == (order, timeout))
            .map(|row| (row.variant, delay(row)))
            .collect(),
    };
    let of_order = |order| TIMEOUTS.map(move |timeout| (order, timeout));
    ORDERS.into_iter().flat_map(of_order).map(row).collect()
}

fn words(order: Order) -> &'static str {
    match order {
        Order::Cancel => "a cancellation after",
        Order::Pause => "a pause after",
        Order::Terminate => "its workflow's termination after",
    }
}

fn delay(row: &Delays) -> String {
    match (row.untold, row.delay.count) {
        (0, _) => seconds(&row.delay),
        (untold, 0) => format!("never, {untold} times"),
        (untold, _) => format!("{}; never {untold} times", seconds(&row.delay)),
    }
}

fn requests_of(rows: &[Requests]) -> Vec<Row> {
    let row = |(is_busy, timeout)| Row {
        timeout,
        what: format!(
            "requests a minute, {}",
            if is_busy { "saving each 20 ms" } else { "only waiting" }
        ),
        cells: rows
            .iter()
            .filter(|row| (row.is_busy, row.timeout) == (is_busy, timeout))
            .map(|row| (row.variant, spread(&row.per_minute, 1, "")))
            .collect(),
    };
    let of = |is_busy| TIMEOUTS.map(move |timeout| (is_busy, timeout));
    [true, false].into_iter().flat_map(of).map(row).collect()
}

fn many(rows: &[Many]) -> Vec<Row> {
    let row = |what: &str, cell: &dyn Fn(&Many) -> String| Row {
        timeout: super::many::TIMEOUT.as_secs(),
        what: format!("of 2,000 that wait 40 s, {what}"),
        cells: rows.iter().map(|row| (row.variant, cell(row))).collect(),
    };
    vec![
        row("those that timed out", &|row| {
            let all = u64::from(COUNT) * row.lost.count as u64;
            format!("{} of {all}", row.lost.samples.iter().sum::<f64>())
        }),
        row("the ramp: from the first start to the last", &|row| seconds(&row.ramp)),
        row("those running at once, at most", &|row| spread(&row.at_once, 0, "")),
        row("the worker's processor time", &|row| seconds(&row.processor)),
        row("the worker's memory, an activity", &|row| spread(&row.memory, 1, " KiB")),
        row("the heartbeats sent", &|row| spread(&row.heartbeats, 0, "")),
    ]
}

fn blocked(rows: &[Blocked]) -> Vec<Row> {
    let cell = |row: &Blocked| format!("{} of {} completed", row.completed, row.count);
    vec![Row {
        timeout: super::blocked::TIMEOUT.as_secs(),
        what: "an `async` body blocks its thread for 6 s, alone in its worker".to_owned(),
        cells: rows.iter().map(|row| (row.variant, cell(row))).collect(),
    }]
}

fn seconds(spread_of: &Spread) -> String {
    spread(spread_of, 2, " s")
}

/// `1.20 s (0.31 to 1.61)`, or the number alone where all are the same. `unit` has the sign between
/// it and a number.
fn spread(spread: &Spread, digits: usize, unit: &str) -> String {
    let number = |number: f64| format!("{number:.digits$}");
    let (least, most) = (number(spread.least), number(spread.most));
    let median = number(spread.median);
    if least == most {
        format!("{median}{unit}")
    } else {
        format!("{median}{unit} ({least} to {most})")
    }
}

/// How many samples each number stands on, and on what machine.
fn provenance(results: &Results) -> String {
    let mut parts = Vec::new();
    let mut say = |what: &str, counts: Vec<usize>| {
        let (least, most) = (counts.iter().min(), counts.iter().max());
        match (least, most) {
            (Some(least), Some(most)) if least == most => parts.push(format!("{most} {what}")),
            (Some(least), Some(most)) => parts.push(format!("{least} to {most} {what}")),
            _ => {}
        }
    };
    if let Some(section) = &results.repeats {
        say("kills", section.rows.iter().map(|row| row.repeated.count).collect());
    }
    if let Some(section) = &results.delays {
        let counts = section.rows.iter().map(|row| row.delay.count + row.untold);
        say("orders of each kind", counts.collect());
    }
    if let Some(section) = &results.requests {
        let counts = section.rows.iter().map(|row| row.per_minute.count * requests::EACH as usize);
        let what = format!("activities whose requests are counted for {:?}", requests::WINDOW);
        say(&what, counts.collect());
    }
    if let Some(section) = &results.many {
        say("runs of 2,000", section.rows.iter().map(|row| row.lost.count).collect());
    }
    parts.push(machine(results));
    parts.join(", ")
}

fn machine(results: &Results) -> String {
    fn place<Row>(section: Option<&Section<Row>>) -> Option<(usize, f64)> {
        section.map(|section| (section.cores, section.load))
    }
    let places = [
        place(results.repeats.as_ref()),
        place(results.delays.as_ref()),
        place(results.requests.as_ref()),
        place(results.many.as_ref()),
        place(results.blocked.as_ref()),
    ];
    let places: Vec<(usize, f64)> = places.into_iter().flatten().collect();
    let cores = places.iter().map(|(cores, _)| *cores).max().unwrap_or_default();
    // The first section finds the machine as it was before; the others find what they left.
    let load = places.first().map_or(0.0, |(_, load)| *load);
    format!("a dev server on the same {cores} cores, load {load:.1} before it began")
}
