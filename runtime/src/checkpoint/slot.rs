//! The slot behind a checkpoint: what was saved last, and what the heartbeat makes of it.

use std::{
    any::type_name,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use temporalio_common::{
    data_converters::PayloadConverter, protos::temporal::api::common::v1::Payload,
};
use tokio::time::Instant;

use super::{
    CheckpointState,
    acknowledgements::Acknowledgements,
    details::{Details, Encodable, NotEncodable, encode},
    saved::Saved,
    showing::Showing,
};
#[cfg(feature = "testing")]
use crate::watch::Watched;
use crate::{
    handle::Shows,
    progress::{Progress, Shown},
    resume::Turns,
};

/// Progress that takes more bytes than this is not shown.
const LARGEST_PROGRESS: usize = 64 * 1024;

/// The value behind a [`Checkpoint`] and its clones.
pub(crate) struct Slot<T> {
    pub(super) saved: Saved<T>,
    pub(super) touches: AtomicU64,
    pub(super) resumed: bool,
    seed: Details,
    /// What shows the progress; nothing any more after the attempt.
    showing: Showing<Shown<T>>,
    pub(super) turns: Turns<T>,
    pub(super) acknowledgements: Acknowledgements,
    #[cfg(feature = "testing")]
    pub(super) watched: Watched,
}

impl<T> Slot<T> {
    pub(super) fn shown(&self) -> Option<Arc<Shown<T>>> {
        self.showing.get()
    }

    pub(super) fn show(&self, shown: Shown<T>) {
        self.showing.show(shown);
    }

    /// Shows nothing any more: what looks may hold a checkpoint, and so this slot.
    pub(crate) fn show_nothing(&self) {
        self.showing.end();
    }

    pub(super) fn store(&self, value: T) -> u64 {
        let version = self.saved.replace(value);
        self.tell_saved();
        version
    }
}

impl<T: CheckpointState> Slot<T> {
    /// A slot that starts from the decoded `value` of the last attempt's `details`, if any.
    pub(crate) fn new(value: Option<T>, details: Vec<Payload>) -> Self {
        let resumed = value.is_some();
        let decoded = value.clone().map(Encodable::new);
        Self {
            saved: Saved::new(value.unwrap_or_default()),
            touches: AtomicU64::new(0),
            resumed,
            seed: Details { version: 0, payloads: details, value: decoded },
            showing: Showing::new(),
            turns: Turns::new(),
            acknowledgements: Acknowledgements::new(),
            #[cfg(feature = "testing")]
            watched: Watched::default(),
        }
    }
}

impl<T> Slot<T> {
    /// The details of the last attempt, and beside their first what the body tells of its progress.
    fn before_a_save(&self, converter: &PayloadConverter) -> Details {
        let told = self.shown().and_then(|shown| shown.told_last(Instant::now()));
        match told.and_then(|told| showable(converter, &told)) {
            Some(told) => self.seed.beside(told),
            None => self.seed.clone(),
        }
    }
}

/// The work must not fail over what is for people alone.
fn showable(converter: &PayloadConverter, progress: &Progress) -> Option<Payload> {
    let shown = encode(converter, progress).ok()?;
    (shown.data.len() <= LARGEST_PROGRESS).then_some(shown)
}

impl<T: CheckpointState> Shows for Slot<T> {
    fn tell(&self, progress: Progress) {
        let told = match self.shown() {
            Some(shown) => shown.tell(progress),
            None => Err(progress),
        };
        if let Err(progress) = told {
            self.show(Shown::told(progress));
        }
        self.touches.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the heartbeat sees of a slot, whatever its type.
pub(crate) trait Source: Send + Sync {
    /// The newest details, encoded; those of the last attempt as long as nothing was saved.
    fn newest(&self, converter: &PayloadConverter) -> Result<Details, NotEncodable>;

    /// The details of the last attempt.
    fn seed(&self) -> Details;

    /// How often something was saved.
    fn saves(&self) -> u64;

    /// A number that changes whenever the body said that it moves.
    fn progress(&self) -> u64;

    /// Who waits for an acknowledgement.
    fn acknowledgements(&self) -> &Acknowledgements;
}

impl<T: CheckpointState> Source for Slot<T> {
    fn newest(&self, converter: &PayloadConverter) -> Result<Details, NotEncodable> {
        let Some((version, value)) = self.saved.newest() else {
            return Ok(self.before_a_save(converter));
        };
        let shown = self.shown().and_then(|shown| shown.look(&value, Instant::now()));
        let state = encode(converter, &value)
            .map_err(|source| NotEncodable { type_name: type_name::<T>(), source })?;
        let shown = shown.and_then(|shown| showable(converter, &shown));
        let payloads = [Some(state), shown].into_iter().flatten().collect();
        Ok(Details { version, payloads, value: Some(Encodable::new(value)) })
    }

    fn seed(&self) -> Details {
        self.seed.clone()
    }

    fn saves(&self) -> u64 {
        self.saved.version()
    }

    fn progress(&self) -> u64 {
        self.saves() + self.touches.load(Ordering::Relaxed)
    }

    fn acknowledgements(&self) -> &Acknowledgements {
        &self.acknowledgements
    }
}
