//! The input as payloads, where no server keeps it: encoded once and decoded for every attempt, as there.

use temporalio_common::{
    data_converters::{
        ActivitySerializationContext, GenericPayloadConverter, PayloadConversionError,
        PayloadConverter, SerializationContext, SerializationContextData, TemporalDeserializable,
        TemporalSerializable,
    },
    protos::temporal::api::common::v1::Payload,
};

pub(crate) fn encode<I>(input: &I) -> Result<Vec<Payload>, PayloadConversionError>
where
    I: TemporalSerializable + 'static,
{
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter.to_payloads(&SerializationContext::new(&data, &converter), input)
}

pub(crate) fn decode<I>(payloads: &[Payload]) -> Result<I, PayloadConversionError>
where
    I: TemporalDeserializable + 'static,
{
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter.from_payloads(&SerializationContext::new(&data, &converter), payloads.to_vec())
}
