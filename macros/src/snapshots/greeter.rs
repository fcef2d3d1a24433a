// #[activities(crate = crate::reexported::autobeat)]
/// Greets.
#[cfg(unix)]
impl Greeter {
    #![allow(unused)]
    const COUNT: usize = 1;
    #[doc(hidden)]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::unused_async
    )]
    pub async fn __greet_body_of_greet(
        self: Arc<Self>,
        _: ActivityContext,
        name: String,
    ) -> Result<String, ActivityError> {
        Ok(name)
    }
    #[cfg(unix)]
    #[doc(hidden)]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::unused_async
    )]
    fn __pause_body_of_pause(_: ActivityContext) {}
    #[doc(hidden)]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::unused_async
    )]
    pub(super) async fn __greet_all_body_of_greet_all(
        self: Arc<Self>,
        done: Checkpoint<u64>,
        (a, b): (u8, u8),
        c: u8,
    ) -> anyhow::Result<()> {
        Ok(())
    }
    fn helper(&self) {}
}
#[cfg(unix)]
impl Greeter {
    /// As in the SDK.
    pub const greet: greeter::Greet = greeter::Greet;
    #[cfg(unix)]
    const pause: greeter::Pause = greeter::Pause;
    /// With keys of ours.
    pub(super) const greet_all: greeter::GreetAll = greeter::GreetAll;
}
#[cfg(unix)]
mod greeter {
    /// As in the SDK.
    pub struct Greet;
    #[cfg(unix)]
    pub(super) struct Pause;
    /// With keys of ours.
    pub(in super::super) struct GreetAll;
}
#[cfg(unix)]
#[allow(unexpected_cfgs)]
const _: fn() = || {
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use crate::reexported::autobeat::__private::keys::*;
            use self::{};
        }
    }
};
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::Greet {
    type Input = String;
    type Output = String;
    fn name(&self) -> &::core::primitive::str {
        "Greeter::greet"
    }
}
#[cfg(unix)]
impl greeter::Greet {
    /// The name under which the activity runs.
    #[must_use]
    pub fn name(&self) -> &::core::primitive::str {
        "Greeter::greet"
    }
    /// Runs the plain body.
    #[allow(clippy::missing_errors_doc)]
    pub async fn run(
        self,
        __autobeat_instance: ::std::sync::Arc<Greeter>,
        __autobeat_context: crate::reexported::autobeat::__private::ActivityContext,
        __autobeat_input: String,
    ) -> ::core::result::Result<
        String,
        crate::reexported::autobeat::__private::ActivityError,
    > {
        crate::reexported::autobeat::__private::ActivityReturn::into_result(
            <Greeter>::__greet_body_of_greet(
                    __autobeat_instance,
                    __autobeat_context,
                    __autobeat_input,
                )
                .await,
        )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::Greet
where
    for<'__autobeat> Greeter: crate::reexported::autobeat::__private::ActivityInstance<
        '__autobeat,
    >,
{
    type Implementer = Greeter;
    const REQUIRES_INSTANCE: ::core::primitive::bool = true;
    fn definition() -> Self {
        greeter::Greet
    }
    fn execute(
        __autobeat_instance: ::core::option::Option<::std::sync::Arc<Greeter>>,
        __autobeat_context: crate::reexported::autobeat::__private::ActivityContext,
        __autobeat_input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        fn __autobeat_start(
            __autobeat_instance: ::std::sync::Arc<Greeter>,
            __autobeat_context: crate::reexported::autobeat::__private::ActivityContext,
            __autobeat_input: String,
        ) -> crate::reexported::autobeat::__private::BoxFuture<
            Result<String, ActivityError>,
        > {
            use crate::reexported::autobeat::__private::{NeverStarts as _, Starts as _};
            (&crate::reexported::autobeat::__private::Handed::<(Greeter, String)>::OF)
                .__autobeat_start(
                    <Greeter>::__greet_body_of_greet(
                        __autobeat_instance,
                        __autobeat_context,
                        __autobeat_input,
                    ),
                )
        }
        let __autobeat_instance = crate::reexported::autobeat::__private::instance(
            __autobeat_instance,
        );
        crate::reexported::autobeat::__private::started(
            __autobeat_start(__autobeat_instance, __autobeat_context, __autobeat_input),
        )
    }
}
#[cfg(unix)]
#[cfg(unix)]
#[allow(unexpected_cfgs)]
const _: fn() = || {
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use crate::reexported::autobeat::__private::keys::*;
            use self::name as _;
        }
    }
};
#[cfg(unix)]
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::Pause {
    type Input = ();
    type Output = ();
    fn name(&self) -> &::core::primitive::str {
        ::core::convert::identity::<&::core::primitive::str>(NAME)
    }
}
#[cfg(unix)]
#[cfg(unix)]
impl greeter::Pause {
    /// The name under which the activity runs.
    #[must_use]
    pub fn name(&self) -> &::core::primitive::str {
        ::core::convert::identity::<&::core::primitive::str>(NAME)
    }
    /// Runs the plain body.
    #[allow(clippy::missing_errors_doc)]
    pub fn run(
        self,
        __autobeat_context: crate::reexported::autobeat::__private::ActivityContext,
    ) -> ::core::result::Result<
        (),
        crate::reexported::autobeat::__private::ActivityError,
    > {
        <Greeter>::__pause_body_of_pause(__autobeat_context);
        ::core::result::Result::Ok(())
    }
}
#[cfg(unix)]
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::Pause
where
    for<'__autobeat> Greeter: crate::reexported::autobeat::__private::ActivityInstance<
        '__autobeat,
    >,
{
    type Implementer = Greeter;
    const REQUIRES_INSTANCE: ::core::primitive::bool = false;
    fn definition() -> Self {
        greeter::Pause
    }
    fn execute(
        __autobeat_instance: ::core::option::Option<::std::sync::Arc<Greeter>>,
        __autobeat_context: crate::reexported::autobeat::__private::ActivityContext,
        __autobeat_input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        crate::reexported::autobeat::__private::execute_blocking(move || {
            Self.run(__autobeat_context)
        })
    }
}
#[cfg(unix)]
#[allow(unexpected_cfgs)]
const _: fn() = || {
    crate::reexported::autobeat::__private::returned::<anyhow::Result<()>, ()>();
    let _ = |
        __autobeat_activity: &greeter::GreetAll,
        __autobeat_text: &'static ::core::primitive::str|
    {
        <greeter::GreetAll>::start_options(
            __autobeat_activity,
            __autobeat_text,
            __autobeat_text,
        )
    };
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use crate::reexported::autobeat::__private::keys::*;
            use self::{heartbeat_timeout as _, start_to_close_timeout as _};
        }
    }
};
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::GreetAll {
    type Input = crate::reexported::autobeat::__private::MultiArgs2<(u8, u8), u8>;
    type Output = ();
    fn name(&self) -> &::core::primitive::str {
        "Greeter::greet_all"
    }
}
#[cfg(unix)]
impl greeter::GreetAll {
    /// The name under which the activity runs.
    #[must_use]
    pub fn name(&self) -> &::core::primitive::str {
        "Greeter::greet_all"
    }
    /// Runs the plain body, without a heartbeat; its errors are the body's.
    #[allow(clippy::missing_errors_doc, clippy::too_many_arguments)]
    pub(super) async fn call(
        self,
        __autobeat_instance: ::std::sync::Arc<Greeter>,
        __autobeat_argument_0: Checkpoint<u64>,
        __autobeat_argument_1: (u8, u8),
        __autobeat_argument_2: u8,
    ) -> anyhow::Result<()> {
        <Greeter>::__greet_all_body_of_greet_all(
                __autobeat_instance,
                __autobeat_argument_0,
                __autobeat_argument_1,
                __autobeat_argument_2,
            )
            .await
    }
    /// The options with which a workflow schedules this activity as it was declared.
    #[must_use]
    pub(super) fn options(
        &self,
    ) -> crate::reexported::autobeat::__private::ActivityOptions {
        crate::reexported::autobeat::__private::activity_options(
            <Self as crate::reexported::autobeat::__private::Declared>::OPTIONS,
        )
    }
    /// The options with which a client starts this activity as it was declared, without a
    /// workflow, on a task queue and under an id.
    #[must_use]
    pub(super) fn start_options(
        &self,
        __autobeat_task_queue: impl ::core::convert::Into<::std::string::String>,
        __autobeat_id: impl ::core::convert::Into<::std::string::String>,
    ) -> crate::reexported::autobeat::__private::ActivityStartOptions {
        crate::reexported::autobeat::__private::activity_start_options(
            <Self as crate::reexported::autobeat::__private::Declared>::OPTIONS,
            ::core::convert::Into::into(__autobeat_task_queue),
            ::core::convert::Into::into(__autobeat_id),
        )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::Declared for greeter::GreetAll {
    const OPTIONS: crate::reexported::autobeat::__private::Options = crate::reexported::autobeat::__private::Options::new(
            ::core::time::Duration::from_secs(30u64),
        )
        .start_to_close_timeout(::core::time::Duration::from_secs(60u64));
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::Activity for greeter::GreetAll
where
    for<'__autobeat> anyhow::Result<
        (),
    >: crate::reexported::autobeat::__private::ActivityReturns<'__autobeat, ()>,
    for<'__autobeat> Greeter: crate::reexported::autobeat::__private::ActivityInstance<
        '__autobeat,
    >,
{
    type Instance = ::std::sync::Arc<Greeter>;
    type Context = crate::reexported::autobeat::__private::NoContext;
    fn attempt(
        __autobeat_engine: crate::reexported::autobeat::__private::Engine,
        __autobeat_instance: ::std::sync::Arc<Greeter>,
        __autobeat_context: Self::Context,
        __autobeat_input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        fn __autobeat_start(
            __autobeat_instance: ::std::sync::Arc<Greeter>,
            __autobeat_handles: crate::reexported::autobeat::__private::Handles<u64>,
            __autobeat_input: crate::reexported::autobeat::__private::MultiArgs2<
                (u8, u8),
                u8,
            >,
        ) -> crate::reexported::autobeat::__private::BoxFuture<anyhow::Result<()>> {
            use crate::reexported::autobeat::__private::{NeverStarts as _, Starts as _};
            let crate::reexported::autobeat::__private::MultiArgs2(
                __autobeat_input_0,
                __autobeat_input_1,
            ) = __autobeat_input;
            (&crate::reexported::autobeat::__private::Handed::<
                (Greeter, u64, (u8, u8), u8),
            >::OF)
                .__autobeat_start(
                    <Greeter>::__greet_all_body_of_greet_all(
                        __autobeat_instance,
                        __autobeat_handles.checkpoint,
                        __autobeat_input_0,
                        __autobeat_input_1,
                    ),
                )
        }
        __autobeat_engine
            .run::<
                u64,
                _,
            >(
                crate::reexported::autobeat::__private::Takes::NOTHING.checkpoint(),
                ::std::boxed::Box::new(move |__autobeat_handles| {
                    crate::reexported::autobeat::__private::started(
                        __autobeat_start(
                            __autobeat_instance,
                            __autobeat_handles,
                            __autobeat_input,
                        ),
                    )
                }),
            )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::GreetAll
where
    for<'__autobeat> Self: crate::reexported::autobeat::__private::Runs<
        '__autobeat,
        ::std::sync::Arc<Greeter>,
    >,
    for<'__autobeat> Greeter: crate::reexported::autobeat::__private::ActivityInstance<
        '__autobeat,
    >,
{
    type Implementer = Greeter;
    const REQUIRES_INSTANCE: ::core::primitive::bool = true;
    fn definition() -> Self {
        greeter::GreetAll
    }
    fn execute(
        __autobeat_instance: ::core::option::Option<::std::sync::Arc<Greeter>>,
        __autobeat_context: crate::reexported::autobeat::__private::ActivityContext,
        __autobeat_input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        let __autobeat_instance = crate::reexported::autobeat::__private::instance(
            __autobeat_instance,
        );
        crate::reexported::autobeat::__private::execute::<
            Self,
        >(__autobeat_instance, __autobeat_context, __autobeat_input)
    }
}
#[cfg(unix)]
const _: fn() = || {
    crate::reexported::autobeat::__private::of_methods::<Greeter>();
};
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityImplementer for Greeter {
    fn register_all(
        self: ::std::sync::Arc<Self>,
        __autobeat_definitions: &mut crate::reexported::autobeat::__private::ActivityDefinitions,
    ) {
        use crate::reexported::autobeat::__private::{IsRefused as _, Registers as _};
        (&crate::reexported::autobeat::__private::Registration::<greeter::Greet>::OF)
            .__autobeat_register(&self, __autobeat_definitions);
        #[cfg(unix)]
        (&crate::reexported::autobeat::__private::Registration::<greeter::Pause>::OF)
            .__autobeat_register(&self, __autobeat_definitions);
        (&crate::reexported::autobeat::__private::Registration::<greeter::GreetAll>::OF)
            .__autobeat_register(&self, __autobeat_definitions);
    }
}
