//! Which ids run: one run at a time has an id.
//!
//! Two runs under one id would write one record in turns, and the next one would leave out work that
//! nobody did. The claim is given back on every way out: an end, an error, a drop, a panic.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::error::{EmbeddedError, Kind};

/// The ids that run, of all clones of an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    ids: Arc<Mutex<HashSet<String>>>,
}

impl Claims {
    /// Takes an id that nobody has.
    pub(super) fn claim(&self, id: &str) -> Result<Claim, EmbeddedError> {
        if !self.lock().insert(id.to_owned()) {
            return Err(EmbeddedError::new(Kind::Running { id: id.to_owned() }));
        }
        Ok(Claim { claims: self.clone(), id: id.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id for one run alone, given back on drop.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Claims,
    id: String,
}

impl Claim {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.id);
    }
}
