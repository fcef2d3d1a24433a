// #[activity(heartbeat_timeout = "1500ms", cancel_grace = "never", name = "other", crate = beat)]
#[cfg(unix)]
#[allow(dead_code)]
#[repr(C)]
struct r#move;
#[cfg(unix)]
impl r#move {
    /// Runs the plain body, without a heartbeat; its errors are the body's.
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::unused_async
    )]
    #[allow(dead_code)]
    fn call(
        context: ActivityContext,
        cancellation: beat::Cancellation,
        checkpoint: Checkpoint<State>,
        (left, mut right): (u8, u8),
        _: String,
    ) -> anyhow::Result<()> {
        Ok(())
    }
    /// The options with which a workflow schedules this activity as it was declared.
    #[must_use]
    fn options(&self) -> beat::__private::ActivityOptions
    where
        for<'a> Self: beat::__private::DeclaresCloseTimeout<'a>,
    {
        beat::__private::activity_options(<Self as beat::__private::Declared>::OPTIONS)
    }
    /// The options with which a client starts this activity as it was declared, without a
    /// workflow, on a task queue and under an id.
    #[must_use]
    fn start_options(
        &self,
        __autobeat_task_queue: impl ::core::convert::Into<::std::string::String>,
        __autobeat_id: impl ::core::convert::Into<::std::string::String>,
    ) -> beat::__private::ActivityStartOptions
    where
        for<'a> Self: beat::__private::DeclaresCloseTimeout<'a>,
    {
        beat::__private::activity_start_options(
            <Self as beat::__private::Declared>::OPTIONS,
            ::core::convert::Into::into(__autobeat_task_queue),
            ::core::convert::Into::into(__autobeat_id),
        )
    }
}
#[cfg(unix)]
#[allow(unexpected_cfgs)]
const _: fn() = || {
    beat::__private::returned::<anyhow::Result<()>, ()>();
    beat::__private::state::<State>();
    let _ = (r#move, <r#move>::call);
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use beat::__private::keys::*;
            use self::{heartbeat_timeout as _, cancel_grace as _, name as _};
        }
    }
};
#[cfg(unix)]
impl beat::__private::Declared for r#move {
    const OPTIONS: beat::__private::Options = beat::__private::Options::new(
            ::core::time::Duration::from_millis(1500u64),
        )
        .cancel_grace(beat::__private::Grace::Never);
    fn refused(&self) -> beat::__private::ActivityOptions
    where
        for<'a> Self: beat::__private::DeclaresCloseTimeout<'a>,
    {
        let _ = self.start_options("", "");
        self.options()
    }
}
#[cfg(unix)]
impl beat::__private::ActivityDefinition for r#move {
    type Input = beat::__private::MultiArgs2<(u8, u8), String>;
    type Output = ();
    fn name(&self) -> &::core::primitive::str {
        "other"
    }
}
#[cfg(unix)]
impl beat::__private::Activity for r#move
where
    for<'__autobeat> anyhow::Result<
        (),
    >: beat::__private::ActivityReturns<'__autobeat, ()>,
    for<'__autobeat> State: beat::__private::ActivityState<'__autobeat>,
{
    type Instance = ();
    type Context = beat::__private::ActivityContext;
    fn attempt(
        __autobeat_engine: beat::__private::Engine,
        (): (),
        __autobeat_context: Self::Context,
        __autobeat_input: Self::Input,
    ) -> beat::__private::BoxFuture<
        ::core::result::Result<Self::Output, beat::__private::ActivityError>,
    > {
        __autobeat_engine
            .run::<
                State,
                _,
            >(
                beat::__private::Takes::NOTHING.context().cancellation().checkpoint(),
                ::std::boxed::Box::new(move |__autobeat_handles| {
                    let beat::__private::MultiArgs2(
                        __autobeat_input_0,
                        __autobeat_input_1,
                    ) = __autobeat_input;
                    beat::__private::blocking_body(
                        ::core::clone::Clone::clone(&__autobeat_handles.cancellation),
                        move || <r#move>::call(
                            __autobeat_context,
                            __autobeat_handles.cancellation,
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
impl beat::__private::ExecutableActivity for r#move
where
    for<'__autobeat> Self: beat::__private::Runs<'__autobeat, ()>,
{
    type Implementer = Self;
    const REQUIRES_INSTANCE: ::core::primitive::bool = false;
    fn definition() -> Self {
        r#move
    }
    fn execute(
        __autobeat_instance: ::core::option::Option<::std::sync::Arc<Self>>,
        __autobeat_context: beat::__private::ActivityContext,
        __autobeat_input: Self::Input,
    ) -> beat::__private::BoxFuture<
        ::core::result::Result<Self::Output, beat::__private::ActivityError>,
    > {
        beat::__private::execute::<Self>((), __autobeat_context, __autobeat_input)
    }
}
#[cfg(unix)]
impl beat::__private::ActivityImplementer for r#move {
    fn register_all(
        self: ::std::sync::Arc<Self>,
        __autobeat_definitions: &mut beat::__private::ActivityDefinitions,
    ) {
        use beat::__private::{IsRefused as _, Registers as _};
        (&beat::__private::Registration::<r#move>::OF)
            .__autobeat_register(&self, __autobeat_definitions);
    }
}
