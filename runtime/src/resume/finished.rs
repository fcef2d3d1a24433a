//! Which of many items are done, where several are on their way at once.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::by_keys::ByKeys;

/// Which of many items are done: all up to a position, and ranges beyond it.
///
/// Stays small: beyond the first item that is not done there can only be gaps that are on their way,
/// so there are never more ranges than items at once.
///
/// Its JSON is promised, so that a worker in another language can take over: `up_to`, the number of items
/// that are done without a gap, and `beyond`, ranges with their start and the position after their end,
/// ascending, with a gap before each; it may be left out or `null` where there are none.
///
/// ```
/// # use autobeat::Finished;
/// let finished: Finished = serde_json::from_str(r#"{"up_to":5,"beyond":[[7,9],[12,13]]}"#)?;
/// assert!(finished.contains(4) && !finished.contains(5) && finished.contains(8));
/// assert_eq!((finished.up_to(), finished.count()), (5, 8));
/// assert_eq!(finished.beyond().collect::<Vec<_>>(), [7..9, 12..13]);
/// assert_eq!(serde_json::to_string(&Finished::default())?, r#"{"up_to":0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ByKeys<Written>")]
pub struct Finished {
    /// All items before this one are done.
    pub(super) up_to: u64,
    /// Done beyond it: `[start, end)`, ascending, with a gap before each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) beyond: Vec<(u64, u64)>,
}

impl Finished {
    /// How many items are done.
    #[must_use]
    pub fn count(&self) -> u64 {
        // Somebody else may have written positions that no set of items has.
        self.beyond().fold(self.up_to, |count, done| count.saturating_add(done.end - done.start))
    }

    /// Whether the item at this position is done.
    #[must_use]
    pub fn contains(&self, position: u64) -> bool {
        let after = self.beyond.partition_point(|(start, _)| *start <= position);
        position < self.up_to || after > 0 && position < self.beyond[after - 1].1
    }

    /// The first position that is not done: all items before it are.
    #[must_use]
    pub fn up_to(&self) -> u64 {
        self.up_to
    }

    /// What is done beyond the first position that is not: ascending, with a gap before each.
    #[must_use]
    pub fn beyond(&self) -> impl ExactSizeIterator<Item = Range<u64>> {
        self.beyond.iter().map(|&(start, end)| start..end)
    }

    pub(super) fn insert(&mut self, position: u64) {
        if self.contains(position) {
            return;
        }
        let after = self.beyond.partition_point(|(start, _)| *start < position);
        let joins_left = after > 0 && self.beyond[after - 1].1 == position;
        let joins_right = self.beyond.get(after).is_some_and(|right| right.0 == position + 1);
        match (joins_left, joins_right) {
            (true, true) => self.beyond[after - 1].1 = self.beyond.remove(after).1,
            (true, false) => self.beyond[after - 1].1 += 1,
            (false, true) => self.beyond[after].0 = position,
            (false, false) => self.beyond.insert(after, (position, position + 1)),
        }
        if self.beyond.first().is_some_and(|first| first.0 == self.up_to) {
            self.up_to = self.beyond.remove(0).1;
        }
    }
}

/// As it may have been written, by whomever: in any order, with ranges that touch, overlap or are empty.
#[derive(Deserialize)]
struct Written {
    up_to: u64,
    #[serde(default)]
    beyond: Option<Vec<(u64, u64)>>,
}

impl From<ByKeys<Written>> for Finished {
    fn from(ByKeys(Written { up_to, beyond }): ByKeys<Written>) -> Self {
        let mut ranges = beyond.unwrap_or_default();
        ranges.retain(|(start, end)| start < end);
        ranges.sort_unstable();
        let mut finished = Self { up_to, beyond: Vec::with_capacity(ranges.len()) };
        for (start, end) in ranges {
            let last = finished.beyond.last_mut().map_or(&mut finished.up_to, |last| &mut last.1);
            if start <= *last {
                *last = end.max(*last);
            } else {
                finished.beyond.push((start, end));
            }
        }
        finished
    }
}
