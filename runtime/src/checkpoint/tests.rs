//! Details as the other SDKs write them, and as they read ours.

use std::{collections::HashMap, time::Duration};

use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};
use temporalio_common::{
    data_converters::{
        ActivitySerializationContext, PayloadConverter, SerializationContext,
        SerializationContextData, TemporalSerializable,
    },
    protos::temporal::api::common::v1::Payload,
};

use super::{acknowledgements::Acknowledgements, *};

/// The state of the pattern, as its Go, Java and TypeScript listings name the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CamelCase {
    processed_count: u64,
    failed_count: u64,
    last_processed_id: String,
}

/// The same as its Python listing names them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SnakeCase {
    processed_count: u64,
    failed_count: u64,
    last_processed_id: String,
}

/// A detail as another SDK writes it: its text, and what it says about the encoding.
fn written(text: &str, metadata: &[(&str, &str)]) -> Payload {
    let metadata =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
    Payload {
        metadata: metadata.collect::<HashMap<_, _>>(),
        data: text.as_bytes().to_vec(),
        ..Payload::default()
    }
}

/// `json/plain` is what every SDK writes for a value of its own language.
const JSON: [(&str, &str); 1] = [("encoding", "json/plain")];

fn read<T: CheckpointState>(details: &[Payload]) -> Option<T> {
    decode(&PayloadConverter::default(), details).unwrap()
}

#[test]
fn positions_of_every_sdk_are_read() {
    // Go, Java, Python and TypeScript all write the number alone; Go ends its JSON without a line
    // feed, and a float of JavaScript without a fraction has no point.
    for text in ["3000", " 3000 ", "3000\n"] {
        assert_eq!(read::<u64>(&[written(text, &JSON)]), Some(3000));
    }
}

#[test]
fn states_of_every_sdk_are_read() {
    let expected =
        CamelCase { processed_count: 7, failed_count: 2, last_processed_id: "item-9".to_owned() };
    for text in [
        // Go: in the order of the struct. Java: in that of its bean. TypeScript: of the object.
        r#"{"processedCount":7,"failedCount":2,"lastProcessedId":"item-9"}"#,
        r#"{"failedCount":2,"lastProcessedId":"item-9","processedCount":7}"#,
        // A field that a later version of theirs added.
        r#"{"processedCount":7,"failedCount":2,"lastProcessedId":"item-9","more":[1]}"#,
    ] {
        assert_eq!(read(&[written(text, &JSON)]), Some(expected.clone()), "{text}");
    }
    let python = r#"{"processed_count": 7, "failed_count": 2, "last_processed_id": "item-9"}"#;
    let expected =
        SnakeCase { processed_count: 7, failed_count: 2, last_processed_id: "item-9".to_owned() };
    assert_eq!(read(&[written(python, &JSON)]), Some(expected));
}

#[test]
fn heartbeats_without_details_are_none() {
    // `heartbeat(None)`, `heartbeat(null)` and `heartbeat(undefined)` are a null of no bytes.
    let null = written("", &[("encoding", "binary/null")]);
    assert_eq!(read::<u64>(&[null]), None);
    // As a converter writes it that knows nothing but JSON.
    assert_eq!(read::<u64>(&[written("null", &JSON)]), None);
    assert_eq!(read::<u64>(&[]), None);
}

