//! What the grammar takes, and what it says of the rest.

use super::*;

/// The keys, or the messages of what is wrong.
fn parse(text: &str) -> (Keys, Option<String>) {
    let mut diagnostics = Diagnostics::default();
    let keys = Keys::parse(text.parse().unwrap(), Span::call_site(), &mut diagnostics);
    (keys, diagnostics.into_compile_errors().map(|errors| errors.to_string()))
}

fn complaint(text: &str) -> String {
    parse(text).1.unwrap_or_else(|| panic!("{text} was taken"))
}

#[test]
fn durations_are_text_that_a_person_writes() {
    let (keys, errors) = parse(r#"heartbeat_timeout = "1h 30m", heartbeat_interval = "500ms""#);
    assert_eq!(errors, None);
    assert_eq!(keys.heartbeat_timeout.value(), Some(&Duration::from_mins(90)));
    assert_eq!(keys.heartbeat_interval.value(), Some(&Duration::from_millis(500)));
}

/// What is written wrongly, and what the complaint names.
const NEAREST: &[(&str, &str)] = &[
    ("heartbeat_timeout = 30", r#"\"30s\""#),
    ("heartbeat_timeout = 1.5", r#"\"1500ms\""#),
    (r#"heartbeat_timeout = "30""#, r#"\"30s\""#),
    (r#"heartbeat_timeout = "30 secnds""#, r#"\"30s\""#),
    (r#"heartbeat_timout = "30s""#, "did you mean `heartbeat_timeout`?"),
    (r#"on_bad_checkpoint = "ignore""#, r#"\"retry\", \"fail\", \"restart\""#),
    ("max_attempts = 0", "write `1` for no retry"),
    ("heartbeat_timeout", r#"heartbeat_timeout = \"30s\""#),
    (r#"heartbeat_timeout = "5M""#, "months"),
    (r#"heartbeat_timeout = "1ns""#, "millisecond"),
    (r#"heartbeat_timeout = "0.4ms""#, "below a millisecond"),
    ("heartbeat_timeout = \"500\u{3bc}s\"", "below a millisecond"),
    ("heartbeat_timeout = \"500\u{b5}s\"", "below a millisecond"),
    (r#"heartbeat_timeout = "1Month""#, "in months"),
    (r#"heartbeat_timeout = "1mo""#, "in months"),
    (r#"heartbeat_timeout = "2 Weeks""#, "in weeks"),
    (r#"heartbeat_timeout = "1wk""#, "in weeks"),
    (r#"heartbeat_timeout = "2yrs""#, "in years"),
    (r#"heartbeat_timeout = "1 fortnight""#, "a number and a unit"),
    (r#"heartbeat_timeout = "1e3s""#, "a number and a unit"),
    (r#"heartbeat_timeout = "1,5s""#, "a number and a unit"),
    (r#"heartbeat_timeout = "1 5s""#, "a number and a unit"),
    (r#"heartbeat_timeout = "1 h 3 0 m""#, "a number and a unit"),
    (r#"heartbeat_timeout = "1 mi n""#, "a number and a unit"),
    (r#"heartbeat_timeout = "1h 30""#, "a number and a unit"),
    (r#"heartbeat_timeout = "5s 5s""#, "in one unit twice"),
    (r#"heartbeat_timeout = "30S""#, r#"\"30s\""#),
    (r#"heartbeat_timeout = "30s"s"#, "takes text"),
    (r#"retry(non_retryable_error_types("A"))"#, r#"non_retryable_error_types = [\"BadInput\"]"#),
    (r#"heartbeat_timeout = "9999999d""#, "ten years"),
    (r#"heartbeat_timeout = """#, "a number and a unit"),
    ("heartbeat_timeout = 500ms", r#"\"500ms\""#),
    ("heartbeat_timeout = -5", "negative"),
    ("heartbeat_timeout = Duration::from_mins(5)", r#"\"5m\""#),
    ("cancellation_type = CancellationType::TryCancel", r#"\"try_cancel\""#),
    ("cancel_grace = nevr", r#"\"never\""#),
    ("cancellation_type = TryCancel", r#"\"try_cancel\""#),
    (r#"cancel_grace = "nevr""#, r#"\"never\""#),
    (r#"start_to_close = "1h""#, "did you mean `start_to_close_timeout`?"),
    ("retries = 3", "did you mean `max_attempts`?"),
    (r#"name = """#, "cannot be empty"),
    ("max_attempts = 3000000000", "at most 2147483647"),
    (r#"heartbeat_timeout = "30s" name = "a""#, "a comma is missing before `name`"),
    (r#"heartbeat_timeout = "0s""#, "longer than zero"),
    ("retry = 3", r#"`retry(initial_interval = \"1s\")`"#),
    ("retry", r#"`retry(initial_interval = \"1s\")`"#),
    ("retry()", "is empty"),
    ("retry_policy(maximum_attempts = 3)", "did you mean `retry`?"),
    (r#"initial_interval = "1s""#, r#"write `retry(initial_interval = \"1s\")`"#),
    ("retry(max_attempts = 3)", "`max_attempts` stands beside `retry(…)`"),
    ("retry(maximum_attempts = 3)", "`max_attempts` stands beside `retry(…)`"),
    (r#"retry(initial = "1s")"#, "did you mean `initial_interval`?"),
    ("retry(multiplier = 3)", "did you mean `backoff_coefficient`?"),
    ("retry(shape = 3)", "the keys are `initial_interval`, `backoff_coefficient`"),
    ("retry(initial_interval = 1)", r#"write `\"1s\"`"#),
    (r#"retry("initial_interval" = "1s")"#, "without quotes"),
    ("retry(backoff_coefficient = 0.5)", "at least 1"),
    ("retry(backoff_coefficient = -2)", "at least 1"),
    (r#"retry(backoff_coefficient = "2")"#, "write `2.0`"),
    ("retry(backoff_coefficient = fast)", "a number from 1"),
    (r#"retry(non_retryable_error_types = "BadInput")"#, r#"write `[\"BadInput\"]`"#),
    ("retry(non_retryable_error_types = [BadInput])", r#"write `\"BadInput\"`"#),
    ("retry(non_retryable_error_types = [3])", r#"as in `\"BadInput\"`"#),
    ("retry(non_retryable_error_types = [])", "leave it out"),
    (r#"retry(non_retryable_error_types = ["TemporalTimeout:Any"])"#, "TemporalTimeout:Heartbeat"),
    (r#"retry(non_retryable_error_types = ["HandOver"])"#, "makes room for the next one"),
    (r#"retry(initial_interval = "1s", initial_interval = "2s")"#, "written twice"),
    (r#"max_attempts = 3 retry(initial_interval = "1s")"#, "a comma is missing before `retry`"),
    (
        r#"retry(initial_interval = "1s") max_attempts = 3"#,
        "a comma is missing before `max_attempts`",
    ),
];

#[test]
fn the_nearest_right_form_is_named() {
    for (written, right) in NEAREST {
        let complaint = complaint(written);
        assert!(complaint.contains(right), "{written}: {complaint}");
    }
}

#[test]
fn a_pair_that_is_wrong_does_not_hide_the_others() {
    let complaint = complaint(r#"heartbeat_timeout = 30, name, retries = 3, name = "x""#);
    assert_eq!(complaint.matches("compile_error").count(), 3, "{complaint}");
}

#[test]
fn a_key_is_written_once() {
    let complaint = complaint(r#"name = "a", name = "b""#);
    assert!(complaint.contains("`name` is written twice"), "{complaint}");
}

#[test]
fn a_path_may_have_commas() {
    let (keys, errors) = parse("definition = other::Definition::<A, B>::run, max_attempts = 3");
    assert_eq!(errors, None);
    assert!(keys.definition.value().is_some());
    assert_eq!(keys.max_attempts.value(), Some(&3));
}

#[test]
fn a_retry_policy_is_a_group_of_keys() {
    let (keys, errors) = parse(
        r#"retry(initial_interval = "1s", backoff_coefficient = 2, maximum_interval = "1m",
            non_retryable_error_types = ["BadInput", "TemporalTimeout:Heartbeat"]), max_attempts = 3"#,
    );
    assert_eq!(errors, None);
    let retry = keys.retry.value().expect("a policy");
    assert_eq!(retry.initial_interval.value(), Some(&Duration::from_secs(1)));
    assert_eq!(retry.backoff_coefficient.value(), Some(&2.0));
    assert_eq!(retry.maximum_interval.value(), Some(&Duration::from_mins(1)));
    let types = retry.non_retryable_error_types.value().expect("types");
    assert_eq!(*types, ["BadInput", "TemporalTimeout:Heartbeat"]);
    assert_eq!(keys.max_attempts.value(), Some(&3));
}

#[test]
fn what_is_wrong_within_a_policy_does_not_hide_the_rest() {
    let complaint = complaint(r#"retry(initial_interval = 1, shape = 2, "x"), max_attempts = 0"#);
    assert_eq!(complaint.matches("compile_error").count(), 4, "{complaint}");
}

#[test]
fn a_methods_policy_replaces_its_blocks() {
    let (block, _) = parse(r#"retry(initial_interval = "1s", backoff_coefficient = 3.0)"#);
    let (own, _) = parse(r#"retry(maximum_interval = "1m")"#);
    let merged = own.or(&block);
    let retry = merged.retry.value().expect("a policy");
    assert!(retry.initial_interval.is_absent() && retry.backoff_coefficient.is_absent());
    let (none, _) = parse("max_attempts = 3");
    let merged = none.or(&block);
    assert!(merged.retry.written().is_some_and(|retry| retry.is_inherited));
}

#[test]
fn words_are_taken_with_quotes_and_without() {
    for text in [r#"cancel_grace = "never""#, "cancel_grace = never"] {
        let (keys, errors) = parse(text);
        assert!(errors.is_none() && matches!(keys.cancel_grace.value(), Some(Grace::Never)));
    }
    for text in [r#"cancellation_type = "try_cancel""#, "cancellation_type = try_cancel"] {
        let (keys, errors) = parse(text);
        assert!(errors.is_none() && keys.cancellation_type.value() == Some(&Choice::TryCancel));
    }
}

#[test]
fn every_word_of_a_key_is_among_its_examples() {
    for (key, words) in words_of_keys() {
        let (_, examples) = KEYS.iter().find(|(name, _)| *name == key).expect("a key");
        for (word, _) in words {
            assert!(examples.contains(&format!("\"{word}\"").as_str()), "{word} of {key}");
        }
    }
}
