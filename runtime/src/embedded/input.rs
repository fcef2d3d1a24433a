//! The input as payloads: encoded once and decoded for every attempt, as on a server.

use temporalio_common::{
    data_converters::{
        ActivitySerializationContext, GenericPayloadConverter, PayloadConverter,
        SerializationContext, SerializationContextData, TemporalDeserializable,
        TemporalSerializable,
    },
    protos::temporal::api::common::v1::Payload,
};

use super::error::{EmbeddedError, Kind};

pub(super) fn encode<I>(input: &I) -> Result<Vec<Payload>, EmbeddedError>
where
    I: TemporalSerializable + 'static,
{
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter
        .to_payloads(&SerializationContext::new(&data, &converter), input)
        .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))
}

pub(super) fn decode<I>(payloads: &[Payload]) -> Result<I, EmbeddedError>
where
    I: TemporalDeserializable + 'static,
{
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter
        .from_payloads(&SerializationContext::new(&data, &converter), payloads.to_vec())
        .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))
}
