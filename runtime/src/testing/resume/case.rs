//! The cases of a resume check: where attempts crash, and what the server holds then.
//!
//! A heartbeat carries the newest value alone. So for a crash right after a save the server may hold
//! that value, the one before (as for a crash right before the save), or any older one, and right at the
//! beginning none; and what is saved *after* a resumption shows only when that attempt crashes as well.

use std::{fmt, str::FromStr};

use crate::testing::event::{Event, Point};

/// Where an attempt crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Within this save.
    Save(u64),
    /// When the body has returned, before the server learns of it.
    End,
}

/// A crash, and the newest save that a heartbeat carried before it; 0 where none did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crash {
    pub(super) at: At,
    pub(super) holding: u64,
}

/// The crashes of one case, an attempt each; the attempt after them is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case(pub(super) Vec<Crash>);

impl Crash {
    fn at_save(save: u64, holding: u64) -> Self {
        Self { at: At::Save(save), holding }
    }

    pub(super) fn script(self) -> Vec<(Point, Event)> {
        let beat = (self.holding > 0).then_some((Point::Save(self.holding), Event::Heartbeat));
        let crash = match self.at {
            At::Save(save) => Some((Point::Save(save), Event::Crash)),
            At::End => None,
        };
        beat.into_iter().chain(crash).collect()
    }
}

/// From how many checkpoints two attempts go on: what is wrong with that rarely depends on which it is.
const TWICE_FROM_ONE: usize = 10;

/// The cases of an activity that saves this often, the smallest first; `saves` are those that are tried.
///
/// After a crash the next attempt crashes as well: with something saved, and before the server learns of
/// anything, so that two attempts go on from the same checkpoint.
pub(super) fn cases(saves: &[u64], all: u64, random: &mut fastrand::Rng) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut twice = Vec::new();
    for (index, save) in saves.iter().copied().enumerate() {
        cases.push(Case(vec![Crash::at_save(save, save - 1)]));
        cases.push(Case(vec![Crash::at_save(save, save)]));
        if save > 1 {
            cases.push(Case(vec![Crash::at_save(save, 0)]));
        }
        if save > 2 {
            cases.push(Case(vec![Crash::at_save(save, random.u64(1..save - 1))]));
        }
        if save < all {
            let second = random.u64(1..=all - save);
            twice.push(Case(vec![Crash::at_save(save, save), Crash::at_save(second, second)]));
            if index < TWICE_FROM_ONE {
                twice.push(Case(vec![Crash::at_save(save, save), Crash::at_save(1, 0)]));
            }
        }
    }
    cases.push(Case(vec![Crash { at: At::End, holding: all }]));
    cases.push(Case(vec![Crash { at: At::End, holding: random.u64(0..all) }]));
    cases.append(&mut twice);
    cases
}

/// Which saves are tried: all, or where they are more than `most`, the first, the last, and some that
/// are drawn.
pub(super) fn draw(all: u64, most: u64, random: &mut fastrand::Rng) -> Vec<u64> {
    if all <= most {
        return (1..=all).collect();
    }
    let first = most / 4;
    let mut saves: Vec<u64> = (1..=first).chain([all]).collect();
    while (saves.len() as u64) < most.max(1) {
        let save = random.u64(first + 1..all);
        if !saves.contains(&save) {
            saves.push(save);
        }
    }
    saves.sort_unstable();
    saves
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Crash { at, holding }) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            match at {
                At::Save(save) => {
                    write!(formatter, "{comma}crash at save {save} holding {holding}")?;
                }
                At::End => write!(formatter, "{comma}crash at the end holding {holding}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Case {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let crashes = text.split(',').map(|crash| {
            let words: Vec<&str> = crash.split_whitespace().collect();
            let (at, holding) = match words.as_slice() {
                ["crash", "at", "save", save, "holding", holding] => {
                    (At::Save(save.parse().map_err(drop)?), holding)
                }
                ["crash", "at", "the", "end", "holding", holding] => (At::End, holding),
                _ => return Err(()),
            };
            let holding = holding.parse().map_err(drop)?;
            let is_possible = match at {
                At::Save(save) => save > 0 && holding <= save,
                At::End => true,
            };
            is_possible.then_some(Crash { at, holding }).ok_or(())
        });
        crashes.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_as_it_is_written() {
        let mut random = fastrand::Rng::with_seed(3);
        let cases = cases(&[1, 2, 3, 7, 9], 9, &mut random);
        assert!(cases.len() > 15);
        for case in cases {
            assert_eq!(case.to_string().parse(), Ok(case));
        }
    }

    #[test]
    fn what_is_no_case_is_refused() {
        for text in [
            "",
            "crash",
            "crash at save 3",
            "crash at save x holding 1",
            "crash at save 0 holding 0",
            "crash at save 3 holding 4",
        ] {
            assert_eq!(text.parse::<Case>(), Err(()), "{text}");
        }
    }

    #[test]
    fn few_saves_are_all_tried_and_many_are_drawn_by_the_seed() {
        let drawn = |seed| draw(1_000, 40, &mut fastrand::Rng::with_seed(seed));
        assert_eq!(draw(3, 40, &mut fastrand::Rng::with_seed(1)), [1, 2, 3]);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_eq!(drawn(1).len(), 40);
        assert_eq!((drawn(1)[0], drawn(1).last()), (1, Some(&1_000)));
    }
}
