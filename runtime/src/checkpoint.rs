//! The checkpoint of an attempt, and the slot behind it.
//!
//! Invariants:
//! - the slot knows no timers and no server: the heartbeat reads it, nothing is pushed;
//! - a version is given to every saved value, and a larger one is newer: see [`saved`];
//! - as long as nothing was saved, the first of the last attempt's details is what is sent, unchanged:
//!   a heartbeat replaces what the server stores, so one without details would erase it. Where the body
//!   tells its progress itself, that is the second, beside an empty first one where there is none;
//! - users' code (`Drop`, `Serialize`, what shows the progress, the change of an
//!   [`update`](Checkpoint::update)) runs outside every lock that the heartbeat takes, but for a `Clone`.

mod acknowledgements;
mod details;
mod saved;
mod showing;
mod slot;
mod watched;

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::{
    details::{Details, decode, decode_in, encode},
    slot::{Slot, Source},
};
use crate::{
    cancel::{Cancellation, Cancelled},
    handle::Shows,
    progress::{Progress, Shown},
    resume::Turns,
};

/// What a checkpoint can hold: a small value that says where the work stands.
///
/// Implemented for every type that has the supertraits; derive them. It is read back by the client's data
/// converter: the default one reads no integers beyond 64 bits, and a `null` (such as that of `f64::NAN`
/// or of an `Option` that is `None`) is taken for no checkpoint.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the state of a checkpoint",
    label = "this type is stored in the heartbeat",
    note = "derive what is missing: `#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]`"
)]
pub trait CheckpointState:
    Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static
{
}

impl<T> CheckpointState for T where
    T: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static
{
}

/// Where the work stands: loaded from the last attempt, saved for the next.
///
/// Take it as a parameter before the inputs; the heartbeat then carries the newest saved value to
/// the server by itself. The value is the first of the heartbeat's details, encoded as the client's
/// data converter does it (plain JSON by default), so workers in other languages can read it.
///
/// Cheap to clone into tasks; all clones share one value.
///
/// ```
/// # use autobeat::{Cancelled, Checkpoint};
/// async fn count_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<(), Cancelled> {
///     for number in checkpoint.get()..end {
///         // … the work for `number` …
///         checkpoint.save(number + 1)?; // this many are done
///     }
///     Ok(())
/// }
/// ```
pub struct Checkpoint<T> {
    slot: Arc<Slot<T>>,
    cancellation: Cancellation,
}

impl<T> Clone for Checkpoint<T> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), cancellation: self.cancellation.clone() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Checkpoint<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.slot.saved.describe(formatter.alternate());
        formatter
            .debug_struct("Checkpoint")
            .field("value", &format_args!("{value}"))
            .field("resumed", &self.slot.resumed)
            .finish_non_exhaustive()
    }
}

impl<T: CheckpointState> Checkpoint<T> {
    pub(crate) fn new(slot: Arc<Slot<T>>, cancellation: Cancellation) -> Self {
        Self { slot, cancellation }
    }

    /// Where a body's own progress goes.
    pub(crate) fn shows(&self) -> Arc<dyn Shows> {
        Arc::clone(&self.slot) as Arc<dyn Shows>
    }
}

// Of a `T` that is no state nothing is asked here: that is said once, where the activity is declared.
impl<T> Checkpoint<T> {
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Which loops went over which position.
    pub(crate) fn turns(&self) -> &Turns<T> {
        &self.slot.turns
    }

    /// Shows people how far the work is: a second detail beside the checkpoint, made from it when a
    /// heartbeat goes out.
    ///
    /// The Temporal UI shows it, every language can read it, and saving costs nothing more. Called
    /// again, it replaces what was shown before; [`resume`](Checkpoint::resume) shows its position
    /// by itself where it knows how many items there are.
    ///
    /// ```
    /// # use autobeat::{Checkpoint, Progress};
    /// # fn show(checkpoint: &Checkpoint<u64>, lines: u64) {
    /// checkpoint.show_progress(move |done| Progress::new(*done).of(lines).unit("lines"));
    /// # }
    /// ```
    pub fn show_progress(&self, look: impl Fn(&T) -> Progress + Send + Sync + 'static) {
        self.slot.show(Shown::new(look));
    }

