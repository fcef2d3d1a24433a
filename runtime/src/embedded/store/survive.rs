//! Where redb asserts instead of reporting.
//!
//! It does so where a file is too short or its pages contradict each other, and after an error of the
//! disk. A file must be able neither to take the program down nor to fill its output with a backtrace.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    static AMID_STORE: Cell<bool> = const { Cell::new(false) };
}

/// Runs work on a file that may be damaged; `None` where redb gave up by a panic.
pub(super) fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let other_panics = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !AMID_STORE.get() {
                other_panics(info);
            }
        }));
    });
    AMID_STORE.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    AMID_STORE.set(false);
    result.ok()
}
