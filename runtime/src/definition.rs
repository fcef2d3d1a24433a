//! How an activity is called that implements a definition from elsewhere.

use std::{any::type_name, cell::Cell};

use temporalio_common::ActivityDefinition;

/// How many definitions may stand for each other, one after the other.
const LONGEST_CHAIN: u32 = 100;

/// The name of a definition, which takes and returns what its implementation does.
///
/// # Panics
///
/// Where definitions stand for each other in a circle, so that none of them has a name.
pub fn definition_name<A, D>(_implementation: &A, definition: &'static D) -> &'static str
where
    A: ActivityDefinition,
    D: ActivityDefinition<Input = A::Input, Output = A::Output>,
{
    let step = Step::take();
    assert!(
        step.number <= LONGEST_CHAIN,
        "the `definition` of `{}` leads back to it, so that it has no name: write the definition that it \
         implements, or leave `definition` out",
        type_name::<A>(),
    );
    definition.name()
}

thread_local!(static STEPS: Cell<u32> = const { Cell::new(0) });

/// One step from a definition to the one that it stands for; taken back when dropped.
struct Step {
    number: u32,
}

impl Step {
    fn take() -> Self {
        let number = STEPS.get() + 1;
        STEPS.set(number);
        Self { number }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        STEPS.set(self.number - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named;
    struct Implements;
    struct Circular;

    impl ActivityDefinition for Named {
        type Input = u64;
        type Output = ();

        fn name(&self) -> &'static str {
            "named"
        }
    }

    impl ActivityDefinition for Implements {
        type Input = u64;
        type Output = ();

        fn name(&self) -> &str {
            definition_name(self, &Named)
        }
    }

    impl ActivityDefinition for Circular {
        type Input = u64;
        type Output = ();

        fn name(&self) -> &str {
            definition_name(self, &Circular)
        }
    }

    #[test]
    fn a_circle_of_definitions_is_said_and_spoils_no_other_name() {
        for _ in 0..2 {
            let message = std::panic::catch_unwind(|| Circular.name().to_owned()).unwrap_err();
            let message = message.downcast_ref::<String>().unwrap();
            assert!(message.contains("Circular") && message.contains("leads back"), "{message}");
            assert_eq!(Implements.name(), "named");
        }
    }
}
