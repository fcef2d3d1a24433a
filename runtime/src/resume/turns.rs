//! Whose turn it is at a position, so that no loop leaves items out without a word.
//!
//! A position says how far *one* set of items is done. A second loop over it would begin where the
//! first one ended, and a nested one would move it under the other's feet: both are mistakes in the
//! program, found here at their first run. (But for a nested one that is interrupted before the outer loop goes
//! on: the next attempt cannot know whose position it finds.)
//!
//! Invariants:
//! - two positions are the same where they are in one place of the state: functions cannot be compared. A
//!   field that lives behind a pointer is looked for in one copy of the state for both; where that has no
//!   such field any more, as in another phase of the work, they are two;
//! - the newest loop over a position has the turn, and an older one that goes on panics, with the position where
//!   it is itself;
//! - after a loop that came to its end, one that would leave something out panics. One that was left
//!   early may be begun again, and a position that was set back leaves nothing out;
//! - a loop that began and was over within an item of another is of that item: with it, its position is set back.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// All positions that loops of this attempt went over.
pub(crate) struct Turns<T> {
    positions: Mutex<Vec<Position<T>>>,
    /// How many loops have begun.
    begun: AtomicU64,
}

impl<T> fmt::Debug for Turns<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Turns").finish_non_exhaustive()
    }
}

struct Position<T> {
    place: Place,
    /// Where it is in a copy of the state.
    address: Box<dyn Fn(&mut T) -> usize + Send + Sync>,
    set_back: SetBack<T>,
    loops: Arc<Loops>,
    /// How many items the newest loop has, where it knows.
    total: Option<u64>,
    /// How many loops had begun with the newest one.
    begun: u64,
    /// Whether an item was done of another loop, within which the newest one had begun and was not over.
    is_left_behind: bool,
}

/// Sets a position back to its beginning.
pub(super) type SetBack<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// Where a position is in its state.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// This far from its beginning, in every copy.
    Within(usize),
    /// Behind a pointer, elsewhere in each copy.
    Behind,
}

impl Place {
    fn of<T>(state: &mut T, address: impl Fn(&mut T) -> usize) -> Self {
        let offset = address(state).checked_sub(address_of(state));
        offset.filter(|offset| *offset < size_of::<T>()).map_or(Self::Behind, Self::Within)
    }
}

#[derive(Debug, Default)]
struct Loops {
    newest: AtomicU64,
    came_to_its_end: AtomicBool,
}

impl Loops {
    /// Whether none of them is there any more, or the newest one came to its end.
    fn are_over(self: &Arc<Self>) -> bool {
        // The position has one itself, and each loop's turn another.
        Arc::strong_count(self) == 1 || self.came_to_its_end.load(Ordering::Acquire)
    }
}

/// Where a field is, to be compared with another.
fn address_of<V>(field: &mut V) -> usize {
    std::ptr::from_mut(field).addr()
}

/// What a loop says about itself when it begins.
pub(super) struct Beginning<T, V> {
    /// The position in a state.
    pub(super) position: fn(&mut T) -> &mut V,
    /// Whether the loop would leave out items that are done.
    pub(super) leaves_out: bool,
    /// How many items there are, where the loop knows.
    pub(super) total: Option<u64>,
}

impl<T> Position<T> {
    /// Whether it is at this address of a copy. The field it was taken from may be gone, which is users'
    /// code to say.
    fn is_at(&self, address: impl Fn(&mut T) -> usize, copy: &mut T) -> bool {
        let at = catch_unwind(AssertUnwindSafe(|| (self.address)(copy)));
        at.is_ok_and(|at| at == address(copy))
    }
}

impl<T: Clone> Turns<T> {
    pub(crate) fn new() -> Self {
        Self { positions: Mutex::new(Vec::new()), begun: AtomicU64::new(0) }
    }

