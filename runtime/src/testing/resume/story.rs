//! What happened in a case, for people.

use std::{fmt, thread};

use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::{
    Whole,
    case::{At, Case, Crash},
};
use crate::testing::scene::{Played, text};

/// One attempt of a case.
pub(in crate::testing) struct Chapter {
    pub(in crate::testing) saves: u64,
    pub(in crate::testing) gave_way: u64,
    /// How many saves the server does not have.
    pub(in crate::testing) lost: u64,
    /// How many effects there were after it, where it crashed.
    pub(super) done: Option<u64>,
    /// Whether its body caught the crash.
    pub(super) has_caught_it: bool,
    started_from: String,
    left: String,
    ended: String,
    crash: Option<Crash>,
}

impl Chapter {
    /// An attempt that started from what was held.
    pub(in crate::testing) fn without_crash<T>(held: &[Payload], played: &Played<T>) -> Self {
        Self::of(held, played, None)
    }

    /// An attempt that started from what was held, and where it was to crash.
    pub(super) fn of<T>(held: &[Payload], played: &Played<T>, crash: Option<Crash>) -> Self {
        Self {
            saves: played.traces.saves,
            gave_way: played.traces.gave_way,
            lost: played.traces.lost,
            done: None,
            has_caught_it: played.traces.has_caught_it,
            started_from: text(held),
            left: text(&played.traces.held),
            ended: played.curtain.to_string(),
            crash,
        }
    }
}

impl Chapter {
    /// Whether it crashed where it was to crash, if it was.
    pub(super) fn is_as_told(&self) -> bool {
        self.crash.is_none() || self.ended == "crashed"
    }

    /// Whether its crash was within a save, rather than after its body.
    pub(super) fn crashed_at_a_save(&self) -> bool {
        matches!(self.crash, Some(Crash { at: At::Save(_), .. }))
    }
}

impl fmt::Display for Chapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "starts from {}, ", self.started_from)?;
        let is_crashed = self.ended == "crashed";
        match self.crash {
            Some(Crash { at: At::Save(save), .. }) if is_crashed => {
                write!(formatter, "and crashes at its save {save}")?;
            }
            Some(Crash { at: At::End, .. }) if is_crashed => {
                write!(
                    formatter,
                    "saves {}, and crashes when its body has returned",
                    times(self.saves)
                )?;
            }
            _ => write!(formatter, "saves {}, and {}", times(self.saves), self.ended)?,
        }
        if is_crashed {
            write!(formatter, "; {} lost: the server holds {}", saves(self.lost), self.left)?;
        }
        Ok(())
    }
}

pub(in crate::testing) fn times(count: u64) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn saves(count: u64) -> String {
    match count {
        0 => "no save is".to_owned(),
        1 => "1 save is".to_owned(),
        count => format!("{count} saves are"),
    }
}

/// A case in which an activity does not resume.
pub(super) struct Story<'a> {
    pub(super) activity_type: &'a str,
    pub(super) undisturbed: &'a Whole,
    pub(super) whole: &'a Whole,
    pub(super) wrong: &'a [String],
    pub(super) case: &'a Case,
    /// What the saves were drawn from, where they were.
    pub(super) seed: Option<u64>,
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { activity_type, undisturbed, whole, wrong, case, seed } = self;
        writeln!(formatter, "`{activity_type}` does not resume\n")?;
        for chapter in &undisturbed.chapters {
            writeln!(formatter, "  undisturbed, it {chapter}")?;
        }
        for (number, chapter) in (1..).zip(&whole.chapters) {
            writeln!(formatter, "  attempt {number} {chapter}")?;
        }
        writeln!(formatter)?;
        for line in *wrong {
            writeln!(formatter, "  {line}")?;
        }
        write!(formatter, "\nThis case alone: `.only(\"{case}\")`")?;
        if let Some(seed) = seed {
            write!(formatter, "; all that were drawn with it: `.seed({seed})`")?;
        }
        Ok(())
    }
}

/// Says which case it was where users' code panics in it.
pub(in crate::testing) struct Telling<'a, C: fmt::Display>(pub(in crate::testing) &'a C);

impl<C: fmt::Display> Drop for Telling<'_, C> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("that was in this case: `.only(\"{}\")`", self.0);
        }
    }
}

/// That not even undisturbed it completes.
pub(super) fn incomplete(name: &str, how: &str, attempts: usize) -> String {
    let last =
        if attempts > 1 { format!(" (attempt {attempts}, the last one)") } else { String::new() };
    format!("`{name}` does not complete undisturbed: it {how}{last}")
}

/// That nothing can be compared.
pub(super) fn unsteady(name: &str, differs: &[String]) -> String {
    format!(
        "two undisturbed runs of `{name}` differ already, so no other can be compared with them: is its \
         world a fresh one each time? (What is another one each time, as a time is, or the order of a \
         `HashMap`, does not belong into the effects; a result may be `.any_result()`.)\n  {}",
        differs.join("\n  ")
    )
}
