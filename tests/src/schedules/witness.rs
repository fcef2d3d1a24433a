//! Whoever bodies tell what they do and see.

use std::fmt::Debug;

use crate::inprocess::{Moment, World, activity::Token, history::Said};

/// Knows what time it is where the bodies are, and writes down what they say.
pub trait Witness: Debug + Send + Sync {
    /// What time it is.
    fn now(&self) -> Moment;

    /// Writes down what a body does or sees.
    fn say(&self, token: Token, said: Said);
}

impl Witness for World {
    fn now(&self) -> Moment {
        self.now()
    }

    fn say(&self, token: Token, said: Said) {
        self.say(token, said);
    }
}
