//! What shows the progress is gone after the attempt.

use std::sync::Arc;

use loom::{model, thread};

use super::showing::Showing;

#[test]
fn nothing_is_shown_after_the_end() {
    model(|| {
        let showing = Arc::new(Showing::new());
        let of_body = Arc::clone(&showing);
        // A task that the body left behind.
        let left = thread::spawn(move || of_body.show("progress"));
        showing.end();
        left.join().unwrap();
        assert_eq!(showing.get(), None);
    });
}
