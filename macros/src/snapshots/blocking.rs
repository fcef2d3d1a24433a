// #[activity(heartbeat_timeout = "1500ms", cancel_grace = "never", name = "other", crate = beat)]
#[cfg(unix)]
#[allow(dead_code)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, Default)]
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
}
#[cfg(unix)]
impl beat::__private::ActivityDefinition for r#move {
    type Input = beat::__private::MultiArgs2<(u8, u8), String>;
    type Output = <anyhow::Result<()> as beat::__private::ActivityReturn>::Output;
    fn name(&self) -> &str {
        "other"
    }
}
#[cfg(unix)]
impl beat::__private::Activity for r#move {
    const OPTIONS: beat::__private::Options = beat::__private::Options::new(
            ::core::time::Duration::from_millis(1500u64),
        )
        .cancel_grace(beat::__private::Grace::Never);
    const TAKES: beat::__private::Takes = beat::__private::Takes::NOTHING
        .context()
        .cancellation()
        .checkpoint();
    type Instance = ();
    type State = State;
    type Context = ActivityContext;
    type Return = anyhow::Result<()>;
    fn run(
        (): (),
        handles: beat::__private::Handles<Self::State, Self::Context>,
        input: Self::Input,
    ) -> impl ::core::future::Future<Output = Self::Return> + ::core::marker::Send {
        let _ = &handles;
        let beat::__private::MultiArgs2(input_0, input_1) = input;
        beat::__private::run_blocking(move || r#move::call(
            handles.context,
            handles.cancellation,
            handles.checkpoint,
            input_0,
            input_1,
        ))
    }
}
#[cfg(unix)]
impl beat::__private::ExecutableActivity for r#move {
    type Implementer = Self;
    const REQUIRES_INSTANCE: bool = false;
    fn definition() -> Self {
        Self
    }
    fn execute(
        _: ::core::option::Option<::std::sync::Arc<Self>>,
        context: beat::__private::ActivityContext,
        input: Self::Input,
    ) -> beat::__private::BoxFuture<
        ::core::result::Result<Self::Output, beat::__private::ActivityError>,
    > {
        beat::__private::execute::<Self>((), context, input)
    }
}
#[cfg(unix)]
impl beat::__private::ActivityImplementer for r#move {
    fn register_all(
        self: ::std::sync::Arc<Self>,
        definitions: &mut beat::__private::ActivityDefinitions,
    ) {
        beat::__private::register::<Self>(self, definitions);
    }
}