    /// Takes the turn; panics where the loop would leave out what no loop over its items did.
    #[track_caller]
    pub(super) fn take<V: Default + 'static>(&self, state: &T, beginning: &Beginning<T, V>) -> Turn
    where
        T: 'static,
    {
        let &Beginning { position, leaves_out, total } = beginning;
        let address = move |state: &mut T| address_of(position(state));
        let begun = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let mut copy = state.clone();
        let place = Place::of(&mut copy, address);
        let mut is_same = |position: &&mut Position<T>| {
            position.place == place
                && (place != Place::Behind || position.is_at(address, &mut copy))
        };
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(position) = positions.iter_mut().find(&mut is_same) else {
            let loops = Arc::<Loops>::default();
            positions.push(Position {
                place,
                address: Box::new(address),
                set_back: Arc::new(move |state| set_back(position, state)),
                loops: Arc::clone(&loops),
                total,
                begun,
                is_left_behind: false,
            });
            return Turn { loops, number: 0 };
        };
        let loops = Arc::clone(&position.loops);
        let others = position.total.zip(total).is_some_and(|(earlier, total)| earlier != total);
        let over = loops.came_to_its_end.swap(false, Ordering::AcqRel);
        position.total = total;
        position.begun = begun;
        // Besides that of the position and this one: one that is gone goes on where it was.
        let is_kept = std::mem::take(&mut position.is_left_behind) && Arc::strong_count(&loops) > 2;
        drop(positions);
        assert!(
            !leaves_out || !over,
            "a loop over this position of the checkpoint came to its end, and this one would leave out \
             as many of its own items: {ADVICE}"
        );
        assert!(
            !leaves_out || !others,
            "a loop over this position of the checkpoint had another number of items, and this one \
             would leave out as many as that has done: {ADVICE}"
        );
        assert!(
            !leaves_out || !is_kept,
            "a loop over this position of the checkpoint was kept beyond the item of another loop that it was \
             within, and this one would leave out as many items as that has done: drop it with the item, or set \
             the position back"
        );
        let number = loops.newest.fetch_add(1, Ordering::AcqRel) + 1;
        Turn { loops, number }
    }
}

/// The field may be gone, as in another phase of the work, which is users' code to say.
fn set_back<T, V: Default>(position: fn(&mut T) -> &mut V, state: &mut T) {
    let set_back = AssertUnwindSafe(|| *position(state) = V::default());
    drop(catch_unwind(set_back));
}

impl<T> Turns<T> {
    /// How many loops have begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// What sets back the positions of the loops that have begun since there were so many, and are over; but for
    /// that of whose turn this is.
    pub(super) fn over_since(&self, begun: u64, turn: &Turn) -> Vec<SetBack<T>> {
        if self.begun() == begun {
            return Vec::new();
        }
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let is_within = |position: &&mut Position<T>| {
            position.begun > begun && !Arc::ptr_eq(&position.loops, &turn.loops)
        };
        let mut over = Vec::new();
        for position in positions.iter_mut().filter(is_within) {
            if position.loops.are_over() {
                over.push(Arc::clone(&position.set_back));
            } else {
                position.is_left_behind = true;
            }
        }
        over
    }
}

const ADVICE: &str = "give each loop a field of its own (`resume_at`, `resume_stream_at`, \
                      `resume_after`, `resume_concurrent_at`), go over both sets in one loop, or set the position back \
                      between two rounds";

/// The right of a loop to move its position.
#[derive(Debug)]
pub(super) struct Turn {
    loops: Arc<Loops>,
    number: u64,
}

impl Turn {
    pub(super) fn is_newest(&self) -> bool {
        self.loops.newest.load(Ordering::Acquire) == self.number
    }

    /// Panics where another loop over the position has begun meanwhile.
    #[track_caller]
    pub(super) fn check(&self) {
        assert!(
            self.is_newest(),
            "another loop over the same position of the checkpoint began before this one was over: \
             {ADVICE}"
        );
    }

    /// All items are done.
    pub(super) fn end(&self) {
        self.loops.came_to_its_end.store(true, Ordering::Release);
    }
}
