// #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
/// Counts the lines of a file.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, Default)]
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
    #[allow(dead_code)]
    #[must_use]
    pub fn options(&self) -> ::autobeat::__private::ActivityOptions {
        ::autobeat::__private::activity_options(
            <Self as ::autobeat::__private::Activity>::OPTIONS,
        )
    }
}
impl ::autobeat::__private::ActivityDefinition for process_large_file {
    type Input = PathBuf;
    type Output = <Result<
        u64,
        ActivityError,
    > as ::autobeat::__private::ActivityReturn>::Output;
    fn name(&self) -> &str {
        "process_large_file"
    }
}
impl ::autobeat::__private::Activity for process_large_file {
    const OPTIONS: ::autobeat::__private::Options = ::autobeat::__private::Options::new(
            ::core::time::Duration::from_secs(30u64),
        )
        .start_to_close_timeout(::core::time::Duration::from_secs(7200u64));
    const TAKES: ::autobeat::__private::Takes = ::autobeat::__private::Takes::NOTHING
        .checkpoint();
    type Instance = ();
    type State = u64;
    type Context = ::autobeat::__private::NoContext;
    type Return = Result<u64, ActivityError>;
    fn run(
        (): (),
        handles: ::autobeat::__private::Handles<Self::State, Self::Context>,
        input: Self::Input,
    ) -> impl ::core::future::Future<Output = Self::Return> + ::core::marker::Send {
        let _ = &handles;
        let input_0 = input;
        process_large_file::call(handles.checkpoint, input_0)
    }
}
impl ::autobeat::__private::ExecutableActivity for process_large_file {
    type Implementer = Self;
    const REQUIRES_INSTANCE: bool = false;
    fn definition() -> Self {
        Self
    }
    fn execute(
        _: ::core::option::Option<::std::sync::Arc<Self>>,
        context: ::autobeat::__private::ActivityContext,
        input: Self::Input,
    ) -> ::autobeat::__private::BoxFuture<
        ::core::result::Result<Self::Output, ::autobeat::__private::ActivityError>,
    > {
        ::autobeat::__private::execute::<Self>((), context, input)
    }
}
impl ::autobeat::__private::ActivityImplementer for process_large_file {
    fn register_all(
        self: ::std::sync::Arc<Self>,
        definitions: &mut ::autobeat::__private::ActivityDefinitions,
    ) {
        ::autobeat::__private::register::<Self>(self, definitions);
    }
}