    /// What is shown at the moment.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.slot.shown()?.look(&self.get(), tokio::time::Instant::now())
    }

    /// Shows how far a loop is, in the place of an earlier loop, unless the body shows something itself.
    pub(crate) fn show_at_least(&self, look: impl Fn(&T) -> Progress + Send + Sync + 'static) {
        if self.slot.shown().is_none_or(|shown| shown.is_of_a_loop) {
            self.slot.show(Shown::of_a_loop(look));
        }
    }

    /// The newest saved value: of this attempt, or of the last one, or the default.
    #[must_use]
    pub fn get(&self) -> T {
        self.slot.saved.value()
    }

    /// Whether this attempt started from a checkpoint of an earlier one.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.slot.resumed
    }

    /// Saves where the work stands; the next heartbeat carries it.
    ///
    /// Costs nanoseconds: nothing is serialised or sent here, and only the newest value ever is.
    /// After a process is killed, at most one heartbeat interval of work is repeated; use
    /// [`commit`](Self::commit) for a value that must not be lost.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when the attempt should stop. The value is saved even then.
    #[inline]
    pub fn save(&self, value: T) -> Result<(), Cancelled> {
        self.slot.store(value);
        self.cancellation.check()
    }

    /// Saves a loop's copy, made of the version `seen`; where that would undo what somebody else saved since, it
    /// does not, and returns nothing. What may be changed in it is wanted more than a whole value of the body's.
    pub(crate) fn save_copy(&self, value: T, seen: u64, may_be_changed: bool) -> Option<u64> {
        let version = self.slot.saved.replace_copy(value, seen, may_be_changed)?;
        self.slot.tell_saved();
        Some(version)
    }

    /// The newest saved value with its version.
    pub(crate) fn look(&self) -> (u64, T) {
        self.slot.saved.look()
    }

    /// How often something was saved in this attempt.
    pub(crate) fn version(&self) -> u64 {
        self.slot.saved.version()
    }

    /// Changes the saved value in place; costs one clone of it.
    ///
    /// The change is made to a copy, so one that panics half-way leaves the last value whole, and
    /// heartbeats carry that until it is over. Do not save to this checkpoint within `change`, nor use it in
    /// the `Clone` of its state: whoever does waits until the change is over.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when the attempt should stop. The change is saved even then.
    pub fn update(&self, change: impl FnOnce(&mut T)) -> Result<(), Cancelled> {
        self.slot.saved.change(change);
        self.slot.tell_saved();
        self.cancellation.check()
    }

    /// Says that the work moves although there is nothing new to save.
    ///
    /// It counts as progress for `stall_timeout`, and for nothing else; within an item, so that it never
    /// hands over.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when the attempt should stop.
    pub fn touch(&self) -> Result<(), Cancelled> {
        self.slot.touches.fetch_add(1, Ordering::Relaxed);
        self.cancellation.check_within_item()
    }

    /// Saves a value and waits until the server has acknowledged it.
    ///
    /// One round trip, or a little longer where an older value is still on its way. From then on no
    /// attempt starts from an older value, also not after the process is killed at that instant.
    /// (A server lets the last write win: a request that nobody answers, and that the network holds back for
    /// longer than four round trips, 100 ms at least and a minute at most, can still overwrite the value,
    /// until the next heartbeat.) In a local activity, which has no heartbeat, it is a plain
    /// [`save`](Self::save).
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when the attempt should stop, at once or before the acknowledgement came. The
    /// value is saved even then.
    ///
    /// # Cancel safety
    ///
    /// A dropped `commit` is a [`save`](Self::save): the next heartbeat carries the value.
    pub async fn commit(&self, value: T) -> Result<(), Cancelled> {
        let version = self.slot.store(value);
        self.cancellation.check()?;
        self.slot.tell_committing();
        tokio::select! {
            biased;
            () = self.slot.acknowledgements.reach(version) => Ok(()),
            cancelled = self.cancellation.cancelled() => Err(cancelled),
        }
    }

    /// [`commit`](Self::commit) for a blocking function: it blocks this thread meanwhile.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    ///
    /// # Panics
    ///
    /// In an `async` function, whose thread must not block, and outside of a tokio runtime.
    pub fn commit_blocking(&self, value: T) -> Result<(), Cancelled> {
        tokio::runtime::Handle::current().block_on(self.commit(value))
    }
}

#[cfg(test)]
mod tests;
