//! How generated code registers an activity that may be wrong.
//!
//! What is wrong with an activity is said once, where it is declared. Registering it must not say it
//! again, so generated code asks for a method instead of a trait: of the two below the compiler takes
//! the first where the activity can be executed, and the second where it cannot. The second is never
//! run, since such a program is not compiled.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use temporalio_common::ActivityDefinition;
use temporalio_sdk::activities::{ActivityDefinitions, ExecutableActivity};

use crate::events::say;

/// Stands for an activity, whatever it is.
#[derive(Debug)]
pub struct Registration<A>(PhantomData<A>);

impl<A> Registration<A> {
    /// Stands for it.
    pub const OF: Self = Self(PhantomData);
}

impl<A> Clone for Registration<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Registration<A> {}

/// Of an activity that can be executed.
pub trait Registers<I> {
    /// Registers it, and warns where its name is taken.
    fn __autobeat_register(self, instance: &Arc<I>, definitions: &mut ActivityDefinitions);
}

impl<A, I> Registers<I> for &Registration<A>
where
    A: ExecutableActivity<Implementer = I> + Send + Sync + 'static,
    A: ActivityDefinition<Input: Send + Sync, Output: Send + Sync>,
{
    fn __autobeat_register(self, instance: &Arc<I>, definitions: &mut ActivityDefinitions) {
        warn_of_double_name(A::definition().name(), std::any::type_name::<A>());
        definitions.register_activity::<A>(Arc::clone(instance));
    }
}

/// Of every other: found only where the first is not, since it takes one more step to find.
pub trait IsRefused<I>: Sized {
    /// Is never called.
    ///
    /// # Panics
    ///
    /// Always.
    fn __autobeat_register(self, _: &Arc<I>, _: &mut ActivityDefinitions) {
        unreachable!("an activity that cannot be executed is not compiled");
    }
}

impl<A, I> IsRefused<I> for Registration<A> {}

/// Of two activities of one name, the SDK keeps the last and says nothing.
fn warn_of_double_name(name: &str, activity: &'static str) {
    static NAMES: Mutex<Option<HashMap<String, &'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let earlier = names.get_or_insert_default().insert(name.to_owned(), activity);
    // Whoever listens may take its time.
    drop(names);
    if let Some(earlier) = earlier.filter(|earlier| *earlier != activity) {
        say!(
            warn,
            name,
            "`{earlier}` and `{activity}` are both registered as `{name}`: in one worker the \
             last one wins; give one of them `name = \"…\"`",
        );
    }
}
