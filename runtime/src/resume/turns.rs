//! Whose turn it is at a position, so that no loop leaves items out without a word.
//!
//! A position says how far *one* set of items is done. A second loop over it would begin where the
//! first one ended, and a nested one would move it under the other's feet: both are mistakes in the
//! program, found here at their first run.
//!
//! Invariants:
//! - two positions are the same where they are in one place of the state: functions cannot be compared. A
//!   field that lives behind a pointer is looked for in one copy of the state for both; where that has no
//!   such field any more, as in another phase of the work, they are two;
//! - the newest loop over a position has the turn, and an older one that goes on panics;
//! - after a loop that came to its end, one that would leave something out panics. One that was left
//!   early may be begun again, and a position that was set back leaves nothing out.

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
    loops: Arc<Loops>,
    /// How many items the newest loop has, where it knows.
    total: Option<u64>,
}

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

/// Where a field is, to be compared with another.
pub(super) fn address_of<V>(field: &mut V) -> usize {
    std::ptr::from_mut(field).addr()
}

/// What a loop says about itself when it begins.
pub(super) struct Beginning<A> {
    /// Where the position is in a copy of the state.
    pub(super) address: A,
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
        Self { positions: Mutex::new(Vec::new()) }
    }

    /// Takes the turn; panics where the loop would leave out what no loop over its items did.
    #[track_caller]
    pub(super) fn take(
        &self,
        state: &T,
        beginning: Beginning<impl Fn(&mut T) -> usize + Send + Sync + 'static>,
    ) -> Turn {
        let Beginning { address, leaves_out, total } = beginning;
        let mut copy = state.clone();
        let place = Place::of(&mut copy, &address);
        let mut is_same = |position: &&mut Position<T>| {
            position.place == place
                && (place != Place::Behind || position.is_at(&address, &mut copy))
        };
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(position) = positions.iter_mut().find(&mut is_same) else {
            let loops = Arc::<Loops>::default();
            positions.push(Position {
                place,
                address: Box::new(address),
                loops: Arc::clone(&loops),
                total,
            });
            return Turn { loops, number: 0 };
        };
        let loops = Arc::clone(&position.loops);
        let others = position.total.zip(total).is_some_and(|(earlier, total)| earlier != total);
        let over = loops.came_to_its_end.swap(false, Ordering::AcqRel);
        position.total = total;
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
        let number = loops.newest.fetch_add(1, Ordering::AcqRel) + 1;
        Turn { loops, number }
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
    /// Panics where another loop over the position has begun meanwhile.
    #[track_caller]
    pub(super) fn check(&self) {
        assert!(
            self.loops.newest.load(Ordering::Acquire) == self.number,
            "another loop over the same position of the checkpoint began before this one was over: \
             {ADVICE}"
        );
    }

    /// All items are done.
    pub(super) fn end(&self) {
        self.loops.came_to_its_end.store(true, Ordering::Release);
    }
}
