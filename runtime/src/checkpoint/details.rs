//! The details of a heartbeat: what a checkpoint is on its way to the server and back.

use std::{
    any::type_name,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use erased_serde::Serialize as ErasedSerialize;
use futures_util::{FutureExt, future::BoxFuture};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use serde_ignored::Path;
use serde_json::Map;
use temporalio_common::{
    data_converters::{
        ActivitySerializationContext, GenericPayloadConverter, PayloadConversionError,
        PayloadConverter, SerializationContext, SerializationContextData, TemporalSerializable,
    },
    protos::temporal::api::common::v1::Payload,
};
use temporalio_sdk::activities::ActivityContext;

use super::CheckpointState;

/// A saved value that the client's data converter cannot turn into a payload.
#[derive(Debug)]
pub(crate) struct NotEncodable {
    pub(super) type_name: &'static str,
    pub(super) source: PayloadConversionError,
}

impl fmt::Display for NotEncodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the checkpoint of type `{}` cannot be serialised: {}",
            self.type_name, self.source
        )
    }
}

/// A value that is kept beside what it was encoded to.
#[derive(Clone)]
pub(super) struct Encodable(Option<Arc<dyn Value>>);

/// A value whose type is known to itself alone.
trait Value: ErasedSerialize + Send + Sync {
    /// Records it as a heartbeat, as the type that it is.
    fn record(&self, context: ActivityContext) -> Recording;
}

type Recording = BoxFuture<'static, Result<(), PayloadConversionError>>;

impl<T: CheckpointState> Value for T {
    fn record(&self, context: ActivityContext) -> Recording {
        let value = self.clone();
        async move { context.record_heartbeat(value).await }.boxed()
    }
}

impl Encodable {
    pub(super) fn new<T: CheckpointState>(value: T) -> Self {
        Self(Some(Arc::new(value)))
    }
}

impl Drop for Encodable {
    /// A destructor of users' code that panics must not end the heartbeat, which drops values.
    fn drop(&mut self) {
        let value = self.0.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
    }
}

/// The details of one heartbeat: encoded payloads, not yet through the client's codec.
///
/// It is sent through the SDK, which runs its converter once more: a converter that knows payloads
/// takes them as they are, one that knows only serde takes the value that they came from.
#[derive(Clone, Default)]
pub(crate) struct Details {
    pub(crate) version: u64,
    pub(crate) payloads: Vec<Payload>,
    pub(super) value: Option<Encodable>,
}

impl Details {
    /// Whether there is nothing to send, so that a heartbeat goes out without details.
    pub(crate) fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// How large they are before any codec, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.payloads.iter().map(Message::encoded_len).sum()
    }

    /// The first of these, or an empty one where there is none, and beside it what people are shown.
    pub(super) fn beside(&self, shown: Payload) -> Self {
        let nothing = || (empty(), Some(Encodable::new(())));
        let first = self.payloads.first().map(|first| (first.clone(), self.value.clone()));
        let (first, value) = first.unwrap_or_else(nothing);
        Self { version: self.version, payloads: vec![first, shown], value }
    }

    /// The checkpoint alone, where something for people is beside it.
    pub(crate) fn without_progress(&self) -> Option<Self> {
        let checkpoint = self.payloads.first().filter(|_| self.payloads.len() > 1)?;
        Some(Self { payloads: vec![checkpoint.clone()], ..self.clone() })
    }

    /// Records them as the value that they came from, where there is one.
    pub(crate) fn record_value(&self, context: ActivityContext) -> Option<Recording> {
        let value = self.value.as_ref()?.0.as_ref()?;
        Some(value.record(context))
    }
}

impl TemporalSerializable for Details {
    fn as_serde(&self) -> Result<&dyn ErasedSerialize, PayloadConversionError> {
        match &self.value {
            Some(Encodable(Some(value))) => Ok(value.as_ref()),
            _ => Err(PayloadConversionError::WrongEncoding),
        }
    }

    fn to_payload(&self, _: &SerializationContext<'_>) -> Result<Payload, PayloadConversionError> {
        self.payloads.first().cloned().ok_or(PayloadConversionError::WrongEncoding)
    }

    fn to_payloads(
        &self,
        _: &SerializationContext<'_>,
    ) -> Result<Vec<Payload>, PayloadConversionError> {
        Ok(self.payloads.clone())
    }
}

/// A value as the client's data converter writes it, before any codec.
pub(crate) fn encode<T: TemporalSerializable + 'static>(
    converter: &PayloadConverter,
    value: &T,
) -> Result<Payload, PayloadConversionError> {
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter.to_payload(&SerializationContext::new(&data, converter), value)
}

/// Decodes the checkpoint that an earlier attempt left, the first of its details.
///
/// Details that are a null are none: that is how some SDKs write a heartbeat without details.
pub(crate) fn decode<T: Serialize + DeserializeOwned + Send + 'static>(
    converter: &PayloadConverter,
    details: &[Payload],
) -> Result<Option<T>, PayloadConversionError> {
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    decode_in(&SerializationContext::new(&data, converter), details)
}

/// The same for a reader of any kind, which only looks at it.
pub(crate) fn decode_in<T: DeserializeOwned + 'static>(
    context: &SerializationContext<'_>,
    details: &[Payload],
) -> Result<Option<T>, PayloadConversionError> {
    match details.first() {
        None => Ok(None),
        Some(payload) if is_null(payload) => Ok(None),
        Some(payload) => {
            let value = context.converter.from_payload(context, payload.clone())?;
            if is_passed_over::<T>(payload) {
                let said = format!("none of its fields is one of `{}`", type_name::<T>());
                return Err(PayloadConversionError::EncodingError(said.into()));
            }
            Ok(Some(value))
        }
    }
}

/// Whether it is an object with fields, none of which the type reads: another shape, in whose place
/// `#[serde(default)]` takes one of which nothing is done yet.
fn is_passed_over<T: DeserializeOwned>(payload: &Payload) -> bool {
    // Another encoding is its converter's affair.
    if payload.metadata.get("encoding").is_none_or(|encoding| encoding != b"json/plain") {
        return false;
    }
    let fields = serde_json::from_slice::<Map<String, serde_json::Value>>(&payload.data);
    let Some(fields) = fields.ok().filter(|fields| !fields.is_empty()) else { return false };
    let mut passed_over = 0;
    let count = |path: Path<'_>| {
        // What is within a variant is told as if it stood where that does.
        passed_over += usize::from(at_the_top(&path).is_some_and(|key| fields.contains_key(key)));
    };
    let mut reader = serde_json::Deserializer::from_slice(&payload.data);
    let is_read = serde_ignored::deserialize::<_, _, T>(&mut reader, count).is_ok();
    is_read && passed_over == fields.len()
}

/// The field that this is, of the object itself.
fn at_the_top<'a>(path: &'a Path<'a>) -> Option<&'a str> {
    let Path::Map { parent, key } = path else { return None };
    let mut parent = *parent;
    while let Path::NewtypeStruct { parent: outer } | Path::Some { parent: outer } = parent {
        parent = outer;
    }
    matches!(parent, Path::Root).then_some(key)
}

/// What every SDK writes for nothing, whatever its converter, and reads as such.
fn empty() -> Payload {
    let metadata = [("encoding".to_owned(), b"binary/null".to_vec())].into();
    Payload { metadata, ..Payload::default() }
}

fn is_null(payload: &Payload) -> bool {
    match payload.metadata.get("encoding").map(Vec::as_slice) {
        Some(b"binary/null") => true,
        // As a converter writes it that knows nothing but JSON.
        Some(b"json/plain") => payload.data == b"null",
        _ => false,
    }
}
