//! Movements as what they say: without the ids of rows and writes, without the time of writing, and without random ids in
//! their texts. Two ledgers that came about in the same way say the same, whatever ids were drawn and however fast it went.

use backorder_domain::ids::ItemId;
use backorder_storage::StorageError;
use sea_orm::ConnectionTrait;

use super::{entity::movement, movements};

/// Characters of a UUID with its hyphens.
const UUID_CHARS: usize = 36;

/// What a movement says, in the order in which movements are sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Canonical {
    /// The business time, in microseconds since the epoch.
    pub effective_at: i64,
    /// The units.
    pub quantity: i64,
    /// Cause, places, batch, owner, reason, note and actor.
    pub texts: [String; 10],
}

impl From<movement::Model> for Canonical {
    fn from(row: movement::Model) -> Self {
        let texts = [
            without_uuids(&row.cause),
            row.from_location_id.unwrap_or_default(),
            row.from_state,
            row.to_location_id.unwrap_or_default(),
            row.to_state,
            row.batch,
            row.owner,
            row.reason_code,
            without_uuids(&row.note),
            row.actor,
        ];
        Self { effective_at: row.effective_at, quantity: row.quantity, texts }
    }
}

/// The movements of one item in canonical order.
pub async fn movements(connection: &impl ConnectionTrait, item: &ItemId) -> Result<Vec<Canonical>, StorageError> {
    let mut movements: Vec<Canonical> =
        movements::all(connection, item).await?.into_iter().map(Canonical::from).collect();
    movements.sort_unstable();
    Ok(movements)
}

/// The text with an asterisk for each UUID in it: runs, holds and quotes are named by random ids.
fn without_uuids(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if rest.get(..UUID_CHARS).is_some_and(is_uuid) {
            kept.push('*');
            rest = &rest[UUID_CHARS..];
        } else {
            kept.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    kept
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_uuids_are_left_out() {
        assert_eq!(without_uuids("é/0b6f9f0a-6f0a-4d0f-9d3b-2c7f0d1e5a11/x"), "é/*/x");
        assert_eq!(without_uuids("0b6f9f0a-6f0a-4d0f-9d3b-2c7f0d1e5a1"), "0b6f9f0a-6f0a-4d0f-9d3b-2c7f0d1e5a1");
        assert_eq!(without_uuids("orders/536365/lines/1/parts/1"), "orders/536365/lines/1/parts/1");
    }
}
