//! `PostReservations`: reserved units leave the stock.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    stock::{
        book::ItemBook,
        claim::ClaimKey,
        post::{LeftUnits, Told},
        release::LineUnits,
    },
};
use backorder_proto::{
    convert::{decode::path, encode},
    inventory::v1 as pb,
};
use jiff::{Timestamp, civil::Date};

use super::{Desk, Named, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Reserved units that are shipped.
#[derive(Debug, Clone)]
pub struct PostReservations {
    /// What is shipped, in order, each with what is told of the units.
    pub lines: Vec<(LineUnits, Told)>,
    /// When the units left; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for PostReservations {
    type Answer = pb::PostReservationsResponse;
    const NAME: &'static str = "post_reservations";

    fn names(&self) -> Named<'_> {
        let locations = self.lines.iter().enumerate();
        let named = |(index, line)| -> Option<(&LocationId, String)> {
            let (line, _): &(LineUnits, Told) = line;
            Some((line.location.as_ref()?, path("lines", index, "location")))
        };
        Named { items: Vec::new(), locations: locations.filter_map(named).collect() }
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            lines: self.lines.iter().map(|(line, _)| line.line.clone()).collect(),
            locations: self.lines.iter().filter_map(|(line, _)| line.location.clone()).collect(),
            ships_only: true,
            batches: self.lines.iter().any(|(_, told)| told.batch.is_some()),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "post".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut claims = ClaimsInOrder::default();
        let mut units = Vec::with_capacity(self.lines.len());
        let days = DaysOfLeaving::default();
        for (index, (line, told)) in self.lines.iter().enumerate() {
            let item = desk.item_of(&line.line, || path("lines", index, "line"))?;
            for left in desk.on_book(&item, |book, context| book.post_told(context, line, told))? {
                claims.add(&item, &left.key);
                // What somebody saw has left, whatever is booked in its place.
                let seen = told.batch.as_ref().filter(|_| told.seen);
                let fits = days.fits(desk, &item, &left, seen.or(left.batch.as_ref()))?;
                units.push(pb::PostedUnits { unfit: !fits, ..posted_units(left) });
            }
        }
        Ok(pb::PostReservationsResponse { claims: claims.messages(desk), posted: units })
    }
}

fn posted_units(left: LeftUnits) -> pb::PostedUnits {
    pb::PostedUnits {
        line: left.key.line.to_string(),
        part: left.key.part,
        location: encode::location_name(&left.location),
        quantity: left.quantity.get(),
        batch: left.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
        owner: left.owner,
        unfit: false,
    }
}

/// The civil days on which units leave, by location, made when the first line asks something of its units.
#[derive(Default)]
struct DaysOfLeaving(OnceCell<BTreeMap<LocationId, Date>>);

impl DaysOfLeaving {
    fn fits(
        &self,
        desk: &mut Desk<'_>,
        item: &ItemId,
        left: &LeftUnits,
        batch: Option<&BatchId>,
    ) -> Result<bool, Error> {
        let asks = |book: &ItemBook| book.claim(&left.key).is_some_and(|claim| !claim.wish.is_none());
        if !desk.books.get(item).is_some_and(asks) {
            return Ok(true);
        }
        let days = self.0.get_or_init(|| desk.places.dates_at(desk.context.effective_at));
        let day = days.get(&left.location).copied().unwrap_or(Date::MIN);
        desk.on_book(item, |book, _| book.fits(&left.key, batch, day))
    }
}

/// Claims of an answer: each once, in the order in which they were touched.
#[derive(Default)]
pub struct ClaimsInOrder {
    seen: BTreeSet<ClaimKey>,
    order: Vec<(ItemId, ClaimKey)>,
}

impl ClaimsInOrder {
    /// Notes a claim.
    pub fn add(&mut self, item: &ItemId, key: &ClaimKey) {
        if self.seen.insert(key.clone()) {
            self.order.push((item.clone(), key.clone()));
        }
    }

    /// The claims as they are now.
    #[must_use]
    pub fn messages(&self, desk: &Desk<'_>) -> Vec<pb::Claim> {
        self.order.iter().filter_map(|(item, key)| desk.claim(item, key)).collect()
    }
}
