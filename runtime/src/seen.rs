//! What is seen of an activity from outside.

use serde::de::DeserializeOwned;
use temporalio_common::{
    data_converters::{PayloadConversionError, SerializationContext, TemporalDeserializable},
    protos::temporal::api::common::v1::Payload,
};

use crate::{checkpoint::decode_in, progress::Progress};

/// What is seen of an activity from outside: its checkpoint, and its progress.
///
/// A client reads it where the SDK gives it heartbeat details, which are two where a progress is shown: the
/// type of the checkpoint alone does not read those. For an activity in a workflow, see
/// [Where it is seen](crate::guide::progress_and_metrics#where-it-is-seen).
///
/// ```
/// use autobeat::Seen;
/// # use autobeat::activity;
/// # use temporalio_sdk::activities::ActivityError;
/// # use temporalio_client::{ActivityDescribeOptions, ActivityHandle, Client};
/// # #[activity(heartbeat_timeout = "30s")]
/// # async fn import() -> Result<u64, ActivityError> { Ok(7) }
///
/// # async fn look(activity: ActivityHandle<Client, import>) -> anyhow::Result<()> {
/// let options = ActivityDescribeOptions::builder().include_heartbeat_details(true).build();
/// let seen = activity.describe(options).await?.heartbeat_details::<Seen<u64>>().await?;
/// if let Some(Seen { checkpoint: Some(done), .. }) = seen {
///     println!("{done} are done");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Seen<T> {
    /// The newest checkpoint that the server has; `None` where nothing was saved.
    pub checkpoint: Option<T>,
    /// How far it is, where it shows that.
    pub progress: Option<Progress>,
}

impl<T: DeserializeOwned + 'static> TemporalDeserializable for Seen<T> {
    fn from_payload(
        context: &SerializationContext<'_>,
        payload: Payload,
    ) -> Result<Self, PayloadConversionError> {
        Self::from_payloads(context, vec![payload])
    }

    fn from_payloads(
        context: &SerializationContext<'_>,
        payloads: Vec<Payload>,
    ) -> Result<Self, PayloadConversionError> {
        // A second detail that is no progress is somebody else's, and says nothing here.
        let progress = payloads.get(1..2).and_then(|it| decode_in(context, it).ok()).flatten();
        Ok(Self { checkpoint: decode_in(context, &payloads)?, progress })
    }
}

#[cfg(test)]
mod tests {
    use temporalio_common::data_converters::{
        GenericPayloadConverter, PayloadConverter, SerializationContextData,
    };

    use super::*;

    fn payload<T: serde::Serialize + 'static>(value: &T) -> Payload {
        let converter = PayloadConverter::default();
        let data = SerializationContextData::None;
        converter.to_payload(&SerializationContext::new(&data, &converter), value).unwrap()
    }

    fn seen(payloads: Vec<Payload>) -> Result<Seen<u64>, PayloadConversionError> {
        let converter = PayloadConverter::default();
        let data = SerializationContextData::None;
        let context = SerializationContext::new(&data, &converter);
        converter.from_payloads(&context, payloads)
    }

    #[test]
    fn a_checkpoint_is_seen_with_its_progress_and_without() {
        let progress = Progress::new(3).of(7);
        let both = seen(vec![payload(&3_u64), payload(&progress)]).unwrap();
        assert_eq!(both, Seen { checkpoint: Some(3), progress: Some(progress.clone()) });
        let alone = seen(vec![payload(&3_u64)]).unwrap();
        assert_eq!(alone, Seen { checkpoint: Some(3), progress: None });
        // As of a body without a checkpoint.
        let shown = seen(vec![payload(&()), payload(&progress)]).unwrap();
        assert_eq!(shown, Seen { checkpoint: None, progress: Some(progress) });
        assert_eq!(seen(vec![]).unwrap(), Seen::default());
    }

    #[test]
    fn what_somebody_else_has_stored_is_no_progress_and_no_checkpoint() {
        let other = seen(vec![payload(&3_u64), payload(&"by hand")]).unwrap();
        assert_eq!(other, Seen { checkpoint: Some(3), progress: None });
        seen(vec![payload(&"by hand")]).unwrap_err();
    }
}
