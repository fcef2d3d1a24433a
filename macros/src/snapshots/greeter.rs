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
    pub async fn __greet(
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
    fn __pause(_: ActivityContext) {}
    #[doc(hidden)]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::unused_async
    )]
    pub(super) async fn __greet_all(
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
    crate::reexported::autobeat::__private::input::<String>();
    crate::reexported::autobeat::__private::output::<String>();
    crate::reexported::autobeat::__private::returned::<
        Result<String, ActivityError>,
        String,
    >();
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use crate::reexported::autobeat::__private::keys::*;
            use self::{};
        }
    }
};
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::Greet
where
    for<'a> String: crate::reexported::autobeat::__private::ActivityInput<'a>,
    for<'a> String: crate::reexported::autobeat::__private::ActivityOutput<'a>,
{
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
    >
    where
        for<'a> Result<
            String,
            ActivityError,
        >: crate::reexported::autobeat::__private::ActivityReturns<'a, String>,
    {
        crate::reexported::autobeat::__private::ActivityReturn::into_result(
            <Greeter>::__greet(__autobeat_instance, __autobeat_context, __autobeat_input)
                .await,
        )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::Greet
where
    for<'a> String: crate::reexported::autobeat::__private::ActivityInput<'a>,
    for<'a> String: crate::reexported::autobeat::__private::ActivityOutput<'a>,
    for<'a> Result<
        String,
        ActivityError,
    >: crate::reexported::autobeat::__private::ActivityReturns<'a, String>,
    for<'a> Greeter: crate::reexported::autobeat::__private::ActivityInstance<'a>,
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
        let __autobeat_instance = crate::reexported::autobeat::__private::instance(
            __autobeat_instance,
        );
        crate::reexported::autobeat::__private::asynchronous_body(
            Self.run(__autobeat_instance, __autobeat_context, __autobeat_input),
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
        <Greeter>::__pause(__autobeat_context);
        ::core::result::Result::Ok(())
    }
}
#[cfg(unix)]
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::Pause
where
    for<'a> Greeter: crate::reexported::autobeat::__private::ActivityInstance<'a>,
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
    crate::reexported::autobeat::__private::input::<(u8, u8)>();
    crate::reexported::autobeat::__private::input::<u8>();
    crate::reexported::autobeat::__private::output::<()>();
    crate::reexported::autobeat::__private::returned::<anyhow::Result<()>, ()>();
    crate::reexported::autobeat::__private::state::<u64>();
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use crate::reexported::autobeat::__private::keys::*;
            use self::{heartbeat_timeout as _, start_to_close_timeout as _};
        }
    }
};
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::GreetAll
where
    for<'a> (u8, u8): crate::reexported::autobeat::__private::ActivityInput<'a>,
    for<'a> u8: crate::reexported::autobeat::__private::ActivityInput<'a>,
    for<'a> (): crate::reexported::autobeat::__private::ActivityOutput<'a>,
{
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
        <Greeter>::__greet_all(
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
    for<'a> (u8, u8): crate::reexported::autobeat::__private::ActivityInput<'a>,
    for<'a> u8: crate::reexported::autobeat::__private::ActivityInput<'a>,
    for<'a> (): crate::reexported::autobeat::__private::ActivityOutput<'a>,
    for<'a> anyhow::Result<
        (),
    >: crate::reexported::autobeat::__private::ActivityReturns<'a, ()>,
    for<'a> u64: crate::reexported::autobeat::__private::ActivityState<'a>,
    for<'a> Greeter: crate::reexported::autobeat::__private::ActivityInstance<'a>,
{
    type Instance = ::std::sync::Arc<Greeter>;
    type Context = crate::reexported::autobeat::__private::NoContext;
    fn attempt(
        __autobeat_engine: crate::reexported::autobeat::__private::Attempt,
        __autobeat_instance: ::std::sync::Arc<Greeter>,
        __autobeat_context: Self::Context,
        __autobeat_input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        __autobeat_engine
            .run::<
                u64,
                _,
            >(
                crate::reexported::autobeat::__private::Takes::NOTHING.checkpoint(),
                ::std::boxed::Box::new(move |__autobeat_handles| {
                    let crate::reexported::autobeat::__private::MultiArgs2(
                        __autobeat_input_0,
                        __autobeat_input_1,
                    ) = __autobeat_input;
                    crate::reexported::autobeat::__private::asynchronous_body(
                        <Greeter>::__greet_all(
                            __autobeat_instance,
                            __autobeat_handles.checkpoint,
                            __autobeat_input_0,
                            __autobeat_input_1,
                        ),
                    )
                }),
            )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::GreetAll
where
    for<'a> Self: crate::reexported::autobeat::__private::Runs<
        'a,
        ::std::sync::Arc<Greeter>,
    >,
    for<'a> Greeter: crate::reexported::autobeat::__private::ActivityInstance<'a>,
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
            .register(&self, __autobeat_definitions);
        #[cfg(unix)]
        (&crate::reexported::autobeat::__private::Registration::<greeter::Pause>::OF)
            .register(&self, __autobeat_definitions);
        (&crate::reexported::autobeat::__private::Registration::<greeter::GreetAll>::OF)
            .register(&self, __autobeat_definitions);
    }
}
