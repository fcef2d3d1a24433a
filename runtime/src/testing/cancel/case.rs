//! The cases of a cancel check: at which point the attempt is told to stop, and why.

use std::{fmt, str::FromStr};

use crate::{
    cancel::CancelReason,
    testing::event::{Event, Point},
};

/// A reason, and where the body is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) reason: CancelReason,
    pub(super) point: Point,
}

impl Case {
    pub(super) fn script(self) -> Vec<(Point, Event)> {
        vec![(self.point, Event::Cancel(self.reason))]
    }
}

/// All points of an attempt that saves, and gives way, this often: the earliest first.
pub(super) fn points(saves: u64, gives_way: u64) -> Vec<Point> {
    let at = |number| {
        let gives_way = (number <= gives_way).then_some(Point::GivesWay(number));
        gives_way.into_iter().chain((number <= saves).then_some(Point::Save(number)))
    };
    (1..=saves.max(gives_way)).flat_map(at).collect()
}

/// At most this many of them: the first, and some that are drawn.
pub(super) fn draw(mut points: Vec<Point>, most: usize, random: &mut fastrand::Rng) -> Vec<Point> {
    let first = most / 4;
    while points.len() > most {
        points.remove(random.usize(first..points.len()));
    }
    points
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, number) = match self.point {
            Point::Save(number) => ("save", number),
            Point::GivesWay(number) => ("await", number),
        };
        write!(formatter, "{:?} at {word} {number}", self.reason)
    }
}

impl FromStr for Case {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [reason, "at", word, number] = words.as_slice() else { return Err(()) };
        let number = number.parse().map_err(drop)?;
        if number == 0 {
            return Err(());
        }
        let point = match *word {
            "save" => Point::Save(number),
            "await" => Point::GivesWay(number),
            _ => return Err(()),
        };
        let is_meant = |it: &CancelReason| format!("{it:?}") == *reason;
        let reason = CancelReason::ALL.into_iter().find(is_meant).ok_or(())?;
        Ok(Self { reason, point })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_as_it_is_written() {
        for reason in CancelReason::ALL {
            for point in points(2, 3) {
                let case = Case { reason, point };
                assert_eq!(case.to_string().parse(), Ok(case));
            }
        }
        for text in [
            "",
            "Paused",
            "Paused at save",
            "Paused at end 3",
            "Sleepy at save 3",
            "Paused at save 0",
        ] {
            assert_eq!(text.parse::<Case>(), Err(()), "{text}");
        }
    }

    #[test]
    fn the_earliest_points_come_first_and_are_always_tried() {
        use Point::{GivesWay, Save};
        let all = points(1, 2);
        assert_eq!(all, [GivesWay(1), Save(1), GivesWay(2)]);
        let drawn = draw(points(500, 500), 40, &mut fastrand::Rng::with_seed(1));
        assert_eq!((drawn.len(), drawn[9]), (40, Save(5)));
    }
}