#[test]
fn further_details_stay_out_of_the_way() {
    let details = [written("12", &JSON), written(r#""of the other""#, &JSON)];
    assert_eq!(read::<u64>(&details), Some(12));
}

#[test]
fn another_shape_is_not_taken_for_one_in_which_nothing_is_done() {
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct State {
        done: u64,
        #[serde(alias = "errors")]
        failed: u64,
    }
    for text in [r#"{"up_to":5}"#, r#"{"ranges":[[0,7]],"more":{"done":3}}"#, r#"{"Done":7}"#] {
        let found = [written(text, &JSON)];
        let error = decode::<State>(&PayloadConverter::default(), &found).unwrap_err().to_string();
        assert!(
            error.contains("none of its fields is one of `") && !error.contains("up_to"),
            "{error}"
        );
    }
    for (text, done, failed) in [
        ("{}", 0, 0),
        (r#"{"done":0}"#, 0, 0),
        (r#"{"errors":0,"before":7}"#, 0, 0),
        (r#"{"before":[7],"done":3}"#, 3, 0),
    ] {
        assert_eq!(read(&[written(text, &JSON)]), Some(State { done, failed }), "{text}");
    }
}

#[test]
fn another_shape_is_known_behind_a_name_of_its_own() {
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Named(Option<CamelCase>);
    let found = [written(r#"{"up_to":5}"#, &JSON)];
    decode::<Named>(&PayloadConverter::default(), &found).unwrap_err();
    let found = [written(r#"{"processedCount":5,"up_to":5}"#, &JSON)];
    assert_eq!(read::<Named>(&found).unwrap().0.unwrap().processed_count, 5);
}

#[test]
fn a_field_that_a_variant_does_not_know_is_passed_over() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Phase {
        Copies { done: u64 },
    }
    impl Default for Phase {
        fn default() -> Self {
            Self::Copies { done: 0 }
        }
    }
    let found = [written(r#"{"Copies":{"done":5,"total":9}}"#, &JSON)];
    assert_eq!(read(&found), Some(Phase::Copies { done: 5 }));
}

#[test]
fn what_a_converter_of_ones_own_has_read_is_judged_by_nobody_else() {
    use temporalio_common::data_converters::{ErasedSerdePayloadConverter, PayloadConversionError};
    struct Enveloped;
    impl ErasedSerdePayloadConverter for Enveloped {
        fn to_payload(
            &self,
            _: &SerializationContextData,
            _: &dyn erased_serde::Serialize,
        ) -> Result<Payload, PayloadConversionError> {
            Err(PayloadConversionError::WrongEncoding)
        }
        fn from_payload(
            &self,
            _: &SerializationContextData,
            payload: Payload,
        ) -> Result<Box<dyn erased_serde::Deserializer<'static>>, PayloadConversionError> {
            let mut value: Value = serde_json::from_slice(&payload.data).unwrap();
            Ok(Box::new(<dyn erased_serde::Deserializer>::erase(value["state"].take())))
        }
    }
    let text = r#"{"v":1,"state":{"processedCount":3}}"#;
    let found = [written(text, &[("encoding", "json/enveloped")])];
    let converter = PayloadConverter::Serde(Arc::new(Enveloped));
    assert_eq!(decode::<CamelCase>(&converter, &found).unwrap().unwrap().processed_count, 3);
}

#[test]
fn a_state_that_reads_whatever_is_there_reads_it() {
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Open {
        #[serde(flatten)]
        all: HashMap<String, Value>,
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Open);
    let found = [written(r#"{"up_to":5}"#, &JSON)];
    let all = HashMap::from([("up_to".to_owned(), json!(5))]);
    assert_eq!(read::<Value>(&found), Some(json!({"up_to":5})));
    assert_eq!(read(&found), Some(all.clone()));
    assert_eq!(read(&found), Some(Open { all: all.clone() }));
    assert_eq!(read(&found), Some(Wrapped(Open { all })));
    assert_eq!(read::<crate::Finished>(&found).unwrap().up_to(), 5);
}

#[test]
fn what_is_encoded_for_others_alone_is_an_error() {
    let proto = written("", &[("encoding", "binary/protobuf"), ("messageType", "app.State")]);
    let error = decode::<u64>(&PayloadConverter::default(), &[proto]).unwrap_err();
    assert!(!error.to_string().is_empty());
}

/// What other SDKs look at when they read a detail: the encoding, and then plain JSON.
fn as_others_read_it(payload: &Payload) -> Value {
    assert_eq!(payload.metadata["encoding"], b"json/plain");
    serde_json::from_slice(&payload.data).unwrap()
}

#[test]
fn ours_is_what_a_hand_written_heartbeat_would_have_stored() {
    let slot = Slot::<CamelCase>::new(None, Vec::new());
    slot.store(CamelCase { processed_count: 1, ..CamelCase::default() });
    let details = slot.newest(&PayloadConverter::default()).unwrap();
    let expected = json!({"processedCount": 1, "failedCount": 0, "lastProcessedId": ""});
    assert_eq!(details.payloads.iter().map(as_others_read_it).collect::<Vec<_>>(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn progress_is_a_second_detail_made_when_a_heartbeat_goes_out() {
    let cancellation = Cancellation::new();
    let slot = Arc::new(Slot::<u64>::new(None, Vec::new()));
    let checkpoint = Checkpoint::new(Arc::clone(&slot), cancellation);
    checkpoint.show_progress(|done| Progress::new(*done).of(500).unit("lines"));
    let newest = || slot.newest(&PayloadConverter::default()).unwrap().payloads;
    assert_eq!(newest().len(), 0, "nothing was saved yet");

    checkpoint.save(100).unwrap();
    let shown: Vec<_> = newest().iter().map(as_others_read_it).collect();
    assert_eq!(shown, [json!(100), json!({"done": 100, "total": 500, "unit": "lines"})]);

    tokio::time::advance(Duration::from_secs(1)).await;
    checkpoint.save(300).unwrap();
    assert_eq!(as_others_read_it(&newest()[1])["rate"], json!(200.0));
    assert_eq!(read::<u64>(&newest()), Some(300), "the checkpoint comes first");
}

#[test]
fn a_loop_shows_its_position_where_it_knows_the_end() {
    let slot = Arc::new(Slot::<u64>::new(None, Vec::new()));
    let checkpoint = Checkpoint::new(Arc::clone(&slot), Cancellation::new());
    let mut items = checkpoint.resume(vec!["a", "b", "c"]);
    items.next().unwrap().unwrap();
    items.next().unwrap().unwrap();
    let details = slot.newest(&PayloadConverter::default()).unwrap();
    assert_eq!(as_others_read_it(&details.payloads[1]), json!({"done": 1, "total": 3}));
}

/// Shows something else when it is dropped.
struct ShowsAtItsEnd(Checkpoint<u64>);

impl Drop for ShowsAtItsEnd {
    fn drop(&mut self) {
        self.0.show_progress(|done| Progress::new(*done));
    }
}

#[test]
fn what_showed_the_progress_is_dropped_outside_of_the_lock() {
    let (report, reported) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let slot = Arc::new(Slot::<u64>::new(None, Vec::new()));
        let checkpoint = Checkpoint::new(slot, Cancellation::new());
        let held = ShowsAtItsEnd(checkpoint.clone());
        checkpoint.show_progress(move |_| Progress::new(held.0.get()));
        checkpoint.show_progress(|done| Progress::new(*done));
        let _ = report.send(());
    });
    assert!(reported.recv_timeout(Duration::from_secs(5)).is_ok(), "it waits for its own lock");
}

#[test]
fn progress_that_is_longer_than_64_kib_is_left_out() {
    let slot = Arc::new(Slot::<u64>::new(None, Vec::new()));
    let checkpoint = Checkpoint::new(Arc::clone(&slot), Cancellation::new());
    let length_of = |message: usize| {
        checkpoint.show_progress(move |done| Progress::new(*done).message("a".repeat(message)));
        checkpoint.save(1).unwrap();
        let payloads = slot.newest(&PayloadConverter::default()).unwrap().payloads;
        payloads.get(1).map(|shown| shown.data.len())
    };
    let around = length_of(0).unwrap();
    assert_eq!(length_of(64 * 1024 - around), Some(64 * 1024));
    assert_eq!(length_of(64 * 1024 - around + 1), None);
}

#[test]
fn a_loop_shows_nothing_where_something_is_shown_already() {
    let slot = Arc::new(Slot::<u64>::new(None, Vec::new()));
    let checkpoint = Checkpoint::new(Arc::clone(&slot), Cancellation::new());
    checkpoint.show_progress(|done| Progress::new(*done).unit("letters"));
    assert_eq!(checkpoint.resume(0..2).map(Result::unwrap).count(), 2);
    let shown = &slot.newest(&PayloadConverter::default()).unwrap().payloads[1];
    assert_eq!(as_others_read_it(shown), json!({"done": 2, "unit": "letters"}));
}

#[test]
fn details_are_what_the_sdks_converter_makes_of_them_whichever_way_it_looks() {
    let slot = Slot::<u64>::new(None, Vec::new());
    slot.store(7);
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    let context = SerializationContext::new(&data, &converter);
    let details = slot.newest(&converter).unwrap();
    assert!(!details.is_empty() && Details::default().is_empty());
    assert_eq!(read::<u64>(&[details.to_payload(&context).unwrap()]), Some(7));
    assert_eq!(read::<u64>(&details.to_payloads(&context).unwrap()), Some(7));
    assert_eq!(serde_json::to_value(details.as_serde().unwrap()).unwrap(), json!(7));
    assert!(Details::default().as_serde().is_err());
    assert!(Details::default().to_payload(&context).is_err());
}

#[tokio::test]
async fn what_is_acknowledged_never_goes_back_and_wakes_those_who_wait_for_it() {
    let acknowledgements = Acknowledgements::new();
    assert_eq!(acknowledgements.wanted(), None);
    let waiting = acknowledgements.reach(3);
    tokio::pin!(waiting);
    assert!(waiting.as_mut().now_or_never().is_none());
    assert!(acknowledgements.asked().now_or_never().is_some());
    assert_eq!(acknowledgements.wanted(), Some(3));
    acknowledgements.acknowledge(2);
    assert!(waiting.as_mut().now_or_never().is_none());
    acknowledgements.acknowledge(3);
    assert!(waiting.now_or_never().is_some());
    acknowledgements.acknowledge(1);
    assert_eq!(acknowledgements.wanted(), None);
    assert!(acknowledgements.reach(3).now_or_never().is_some());
}

/// Writes nothing, and looks whether others can save meanwhile.
struct Nosy(Checkpoint<u64>);

impl fmt::Write for Nosy {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        let (report, saved) = std::sync::mpsc::channel();
        let checkpoint = self.0.clone();
        std::thread::spawn(move || {
            let _ = report.send(checkpoint.save(8).is_ok());
        });
        saved.recv_timeout(Duration::from_secs(1)).map(drop).map_err(|_| fmt::Error)
    }
}

#[test]
fn what_is_written_of_a_checkpoint_keeps_nobody_waiting() {
    let checkpoint = Checkpoint::new(Arc::new(Slot::new(Some(7), Vec::new())), Cancellation::new());
    assert_eq!(format!("{checkpoint:?}"), "Checkpoint { value: 7, resumed: true, .. }");
    assert!(format!("{checkpoint:#?}").contains("    value: 7,\n"));
    // As standard output does where nobody reads it.
    let mut written = Nosy(checkpoint.clone());
    assert!(fmt::write(&mut written, format_args!("{checkpoint:?}")).is_ok());
}

#[test]
fn what_is_shown_can_be_left_out_once() {
    let payload = |data: &str| Payload { data: data.into(), ..Payload::default() };
    let (checkpoint, shown) = (payload("checkpoint"), payload("shown"));
    let details = Details { version: 7, payloads: vec![checkpoint.clone(), shown], value: None };
    let alone = details.without_progress().unwrap();
    assert_eq!((alone.version, &alone.payloads[..]), (7, &[checkpoint][..]));
    assert!(alone.without_progress().is_none() && Details::default().without_progress().is_none());
}
