// #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
/// Counts the lines of a file.
#[repr(C)]
pub struct process_large_file;
impl process_large_file {
    /// Runs the plain body, without a heartbeat; its errors are the body's.
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::unused_async
    )]
    pub async fn call(
        checkpoint: Checkpoint<u64>,
        path: PathBuf,
    ) -> Result<u64, ActivityError> {
        Ok(count(checkpoint, path).await?)
    }
    /// The options with which a workflow schedules this activity as it was declared.
    #[must_use]
    pub fn options(&self) -> ::autobeat::__private::ActivityOptions {
        ::autobeat::__private::activity_options(
            <Self as ::autobeat::__private::Declared>::OPTIONS,
        )
    }
    /// The options with which a client starts this activity as it was declared, without a
    /// workflow, on a task queue and under an id.
    #[must_use]
    pub fn start_options(
        &self,
        __autobeat_task_queue: impl ::core::convert::Into<::std::string::String>,
        __autobeat_id: impl ::core::convert::Into<::std::string::String>,
    ) -> ::autobeat::__private::ActivityStartOptions {
        ::autobeat::__private::activity_start_options(
            <Self as ::autobeat::__private::Declared>::OPTIONS,
            ::core::convert::Into::into(__autobeat_task_queue),
            ::core::convert::Into::into(__autobeat_id),
        )
    }
}
#[allow(unexpected_cfgs)]
const _: fn() = || {
    let _ = (
        process_large_file,
        <process_large_file>::call,
        <process_large_file>::options,
    );
    let _ = |
        __autobeat_activity: &process_large_file,
        __autobeat_text: &'static ::core::primitive::str|
    {
        <process_large_file>::start_options(
            __autobeat_activity,
            __autobeat_text,
            __autobeat_text,
        )
    };
    #[cfg(rust_analyzer)]
    {
        mod keys {
            use ::autobeat::__private::keys::*;
            use self::{heartbeat_timeout as _, start_to_close_timeout as _};
        }
    }
};
impl ::autobeat::__private::Declared for process_large_file {
    const OPTIONS: ::autobeat::__private::Options = ::autobeat::__private::Options::new(
            ::core::time::Duration::from_secs(30u64),
        )
        .start_to_close_timeout(::core::time::Duration::from_secs(7200u64));
}
impl ::autobeat::__private::ActivityDefinition for process_large_file {
    type Input = PathBuf;
    type Output = u64;
    fn name(&self) -> &::core::primitive::str {
        "process_large_file"
    }
}
impl ::autobeat::__private::Activity for process_large_file {
    type Instance = ();
    type Context = ::autobeat::__private::NoContext;
    fn attempt(
        __autobeat_engine: ::autobeat::__private::Engine,
        (): (),
        __autobeat_context: Self::Context,
        __autobeat_input: Self::Input,
    ) -> ::autobeat::__private::BoxFuture<
        ::core::result::Result<Self::Output, ::autobeat::__private::ActivityError>,
    > {
        fn __autobeat_start(
            __autobeat_handles: ::autobeat::__private::Handles<u64>,
            __autobeat_input: PathBuf,
        ) -> ::autobeat::__private::BoxFuture<Result<u64, ActivityError>> {
            use ::autobeat::__private::{NeverStarts as _, Starts as _};
            (&::autobeat::__private::Handed::<(u64, PathBuf)>::OF)
                .__autobeat_start(
                    <process_large_file>::call(
                        __autobeat_handles.checkpoint,
                        __autobeat_input,
                    ),
                )
        }
        __autobeat_engine
            .run::<
                u64,
                _,
            >(
                ::autobeat::__private::Takes::NOTHING.checkpoint(),
                ::std::boxed::Box::new(move |__autobeat_handles| {
                    ::autobeat::__private::started(
                        __autobeat_start(__autobeat_handles, __autobeat_input),
                    )
                }),
            )
    }
}
impl ::autobeat::__private::ExecutableActivity for process_large_file {
    type Implementer = Self;
    const REQUIRES_INSTANCE: ::core::primitive::bool = false;
    fn definition() -> Self {
        process_large_file
    }
    fn execute(
        __autobeat_instance: ::core::option::Option<::std::sync::Arc<Self>>,
        __autobeat_context: ::autobeat::__private::ActivityContext,
        __autobeat_input: Self::Input,
    ) -> ::autobeat::__private::BoxFuture<
        ::core::result::Result<Self::Output, ::autobeat::__private::ActivityError>,
    > {
        ::autobeat::__private::execute::<Self>((), __autobeat_context, __autobeat_input)
    }
}
impl ::autobeat::__private::ActivityImplementer for process_large_file {
    fn register_all(
        self: ::std::sync::Arc<Self>,
        __autobeat_definitions: &mut ::autobeat::__private::ActivityDefinitions,
    ) {
        use ::autobeat::__private::{IsRefused as _, Registers as _};
        (&::autobeat::__private::Registration::<process_large_file>::OF)
            .__autobeat_register(&self, __autobeat_definitions);
    }
}
