//! How many effects may be done again: what was done since the save that the server holds, since the next
//! attempt knows nothing of it, and what was on its way beside the item that was saved.

use std::collections::BTreeMap;

use super::Whole;

/// What may be repeated in the cases of one activity.
pub(super) struct Allowance {
    /// How many items are on their way at once; `None` where any number may be repeated.
    at_once: Option<u64>,
    /// How many effects there are at each save, as far as it was asked.
    done: BTreeMap<u64, u64>,
}

impl Allowance {
    pub(super) fn new(at_once: Option<u64>) -> Self {
        Self { at_once, done: BTreeMap::from([(0, 0)]) }
    }

    /// How many effects this case may repeat; `None` where that cannot be said.
    pub(super) fn of(&mut self, case: &Whole, effects_at: impl Fn(u64) -> u64) -> Option<u64> {
        let at_once = self.at_once?;
        if at_once == 0 {
            return Some(0);
        }
        let (_, before) = case.chapters.split_last()?;
        let mut most = (at_once - 1) * before.len() as u64;
        for (index, chapter) in before.iter().enumerate() {
            // One that failed by itself did what nobody can tell; so did a later one that lost something.
            let done = chapter.done.filter(|_| index == 0 || chapter.lost == 0)?;
            if index == 0 {
                if chapter.crashed_at_a_save() {
                    self.done.insert(chapter.saves, done);
                }
                let held = chapter.saves - chapter.lost;
                let known = *self.done.entry(held).or_insert_with(|| effects_at(held));
                most += done.saturating_sub(known);
            }
        }
        Some(most)
    }
}
