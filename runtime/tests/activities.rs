//! What the attribute on a block takes, under the strictest lints that a user may have.

#![deny(missing_docs, unused, warnings, clippy::all, clippy::pedantic)]
#![forbid(unsafe_code)]
// These activities have nothing to fail at.
#![allow(clippy::unnecessary_wraps)]

use std::{sync::Arc, time::Duration};

use autobeat::{AutoHeartbeat, Cancellation, Checkpoint, activities, activity_definitions};
use temporalio_common::{ActivityDefinition, data_converters::MultiArgs2};
use temporalio_sdk::{
    WorkerOptions,
    activities::{ActivityContext, ActivityError, ExecutableActivity},
};

/// Says hello.
pub struct Greeter {
    greeting: String,
}

const NAME: &str = "greet-by-constant";

#[activities]
impl Greeter {
    /// Not an activity.
    #[must_use]
    pub fn new(greeting: &str) -> Self {
        Self { greeting: greeting.to_owned() }
    }

    /// As in the SDK, with the instance.
    ///
    /// # Errors
    ///
    /// None.
    #[activity]
    pub async fn greet(
        self: Arc<Self>,
        _context: ActivityContext,
        mut name: String,
    ) -> Result<String, ActivityError> {
        name.insert_str(0, &self.greeting);
        Ok(name)
    }

    /// As in the SDK, not `async`, with two inputs and a name that is an expression.
    #[activity(name = NAME)]
    fn greet_both(
        _context: ActivityContext,
        left: String,
        (right, mark): (String, char),
    ) -> Result<String, ActivityError> {
        Ok(left + &right + &mark.to_string())
    }

    /// Cannot fail.
    #[activity]
    async fn wave(_context: ActivityContext) {}

    /// Has a heartbeat, handles, and options.
    #[autobeat::activity(heartbeat_timeout = "2s", start_to_close_timeout = "1m")]
    async fn greet_all(
        self: Arc<Self>,
        greeted: Checkpoint<usize>,
        cancellation: Cancellation,
        names: Vec<String>,
        mark: char,
    ) -> Result<String, ActivityError> {
        let mut greeting = self.greeting.clone();
        for (index, name) in names.iter().enumerate().skip(greeted.get()) {
            cancellation.check()?;
            greeting += name;
            greeted.save(index + 1)?;
        }
        greeting.push(mark);
        std::future::ready(Ok(greeting)).await
    }

    /// Has a heartbeat, and blocks.
    #[activity(heartbeat_timeout = "2s")]
    fn count(self: Arc<Self>, names: Vec<String>) -> anyhow::Result<usize> {
        Ok(names.len() + self.helper())
    }

    fn helper(&self) -> usize {
        self.greeting.len()
    }
}

/// Of another crate, or in another language.
mod contract {
    // The SDK's macro leaves its constants without documentation and, where no workflow is, unused.
    #![allow(dead_code)]

    use super::{ActivityError, activity_definitions};

    pub(super) struct Elsewhere;

    #[activity_definitions]
    impl Elsewhere {
        #[activity(name = "elsewhere")]
        pub(crate) fn far_away(_: String) -> Result<String, ActivityError> {
            // What the SDK asks for as the body of a definition, which nobody calls.
            unimplemented!()
        }
    }

    pub(super) use elsewhere::FarAway;
}

mod inner {
    use super::{ActivityContext, ActivityError, Duration, activities, contract};

    /// Everything in it has a heartbeat.
    #[derive(Default)]
    pub(super) struct Match;

    #[activities(heartbeat_timeout = "9s", schedule_to_close_timeout = "1h", crate = ::autobeat)]
    impl Match {
        /// With the block's keys alone.
        #[activity]
        pub(super) async fn r#loop(_: ActivityContext) -> Result<(), ActivityError> {
            std::future::ready(Ok(())).await
        }

        /// With a timeout of its own, for a definition of elsewhere.
        #[activity(heartbeat_timeout = "3s", definition = contract::FarAway)]
        pub(super) async fn implementation(name: String) -> Result<String, ActivityError> {
            tokio::time::sleep(Duration::ZERO).await;
            Ok(name)
        }
    }
}

#[test]
fn a_block_is_registered_whole() {
    let worker = WorkerOptions::new("anywhere")
        .register_activities(Greeter::new("Hello, "))
        .register_activities(inner::Match)
        .build();
    let registered = format!("{:?}", worker.activities());
    for name in [
        "Greeter::greet",
        NAME,
        "Greeter::wave",
        "Greeter::greet_all",
        "Greeter::count",
        "Match::loop",
        "elsewhere",
    ] {
        assert!(registered.contains(&format!("{name:?}")), "{name} in {registered}");
    }
}

#[test]
fn markers_are_the_sdks() {
    fn is_executable<A>(_: A)
    where
        A: ExecutableActivity<Implementer = Greeter> + ActivityDefinition<Output = String>,
        A::Input: Send,
    {
    }
    fn input_of<A: ActivityDefinition<Input = I>, I>(_: A) {}
    is_executable(Greeter::greet);
    is_executable(Greeter::greet_both);
    is_executable(Greeter::greet_all);
    input_of::<_, MultiArgs2<String, (String, char)>>(Greeter::greet_both);
    input_of::<_, MultiArgs2<Vec<String>, char>>(Greeter::greet_all);
    input_of::<_, ()>(Greeter::wave);
    assert_eq!(Greeter::greet.name(), "Greeter::greet");
    assert_eq!(Greeter::greet_both.name(), NAME);
    // What the SDK gives every marker: the compiler says whether it is there.
    let _ = |greeter: Arc<Greeter>, context: ActivityContext| async {
        let greeting = Greeter::greet.run(greeter, context.clone(), String::new()).await?;
        Greeter::wave.run(context.clone()).await?;
        let both = MultiArgs2(greeting, (String::new(), '!'));
        Greeter::greet_both.run(context, both)
    };
}

#[test]
fn keys_of_a_method_go_before_those_of_its_block() {
    let (block, own) = (inner::Match::r#loop.options(), inner::Match::implementation.options());
    assert_eq!(block.heartbeat_timeout, Some(Duration::from_secs(9)));
    assert_eq!(own.heartbeat_timeout, Some(Duration::from_secs(3)));
    assert_eq!(own.close_timeouts.schedule_to_close(), Some(Duration::from_hours(1)));
    assert_eq!(Greeter::greet_all.options().heartbeat_timeout, Some(Duration::from_secs(2)));
}

#[tokio::test]
async fn call_runs_the_plain_body() {
    let greeter = Arc::new(Greeter::new("Hello"));
    let counted = Greeter::count.call(Arc::clone(&greeter), vec![String::new()]);
    assert_eq!(counted.unwrap(), 6);
    assert_eq!(inner::Match::implementation.call("me".to_owned()).await.unwrap(), "me");
}

#[test]
fn its_activities_can_be_wrapped_like_the_sdks() {
    let greeter = AutoHeartbeat::new(Greeter::new("Hello, ")).wrap(Greeter::greet);
    let worker = WorkerOptions::new("anywhere").register_activities(greeter).build();
    assert!(format!("{:?}", worker.activities()).contains("Greeter::greet"));
}

#[test]
fn a_block_may_stand_in_a_function() {
    struct Local;

    #[activities]
    impl Local {
        #[activity]
        async fn run(_: ActivityContext) -> Result<(), ActivityError> {
            std::future::ready(Ok(())).await
        }
    }

    assert_eq!(Local::run.name(), "Local::run");
}
