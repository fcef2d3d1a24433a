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
    #[allow(dead_code, non_upper_case_globals)]
    pub const greet: greeter::Greet = greeter::Greet;
    #[cfg(unix)]
    #[allow(dead_code, non_upper_case_globals)]
    const pause: greeter::Pause = greeter::Pause;
    /// With keys of ours.
    #[allow(dead_code, non_upper_case_globals)]
    pub(super) const greet_all: greeter::GreetAll = greeter::GreetAll;
}
#[cfg(unix)]
mod greeter {
    /// As in the SDK.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Greet;
    #[cfg(unix)]
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct Pause;
    /// With keys of ours.
    #[derive(Clone, Copy, Debug, Default)]
    pub(in super::super) struct GreetAll;
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::Greet {
    type Input = String;
    type Output = <Result<
        String,
        ActivityError,
    > as crate::reexported::autobeat::__private::ActivityReturn>::Output;
    fn name(&self) -> &str {
        "Greeter::greet"
    }
}
#[cfg(unix)]
impl greeter::Greet {
    /// The name under which the activity runs.
    #[allow(dead_code)]
    #[must_use]
    pub fn name(&self) -> &str {
        <Self as crate::reexported::autobeat::__private::ActivityDefinition>::name(self)
    }
    /// Runs the plain body.
    #[allow(dead_code, clippy::missing_errors_doc)]
    pub async fn run(
        self,
        instance: ::std::sync::Arc<Greeter>,
        context: crate::reexported::autobeat::__private::ActivityContext,
        input: String,
    ) -> ::core::result::Result<
        <Result<
            String,
            ActivityError,
        > as crate::reexported::autobeat::__private::ActivityReturn>::Output,
        crate::reexported::autobeat::__private::ActivityError,
    > {
        let input_0 = input;
        crate::reexported::autobeat::__private::ActivityReturn::into_result(
            <Greeter>::__greet(instance, context, input_0).await,
        )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::Greet {
    type Implementer = Greeter;
    const REQUIRES_INSTANCE: bool = true;
    fn definition() -> Self {
        Self
    }
    fn execute(
        instance: ::core::option::Option<::std::sync::Arc<Greeter>>,
        context: crate::reexported::autobeat::__private::ActivityContext,
        input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        let instance = crate::reexported::autobeat::__private::instance(instance);
        ::std::boxed::Box::pin(Self.run(instance, context, input))
    }
}
#[cfg(unix)]
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::Pause {
    type Input = ();
    type Output = ();
    fn name(&self) -> &str {
        ::core::convert::identity::<&str>(NAME)
    }
}
#[cfg(unix)]
#[cfg(unix)]
impl greeter::Pause {
    /// The name under which the activity runs.
    #[allow(dead_code)]
    #[must_use]
    pub fn name(&self) -> &str {
        <Self as crate::reexported::autobeat::__private::ActivityDefinition>::name(self)
    }
    /// Runs the plain body.
    #[allow(dead_code, clippy::missing_errors_doc)]
    pub fn run(
        self,
        context: crate::reexported::autobeat::__private::ActivityContext,
    ) -> ::core::result::Result<
        (),
        crate::reexported::autobeat::__private::ActivityError,
    > {
        <Greeter>::__pause(context);
        ::core::result::Result::Ok(())
    }
}
#[cfg(unix)]
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::Pause {
    type Implementer = Greeter;
    const REQUIRES_INSTANCE: bool = false;
    fn definition() -> Self {
        Self
    }
    fn execute(
        _: ::core::option::Option<::std::sync::Arc<Greeter>>,
        context: crate::reexported::autobeat::__private::ActivityContext,
        input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        let () = input;
        crate::reexported::autobeat::__private::execute_blocking(move || {
            Self.run(context)
        })
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityDefinition for greeter::GreetAll {
    type Input = crate::reexported::autobeat::__private::MultiArgs2<(u8, u8), u8>;
    type Output = <anyhow::Result<
        (),
    > as crate::reexported::autobeat::__private::ActivityReturn>::Output;
    fn name(&self) -> &str {
        "Greeter::greet_all"
    }
}
#[cfg(unix)]
impl greeter::GreetAll {
    /// The name under which the activity runs.
    #[allow(dead_code)]
    #[must_use]
    pub fn name(&self) -> &str {
        <Self as crate::reexported::autobeat::__private::ActivityDefinition>::name(self)
    }
    /// Runs the plain body, without a heartbeat; its errors are the body's.
    #[allow(dead_code, clippy::missing_errors_doc, clippy::too_many_arguments)]
    pub(super) async fn call(
        self,
        instance: ::std::sync::Arc<Greeter>,
        argument_0: Checkpoint<u64>,
        argument_1: (u8, u8),
        argument_2: u8,
    ) -> anyhow::Result<()> {
        <Greeter>::__greet_all(instance, argument_0, argument_1, argument_2).await
    }
    /// The options with which a workflow schedules this activity as it was declared.
    #[allow(dead_code)]
    #[must_use]
    pub(super) fn options(
        &self,
    ) -> crate::reexported::autobeat::__private::ActivityOptions {
        crate::reexported::autobeat::__private::activity_options(
            <Self as crate::reexported::autobeat::__private::Activity>::OPTIONS,
        )
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::Activity for greeter::GreetAll {
    const OPTIONS: crate::reexported::autobeat::__private::Options = crate::reexported::autobeat::__private::Options::new(
            ::core::time::Duration::from_secs(30u64),
        )
        .start_to_close_timeout(::core::time::Duration::from_secs(60u64));
    const TAKES: crate::reexported::autobeat::__private::Takes = crate::reexported::autobeat::__private::Takes::NOTHING
        .checkpoint();
    type Instance = ::std::sync::Arc<Greeter>;
    type State = u64;
    type Context = crate::reexported::autobeat::__private::NoContext;
    type Return = anyhow::Result<()>;
    fn run(
        instance: ::std::sync::Arc<Greeter>,
        handles: crate::reexported::autobeat::__private::Handles<
            Self::State,
            Self::Context,
        >,
        input: Self::Input,
    ) -> impl ::core::future::Future<Output = Self::Return> + ::core::marker::Send {
        let _ = &handles;
        let crate::reexported::autobeat::__private::MultiArgs2(input_0, input_1) = input;
        <Greeter>::__greet_all(instance, handles.checkpoint, input_0, input_1)
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ExecutableActivity for greeter::GreetAll {
    type Implementer = Greeter;
    const REQUIRES_INSTANCE: bool = true;
    fn definition() -> Self {
        Self
    }
    fn execute(
        instance: ::core::option::Option<::std::sync::Arc<Greeter>>,
        context: crate::reexported::autobeat::__private::ActivityContext,
        input: Self::Input,
    ) -> crate::reexported::autobeat::__private::BoxFuture<
        ::core::result::Result<
            Self::Output,
            crate::reexported::autobeat::__private::ActivityError,
        >,
    > {
        let instance = crate::reexported::autobeat::__private::instance(instance);
        crate::reexported::autobeat::__private::execute::<Self>(instance, context, input)
    }
}
#[cfg(unix)]
impl crate::reexported::autobeat::__private::ActivityImplementer for Greeter {
    fn register_all(
        self: ::std::sync::Arc<Self>,
        definitions: &mut crate::reexported::autobeat::__private::ActivityDefinitions,
    ) {
        crate::reexported::autobeat::__private::register::<
            greeter::Greet,
        >(::std::sync::Arc::clone(&self), definitions);
        #[cfg(unix)]
        crate::reexported::autobeat::__private::register::<
            greeter::Pause,
        >(::std::sync::Arc::clone(&self), definitions);
        crate::reexported::autobeat::__private::register::<
            greeter::GreetAll,
        >(::std::sync::Arc::clone(&self), definitions);
    }
}
