//! What a client may do to payloads: a codec, as for encryption, and a converter of its own.

use std::{ops::RangeInclusive, sync::Arc};

use erased_serde::{Deserializer, Serialize};
use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use prost::Message;
use temporalio_common::{
    data_converters::{
        DataConverter, DefaultFailureConverter, DefaultPayloadCodec, ErasedSerdePayloadConverter,
        PayloadCodec, PayloadConversionError, PayloadConverter, SerializationContextData,
    },
    protos::temporal::api::common::v1::Payload,
};

/// What an encoded payload says of itself.
pub const REVERSED: &[u8] = b"binary/reversed";

/// What a payload of the client's own converter says of itself.
pub const SPACIOUS: &[u8] = b"json/spacious";

/// A client whose codec hides every payload.
#[must_use]
pub fn with_codec() -> DataConverter {
    DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), Reverse)
}

/// A client whose codec panics at every number in a range.
#[must_use]
pub fn with_codec_that_panics_at(numbers: RangeInclusive<u64>) -> DataConverter {
    let codec = Explosive { numbers };
    DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), codec)
}

/// A client with a converter that knows values alone, and no payloads.
#[must_use]
pub fn with_converter() -> DataConverter {
    let converter = PayloadConverter::Serde(Arc::new(Spacious));
    DataConverter::new(converter, DefaultFailureConverter::default(), DefaultPayloadCodec)
}

fn payload(encoding: &[u8], data: Vec<u8>) -> Payload {
    let metadata = [("encoding".to_owned(), encoding.to_vec())].into();
    Payload { metadata, data, ..Payload::default() }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PayloadConversionError {
    PayloadConversionError::EncodingError(error.into())
}

/// Writes every payload backwards, which is as far from JSON as a cipher.
struct Reverse;

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

impl PayloadCodec for Reverse {
    fn encode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        let reverse =
            |plain: Payload| payload(REVERSED, plain.encode_to_vec().into_iter().rev().collect());
        ready(Ok(payloads.into_iter().map(reverse).collect())).boxed()
    }

    fn decode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        let reverse = |coded: Payload| {
            if coded.metadata.get("encoding").is_none_or(|encoding| encoding != REVERSED) {
                return Err(PayloadConversionError::WrongEncoding);
            }
            let plain: Vec<u8> = coded.data.into_iter().rev().collect();
            Payload::decode(plain.as_slice()).map_err(invalid)
        };
        ready(payloads.into_iter().map(reverse).collect()).boxed()
    }
}

/// Leaves payloads as they are, but for those that it panics at.
struct Explosive {
    numbers: RangeInclusive<u64>,
}

impl PayloadCodec for Explosive {
    fn encode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        for payload in &payloads {
            let number = serde_json::from_slice(&payload.data).ok();
            let explodes = number.is_some_and(|number| self.numbers.contains(&number));
            assert!(!explodes, "exploded as planned");
        }
        ready(Ok(payloads)).boxed()
    }

    fn decode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        ready(Ok(payloads)).boxed()
    }
}

/// JSON over several lines.
struct Spacious;

impl ErasedSerdePayloadConverter for Spacious {
    fn to_payload(
        &self,
        _: &SerializationContextData,
        value: &dyn Serialize,
    ) -> Result<Payload, PayloadConversionError> {
        serde_json::to_vec_pretty(value).map(|data| payload(SPACIOUS, data)).map_err(invalid)
    }

    fn from_payload(
        &self,
        _: &SerializationContextData,
        payload: Payload,
    ) -> Result<Box<dyn Deserializer<'static>>, PayloadConversionError> {
        if payload.metadata.get("encoding").is_none_or(|encoding| encoding != SPACIOUS) {
            return Err(PayloadConversionError::WrongEncoding);
        }
        let value: serde_json::Value = serde_json::from_slice(&payload.data).map_err(invalid)?;
        Ok(Box::new(<dyn Deserializer>::erase(value)))
    }
}
