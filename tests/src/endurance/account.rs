//! What the ledger of one activity says of its attempts.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::{
    compare::ours::ACKNOWLEDGED,
    ledger::{Entry, Record},
};

/// What became of one activity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// How many attempts did an item at least.
    pub attempts: u32,
    /// Each time that another attempt went on.
    pub hand_overs: Vec<HandOver>,
    /// What must not be, told as sentences.
    pub broken: Vec<String>,
}

/// Another attempt goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// When it began.
    pub at: Duration,
    /// How many attempts had been lost: the one before, and those that came to no worker.
    pub lost: u32,
    /// How many items it did that an earlier attempt had done.
    pub repeated: u32,
    /// How many items earlier attempts did after it had begun.
    pub by_two: u32,
    /// For how long after that one of them went on.
    pub overlap: Duration,
}

/// An attempt, as its ledger has it.
struct Attempt<'a> {
    number: u32,
    began: Duration,
    next: u64,
    entries: Vec<&'a Entry>,
}

impl Account {
    /// Of an activity that has completed.
    #[must_use]
    pub fn of(entries: &[Entry], kind: &Kind) -> Self {
        let attempts = attempts(entries);
        let hand_overs = hand_overs(&attempts);
        let mut broken = missing(&attempts, kind);
        broken.extend(older(&attempts));
        if !kind.is_bare {
            broken.extend(hand_overs.iter().filter_map(at_once));
        }
        let did_something = |attempt: &&Attempt| attempt.items().next().is_some();
        let working = attempts.iter().filter(did_something).count();
        Self { attempts: u32::try_from(working).unwrap_or(u32::MAX), hand_overs, broken }
    }

    /// How many attempts were lost.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.hand_overs.iter().map(|hand_over| hand_over.lost).sum()
    }
}

impl Attempt<'_> {
    fn items(&self) -> impl Iterator<Item = (u64, Duration)> {
        self.entries.iter().filter_map(|entry| match entry.record {
            Record::Item(item) => Some((item, entry.at)),
            _ => None,
        })
    }

    /// How many items are done by the last commit that was acknowledged to it.
    fn acknowledged(&self) -> Option<u64> {
        let acknowledged = |entry: &&Entry| match &entry.record {
            Record::Note(note) => note.strip_prefix(ACKNOWLEDGED)?.parse().ok(),
            _ => None,
        };
        self.entries.iter().filter_map(acknowledged).max()
    }

    /// When it began, or did an item, after some moment.
    fn works_after(&self, moment: Duration) -> impl Iterator<Item = Duration> {
        let is_late = move |at: &Duration| *at > moment;
        self.items().map(|(_, at)| at).chain([self.began]).filter(is_late)
    }
}

fn attempts(entries: &[Entry]) -> Vec<Attempt<'_>> {
    let mut by_number: BTreeMap<u32, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_number.entry(entry.attempt).or_default().push(entry);
    }
    by_number.into_iter().filter_map(|(number, entries)| attempt(number, entries)).collect()
}

fn attempt(number: u32, entries: Vec<&Entry>) -> Option<Attempt<'_>> {
    let (next, began) = entries.iter().find_map(|entry| match entry.record {
        Record::Begun(next) => Some((next, entry.at)),
        _ => None,
    })?;
    Some(Attempt { number, began, next, entries })
}

fn hand_overs(attempts: &[Attempt]) -> Vec<HandOver> {
    let mut done: HashSet<u64> = HashSet::new();
    let mut previous = 0;
    let mut hand_overs = Vec::new();
    for (place, attempt) in attempts.iter().enumerate() {
        let items: HashSet<u64> = attempt.items().map(|(item, _)| item).collect();
        let lost = attempt.number - previous - u32::from(place == 0);
        previous = attempt.number;
        if lost > 0 {
            let late = late_work(attempts, place);
            let until = late.iter().copied().max().unwrap_or_default();
            hand_overs.push(HandOver {
                at: attempt.began,
                lost,
                repeated: count(items.intersection(&done).count()),
                by_two: count(late.len()),
                overlap: until.saturating_sub(attempt.began),
            });
        }
        done.extend(items);
    }
    hand_overs
}

/// When earlier attempts worked after this one had begun, and no other one in between.
fn late_work(attempts: &[Attempt], place: usize) -> Vec<Duration> {
    let mut late = Vec::new();
    for (earlier, attempt) in attempts[..place].iter().enumerate() {
        let between = &attempts[earlier + 1..place];
        let is_first = |at: &Duration| between.iter().all(|other| *at <= other.began);
        late.extend(attempt.works_after(attempts[place].began).filter(is_first));
    }
    late
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn missing(attempts: &[Attempt], kind: &Kind) -> Vec<String> {
    let done: HashSet<u64> =
        attempts.iter().flat_map(|attempt| attempt.items().map(|(item, _)| item)).collect();
    let missing: Vec<u64> = (0..kind.items).filter(|item| !done.contains(item)).collect();
    match missing.first() {
        Some(first) => vec![format!("{} items are missing, the first is {first}", missing.len())],
        None => Vec::new(),
    }
}

/// Attempts that began before what had been acknowledged to an earlier one.
fn older(attempts: &[Attempt]) -> Vec<String> {
    let mut older = Vec::new();
    let mut acknowledged = 0;
    for attempt in attempts {
        let Attempt { number, next, .. } = attempt;
        if *next < acknowledged {
            older.push(format!(
                "attempt {number} began with item {next} after {acknowledged} were acknowledged"
            ));
        }
        acknowledged = acknowledged.max(attempt.acknowledged().unwrap_or_default());
    }
    older
}

fn at_once(hand_over: &HandOver) -> Option<String> {
    let HandOver { by_two, overlap, .. } = hand_over;
    (*by_two > 0).then(|| {
        format!("an attempt went on for {overlap:?} after a later one had begun: {by_two} items")
    })
}
