//! Who lost reserved units in a command, as answers tell it.

use backorder_domain::{
    ids::{ItemId, LocationId},
    stock::loss::TakenAway,
};
use backorder_proto::{convert::encode, inventory::v1 as pb};

use super::{Desk, post::ClaimsInOrder};

/// The claims that lost, in the order in which they lost.
#[derive(Default)]
pub struct Victims {
    claims: ClaimsInOrder,
    taken_away: Vec<pb::TakenAway>,
}

impl Victims {
    /// Notes who lost units of an item at a location.
    pub fn add(&mut self, item: &ItemId, location: &LocationId, taken_away: &[TakenAway]) {
        for TakenAway { key, quantity } in taken_away {
            self.claims.add(item, key);
            self.taken_away.push(pb::TakenAway {
                line: key.line.to_string(),
                part: key.part,
                item: encode::item_name(item),
                location: encode::location_name(location),
                quantity: quantity.get(),
            });
        }
    }

    /// The claims as they are now, and what each lost.
    #[must_use]
    pub fn messages(self, desk: &Desk<'_>) -> (Vec<pb::Claim>, Vec<pb::TakenAway>) {
        (self.claims.messages(desk), self.taken_away)
    }
}
