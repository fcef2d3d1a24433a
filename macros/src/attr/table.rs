//! Every key, once: its name, the kind of its value, where it may stand, and what it means.
//!
//! Those of `retry(…)` have a table of their own.
//!
//! What is made from a declaration: the field of [`Keys`](super::Keys) and how it is read, what a
//! method takes from its block, the nearest word for one that is wrong, the documentation's table,
//! and what an editor offers.

/// Hands all declarations to the macro of this name.
macro_rules! with_keys {
    ($macro:ident) => {
        $macro! {
            "heartbeat_timeout" heartbeat_timeout: Duration = timeout, inherited,
                "the server gives the attempt up after this long without a heartbeat",
                "required", ["\"30s\""];
            "heartbeat_interval" heartbeat_interval: Duration = timeout, inherited,
                "how often the heartbeat goes out, hence how late a cancellation can be and how much work a \
                 killed process repeats; at most half of the timeout",
                "a third of the timeout, at most 30 s; up to twice that while the server is under pressure",
                ["\"10s\""];
            "start_to_close_timeout" start_to_close_timeout: Duration = timeout, inherited,
                "longest time of one attempt; goes into `options()`",
                "none", ["\"1h\""];
            "schedule_to_close_timeout" schedule_to_close_timeout: Duration = timeout, inherited,
                "longest time of all attempts together; goes into `options()`",
                "none", ["\"1d\""];
            "schedule_to_start_timeout" schedule_to_start_timeout: Duration = timeout, inherited,
                "longest wait for a worker; goes into `options()`",
                "none", ["\"1h\""];
            "max_attempts" max_attempts: u32 = count, inherited,
                "how many attempts there may be; goes into `options()`",
                "no limit", ["3"];
            "retry" retry: Retry = retry, inherited,
                "the SDK's retry policy, its keys in parentheses: see below; a method's replaces its block's; \
                 goes into `options()`",
                "the server's", ["retry(initial_interval = \"1s\")"];
            "cancellation_type" cancellation_type: Choice = cancellation_type, inherited,
                "how a workflow's cancellation treats the activity; goes into `options()`",
                "`\"wait_cancellation_completed\"`",
                ["\"wait_cancellation_completed\"", "\"try_cancel\"", "\"abandon\""];
            "max_runtime" max_runtime: Duration = timeout, inherited,
                "the attempt hands over after this long: it ends between two items, and the next one goes on at \
                 once, wherever there is room",
                "none", ["\"10m\""];
            "stall_timeout" stall_timeout: Duration = timeout, inherited,
                "longest time without progress: `save`, `update`, `commit`, `touch`, `show`; the only bound for a \
                 body that blocks for ever",
                "none", ["\"5m\""];
            "cancel_grace" cancel_grace: Grace = grace, inherited,
                "how long the body may go on after a cancellation; `\"never\"` leaves it alone",
                "10 s for a body that can see it, none for one that cannot",
                ["\"10s\"", "\"never\""];
            "on_bad_checkpoint" on_bad_checkpoint: Choice = on_bad_checkpoint, inherited,
                "what happens when the stored details are not a `T`",
                "`\"retry\"`: the attempt fails and is retried, the details stay, so that rolling a deploy back \
                 goes on where it was",
                ["\"retry\"", "\"fail\"", "\"restart\""];
            "name" name: Expr = name, own,
                "the name under which the activity runs, as in the SDK",
                "the function's name; on a method `\"Type::method\"`", [];
            "definition" definition: Path = definition, own,
                "the definition that is implemented, as in the SDK",
                "one of its own", [];
            "crate" crate_path: Path = module, of_block,
                "the path of `autobeat` where it is renamed",
                "`::autobeat`", [];
        }
    };
}

/// Hands all declarations of keys within `retry(…)` to the macro of this name.
macro_rules! with_retry_keys {
    ($macro:ident) => {
        $macro! {
            "initial_interval" initial_interval: Duration = timeout,
                "how long after its first failure the activity is tried again",
                "1 s", ["\"1s\""];
            "backoff_coefficient" backoff_coefficient: f64 = coefficient,
                "how many times as long each further interval is",
                "2.0", ["2.0"];
            "maximum_interval" maximum_interval: Duration = timeout,
                "the longest interval",
                "100 times the first", ["\"1m\""];
            "non_retryable_error_types" non_retryable_error_types: Vec<String> = types,
                "the types of failures after which there is no further attempt",
                "none", ["[\"BadInput\"]"];
        }
    };
}

/// The rows of the documentation's table of these.
macro_rules! table_of_retry_keys {
    ($($name:literal $field:ident: $value:ty = $parse:ident,
        $meaning:literal, $default:literal, [$($example:literal),*];)*) => {
        concat!(
            "| within `retry(…)` | meaning | default |\n| --- | --- | --- |\n",
            $("| `", $name, $(" = ", $example,)* "` | ", $meaning, " | ", $default, " |\n",)*
        )
    };
}

/// The rows of the documentation's table.
macro_rules! table_of_keys {
    ($($name:literal $field:ident: $value:ty = $parse:ident, $place:ident,
        $meaning:literal, $default:literal, $values:tt;)*) => {
        concat!(
            "| key | meaning | default |\n| --- | --- | --- |\n",
            $("| `", $name, "` | ", $meaning, " | ", $default, " |\n",)*
        )
    };
}

pub(crate) use {table_of_keys, table_of_retry_keys, with_keys, with_retry_keys};
