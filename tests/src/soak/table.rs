//! The tables of a soak, in Markdown.

use std::{fmt::Write, time::Duration};

use super::{
    run::Results,
    samples::{MADE_ONCE, Sample},
};

/// How far apart the samples are that are shown, at least; an hour shows fewer of its own.
const SHOWN_EACH: Duration = Duration::from_mins(1);

/// How many are shown at most.
const SHOWN: u32 = 10;

/// What came of a run.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut text =
        "| the worker that lives through | memory | threads | descriptors | heartbeats sent |\n\
                    | --- | --- | --- | --- | --- |\n"
            .to_owned();
    let samples = &results.samples;
    text += &row("idle, before", &samples.before);
    for sample in shown(results) {
        let minutes = (sample.at.as_secs_f64() / 60.0).round();
        text += &row(&format!("after {minutes:.0} min"), sample);
    }
    text += &row("idle again", &samples.after);
    let _ = writeln!(
        text,
        "\nIts memory grew by {:.1} MiB from the second quarter to the last, by their medians; {:.1} MiB are \
         allowed, and {MADE_ONCE} threads and descriptors more when it is idle again.\n",
        samples.growth() / 1024.0,
        mebibytes(samples.allowed()),
    );
    text + &activities(results) + &provenance(results)
}

fn row(when: &str, sample: &Sample) -> String {
    let Sample { resident, threads, descriptors, heartbeats, .. } = sample;
    let memory = mebibytes(*resident);
    format!("| {when} | {memory:.1} MiB | {threads} | {descriptors} | {heartbeats} |\n")
}

fn mebibytes(kibibytes: u64) -> f64 {
    f64::from(u32::try_from(kibibytes).unwrap_or(u32::MAX)) / 1024.0
}

/// One sample a minute, or fewer.
fn shown(results: &Results) -> Vec<&Sample> {
    let whole = Duration::from_secs(60 * results.circumstances.minutes);
    let each = SHOWN_EACH.max(whole / SHOWN);
    let mut due = each;
    let mut shown = Vec::new();
    for sample in &results.samples.under_load {
        if sample.at >= due {
            shown.push(sample);
            due += each;
        }
    }
    shown
}

fn activities(results: &Results) -> String {
    let mut text =
        "| activities | completed | attempts that were lost or handed over, work again |\n\
                    | --- | --- | --- |\n"
            .to_owned();
    for kind in &results.kinds {
        let damage = kind.damage(|_| true).words(None);
        let _ = writeln!(text, "| {} | {} | {damage} |", kind.title, kind.activities);
    }
    text
}

fn provenance(results: &Results) -> String {
    let circumstances = results.circumstances;
    let (minutes, words) = (circumstances.minutes, circumstances.words());
    format!("\n{minutes} minutes, {} workers killed; {words}\n", results.kills)
}
