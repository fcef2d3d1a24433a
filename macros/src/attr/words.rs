//! The values that are words, once: what each stands for, and what it means.
//!
//! A word is written in quotes, as every text is, or bare, as an editor completes it.

use super::{Choice, Grace};

/// A word that a key can have as its value.
pub(crate) struct Word<T> {
    pub(super) text: &'static str,
    pub(super) stands_for: T,
    meaning: &'static str,
}

pub(super) const CANCELLATION_TYPES: [Word<Choice>; 3] = [
    Word {
        text: "wait_cancellation_completed",
        stands_for: Choice::WaitCancellationCompleted,
        meaning: "The workflow waits until the activity has answered its cancellation.",
    },
    Word {
        text: "try_cancel",
        stands_for: Choice::TryCancel,
        meaning: "The workflow goes on at once; the activity is told that it is gone.",
    },
    Word {
        text: "abandon",
        stands_for: Choice::Abandon,
        meaning: "The workflow goes on at once; the activity is not told.",
    },
];

pub(super) const ON_BAD_CHECKPOINT: [Word<Choice>; 3] = [
    Word {
        text: "retry",
        stands_for: Choice::Retry,
        meaning: "The attempt fails and is retried, the details stay as they are: a worker that can read \
                  them goes on there.",
    },
    Word {
        text: "fail",
        stands_for: Choice::Fail,
        meaning: "The activity fails and is not retried; the details stay as they are.",
    },
    Word {
        text: "restart",
        stands_for: Choice::Restart,
        meaning: "The attempt starts from the default; the details stay until something is saved.",
    },
];

pub(super) const GRACES: [Word<Grace>; 1] = [Word {
    text: "never",
    stands_for: Grace::Never,
    meaning: "The body is left alone, however long it goes on after a cancellation.",
}];

/// The keys that have words as their values, each word with its meaning.
pub(crate) fn words_of_keys() -> [(&'static str, Vec<(&'static str, &'static str)>); 3] {
    [
        ("cancellation_type", with_meanings(&CANCELLATION_TYPES)),
        ("on_bad_checkpoint", with_meanings(&ON_BAD_CHECKPOINT)),
        ("cancel_grace", with_meanings(&GRACES)),
    ]
}

fn with_meanings<T>(words: &[Word<T>]) -> Vec<(&'static str, &'static str)> {
    words.iter().map(|word| (word.text, word.meaning)).collect()
}
