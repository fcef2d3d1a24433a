//! JSON that is promised is read by its keys alone.
//!
//! What serde derives for a struct takes a list as well, its fields in their order. With a field or two that
//! may be missing, somebody else's `[17]` would then be a position, and resumed from.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A value that no list is read as.
///
/// Where a format is not for people, a list may be how it writes a struct: it stays one there.
pub(crate) struct ByKeys<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByKeys<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(Keys(PhantomData))
        } else {
            T::deserialize(deserializer)
        }
        .map(Self)
    }
}

struct Keys<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::{
        IntoDeserializer,
        value::{Error, SeqDeserializer},
    };

    use super::*;
    use crate::{Finished, Progress};

    #[test]
    fn no_list_is_a_position_or_a_progress() {
        for list in ["[17]", "[17,null]", "[17,[]]", "[]", "17", "null"] {
            serde_json::from_str::<Finished>(list).unwrap_err();
            serde_json::from_str::<Progress>(list).unwrap_err();
        }
        let said = serde_json::from_str::<Finished>("[17]").unwrap_err().to_string();
        assert!(said.starts_with("invalid type: sequence, expected an object"), "{said}");
        assert_eq!(serde_json::from_str::<Finished>(r#"{"up_to":17}"#).unwrap().up_to(), 17);
        // As it is found within another state.
        serde_json::from_str::<(u64, Finished)>("[1,[17]]").unwrap_err();
    }

    /// A list that a format for machines hands over.
    struct Packed([u64; 1]);

    impl<'de> Deserializer<'de> for Packed {
        type Error = Error;

        fn is_human_readable(&self) -> bool {
            false
        }

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(u64::into_deserializer)))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
            unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    #[test]
    fn a_format_for_machines_may_write_one_as_a_list() {
        #[derive(Deserialize)]
        struct Position {
            up_to: u64,
        }
        let ByKeys(Position { up_to }) = ByKeys::deserialize(Packed([17])).unwrap();
        assert_eq!(up_to, 17);
        assert_eq!(Finished::deserialize(Packed([17])).unwrap().up_to(), 17);
        assert_eq!(Progress::deserialize(Packed([17])).unwrap(), Progress::new(17));
    }
}
