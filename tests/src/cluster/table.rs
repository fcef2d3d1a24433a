//! The table of a run on a cluster, in Markdown.

use std::fmt::Write;

use super::{fault::Fault, results::Results};
use crate::{compare::spread::Spread, endurance::Tally};

/// What came of a run.
#[must_use]
pub fn render(results: &Results) -> String {
    let columns = |cell: &dyn Fn(&Tally) -> String| {
        let cells: Vec<String> = results.kinds.iter().map(cell).collect();
        format!(" {} |", cells.join(" | "))
    };
    let titles = columns(&|kind| kind.title.clone());
    let mut text = format!("| killed, and started again | times | back after |{titles}\n");
    let _ = writeln!(text, "| --- | --- | --- |{}", columns(&|_| "---".to_owned()));
    for title in fault_titles() {
        let (times, back) = suffered(results, title);
        let damage = |kind: &Tally| results.damage(title, kind).words(Some(times * kind.at_once));
        let _ = writeln!(text, "| {title} | {times} | {back:.1} s |{}", columns(&damage));
    }
    let whole = |kind: &Tally| kind.damage(|_| true).words(None);
    let _ = writeln!(text, "| all of them | {} | |{}", results.faults.len(), columns(&whole));
    text + &provenance(results)
}

/// The faults that the table tells apart.
fn fault_titles() -> Vec<&'static str> {
    let mut titles: Vec<&str> = Fault::ROUND.into_iter().map(Fault::title).collect();
    titles.dedup();
    titles
}

/// How often it was suffered, and after how many seconds all was back: the median.
fn suffered(results: &Results, title: &str) -> (u32, f64) {
    let faults = results.faults.iter().filter(|suffered| suffered.fault.title() == title);
    let took = Spread::of(faults.map(|suffered| suffered.took.as_secs_f64()));
    (u32::try_from(took.count).unwrap_or(u32::MAX), took.median)
}

fn provenance(results: &Results) -> String {
    let completed: Vec<String> =
        results.kinds.iter().map(|kind| format!("{} of {}", kind.activities, kind.title)).collect();
    format!(
        "\nLost: attempts that came to nothing, of those that ran. Again: work that had been done before. By \
         two: items that a body did after a later one of the same activity had begun; where none are told \
         there were none. Two workers, each on a frontend of its own; {} minutes; activities: {}. {}\n",
        results.circumstances.minutes,
        completed.join(", "),
        results.circumstances.words(),
    )
}
