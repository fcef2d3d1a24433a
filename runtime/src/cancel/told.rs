//! What an attempt was told: why it should stop, and the tokens that wake whoever waits for that.
//!
//! Invariants:
//! - reason and message are stored before a token fires, so whoever wakes by it finds them;
//! - of two reasons the one stays that says more about how to answer: see [`CancelReason::supersedes`].

use std::sync::atomic::Ordering;

use super::CancelReason;
use crate::sync::{AtomicU8, CancellationToken, OnceLock};

/// What an attempt was told.
#[derive(Debug)]
pub(super) struct Told {
    reason: AtomicU8,
    message: OnceLock<(CancelReason, String)>,
    /// Fires for every reason but a hand-over.
    pub(super) token: CancellationToken,
    /// Fires when the body is to be dropped.
    pub(super) over: CancellationToken,
    /// Fires for a hand-over alone.
    pub(super) hands_over: CancellationToken,
}

impl Told {
    pub(super) fn new() -> Self {
        Self {
            reason: AtomicU8::new(0),
            message: OnceLock::new(),
            token: CancellationToken::new(),
            over: CancellationToken::new(),
            hands_over: CancellationToken::new(),
        }
    }

    #[inline]
    pub(super) fn reason(&self) -> Option<CancelReason> {
        match self.reason.load(Ordering::Acquire) {
            0 => None,
            code => CancelReason::from_code(code),
        }
    }

    /// Says that the attempt should stop; `true` when that was news.
    pub(super) fn cancel(&self, reason: CancelReason) -> bool {
        let news = self.store(reason);
        self.fire(reason);
        news
    }

    /// As [`cancel`](Self::cancel), with what the server should be told about it.
    pub(super) fn cancel_with(&self, reason: CancelReason, message: String) -> bool {
        let news = self.store(reason);
        if news {
            // Only the first message is kept: it belongs to what happened first.
            let _ = self.message.set((reason, message));
        }
        self.fire(reason);
        news
    }

    /// What [`cancel_with`](Self::cancel_with) said, or the reason in words.
    pub(super) fn message(&self) -> String {
        match (self.message.get(), self.reason()) {
            (Some((said_of, message)), Some(reason)) if *said_of == reason => message.clone(),
            (_, Some(reason)) => reason.to_string(),
            (_, None) => String::new(),
        }
    }

    fn store(&self, reason: CancelReason) -> bool {
        let replace = |code| match CancelReason::from_code(code) {
            Some(earlier) if !reason.supersedes(earlier) => None,
            _ => Some(reason as u8),
        };
        self.reason.fetch_update(Ordering::AcqRel, Ordering::Acquire, replace).is_ok()
    }

    fn fire(&self, reason: CancelReason) {
        if reason == CancelReason::HandOver {
            self.hands_over.cancel();
            return;
        }
        self.token.cancel();
        if reason.leaves_no_grace() {
            self.over.cancel();
        }
    }
}
