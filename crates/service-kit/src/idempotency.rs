//! The hash that tells whether two calls with one request id ask for the same thing.

use prost::Message;
use sha2::{Digest as _, Sha256};

/// SHA-256 of the decoded request, encoded anew without what does not belong to the command.
///
/// The decoded message is encoded in field order and without unknown fields, so that two clients that encode the same
/// command differently give the same hash. `clear` takes out the request id: `|request| request.request_id.clear()`.
pub fn command_hash<M: Message + Clone>(request: &M, clear: impl FnOnce(&mut M)) -> Vec<u8> {
    let mut command = request.clone();
    clear(&mut command);
    Sha256::digest(command.encode_to_vec()).to_vec()
}

#[cfg(test)]
mod tests {
    use backorder_proto::common::v1::WriteContext;

    use super::*;

    fn hash(actor: &str, note: &str) -> Vec<u8> {
        let message = WriteContext { actor: actor.to_owned(), reason_code: "count".to_owned(), note: note.to_owned() };
        command_hash(&message, |message| message.note.clear())
    }

    #[test]
    fn only_what_is_cleared_does_not_count() {
        assert_eq!(hash("a", "one id"), hash("a", "other id"));
        assert_ne!(hash("a", "one id"), hash("b", "one id"));
        assert_eq!(hash("a", "").len(), 32);
    }
}
