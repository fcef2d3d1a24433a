//! Draws schedules.
//!
//! Spans of time are drawn as thousandths of the heartbeat timeout, so that a schedule keeps its
//! shape when it is shrunk to another variant, and turned into time at the end.

mod draft;
mod draw;

pub use self::draft::Draft;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A schedule that can be made simpler.
pub struct Drawn {
    tree: Box<dyn ValueTree<Value = Draft>>,
}

impl Drawn {
    /// The schedule of a seed: always the same one.
    ///
    /// # Panics
    ///
    /// Never: nothing that is drawn is rejected.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), chance);
        let tree = draw::drafts().new_tree(&mut runner).expect("nothing is rejected");
        Self { tree: Box::new(tree) }
    }

    /// What is drawn at the moment.
    #[must_use]
    pub fn schedule(&self) -> super::schedule::Schedule {
        self.tree.current().schedule()
    }

    /// Makes it simpler; `false` where it cannot be.
    pub fn simplify(&mut self) -> bool {
        self.tree.simplify()
    }

    /// Takes back the last step, and tries another; `false` where there is none.
    pub fn complicate(&mut self) -> bool {
        self.tree.complicate()
    }
}
