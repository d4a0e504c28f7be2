//! The canonical JSON of the contracts' messages, made from their descriptors. 64-bit numbers stay numbers.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use crate::failure::Failure;

static DESCRIPTORS: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(backorder_proto::FILE_DESCRIPTOR_SET).ok());

/// The message as JSON; fields with their default value are there too.
///
/// # Errors
/// [`Failure`] when the contracts have no message of that name or it does not fit.
pub fn of<M: Message>(name: &str, message: &M) -> Result<serde_json::Value, Failure> {
    let unknown = || Failure::new(format!("this program does not know the message {name}"));
    let descriptor = DESCRIPTORS.as_ref().and_then(|pool| pool.get_message_by_name(name)).ok_or_else(unknown)?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).map_err(|_| unknown())?;
    let options = SerializeOptions::new().stringify_64_bit_integers(false).skip_default_fields(false);
    dynamic.serialize_with_options(serde_json::value::Serializer, &options).map_err(|_| unknown())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::inventory::v1::Position;

    use super::*;

    #[test]
    fn a_message_has_its_contracts_field_names_and_numbers() {
        let position = Position { item: "items/A".to_owned(), on_hand: 7, ..Position::default() };
        let value = of("backorder.inventory.v1.Position", &position).unwrap();
        assert_eq!(value["item"], "items/A");
        assert_eq!(value["onHand"], 7);
        assert_eq!(value["qualityControl"], 0);
    }

    #[test]
    fn an_unknown_message_is_a_failure() {
        assert!(of("backorder.Nothing", &Position::default()).is_err());
    }
}
