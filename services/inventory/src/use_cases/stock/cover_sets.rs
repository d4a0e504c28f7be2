//! `CoverSets`: sets of lines get all that they wait for, or give back what they cannot use.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LineId, LocationId},
    quantity::Quantity,
    stock::{
        book::ItemBook,
        claim::ClaimKey,
        ship_set::{SetCover, ShipSet},
    },
};
use backorder_proto::{convert::encode, inventory::v1 as pb};
use backorder_service_kit::problem::Problem;
use jiff::Timestamp;

use super::{Desk, Named, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Lines that take stock together.
#[derive(Debug, Clone)]
pub struct SetToCover {
    /// The lines.
    pub lines: Vec<LineId>,
    /// Within how many days supply must be expected for what is not on hand.
    pub days: u16,
    /// Whether the lines keep a part.
    pub keeps_part: bool,
}

/// Sets to decide about.
#[derive(Debug, Clone)]
pub struct CoverSets {
    /// The sets, in the order in which they are decided about. Each line once.
    pub sets: Vec<SetToCover>,
    /// Items of which held units stay held.
    pub keep_held: BTreeSet<ItemId>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for CoverSets {
    type Answer = pb::CoverSetsResponse;
    const NAME: &'static str = "cover_sets";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            lines: self.sets.iter().flat_map(|set| &set.lines).cloned().collect(),
            waiting_claims: true,
            open_supplies: true,
            holds: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "ship sets".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let items: Vec<ItemId> = desk.books.iter().map(ItemBook::item).cloned().collect();
        let before: BTreeMap<ItemId, BTreeMap<ClaimKey, i64>> =
            items.into_iter().map(|item| (item.clone(), desk.claim_versions(&item))).collect();
        let Covered { covers, free } = cover(desk, &self.sets, &self.keep_held)?;
        let changed = before.iter().flat_map(|(item, versions)| desk.changed_claims(item, versions));
        Ok(pb::CoverSetsResponse { covers, claims: changed.collect(), holds: desk.new_holds(), free })
    }
}

/// What was decided about sets.
pub(super) struct Covered {
    /// What each set has, as [`pb::SetCover`].
    pub covers: Vec<i32>,
    /// What is free for claims of sets that were not covered.
    pub free: Vec<pb::FreeForClaim>,
}

/// Decides about sets in their order.
///
/// # Errors
/// [`Error::Stock`] when something was not loaded.
pub(super) fn cover(desk: &mut Desk<'_>, sets: &[SetToCover], keep_held: &BTreeSet<ItemId>) -> Result<Covered, Error> {
    let mut covers = Vec::with_capacity(sets.len());
    let mut free = Vec::new();
    for set in sets {
        let lines = set.lines.iter().filter_map(|line| {
            let item = desk.item_of(line, String::new).ok()?;
            Some((item, line.clone()))
        });
        let (lines, days, keep_held) = (lines.collect(), set.days, keep_held.clone());
        let set = ShipSet { lines, days, keep_held, keeps_part: set.keeps_part };
        let context = desk.context.clone();
        let cover = match desk.books.cover_set(&context, &set) {
            Ok(cover) => cover,
            Err(error) => return Err(of_set(&set, error)),
        };
        covers.push(i32::from(cover_message(cover)));
        if cover == SetCover::Incomplete && !set.keeps_part {
            free.extend(free_for(desk, &set)?);
        }
    }
    Ok(Covered { covers, free })
}

/// What is free for the waiting claims of a set.
///
/// # Errors
/// [`Error::Stock`] when something was not loaded.
pub(super) fn free_for(desk: &Desk<'_>, set: &ShipSet) -> Result<Vec<pb::FreeForClaim>, Error> {
    let free = desk.books.free_for_set(set).map_err(|error| of_set(set, error))?;
    let units = |(location, quantity): &(LocationId, Quantity)| pb::Reservation {
        location: encode::location_name(location),
        quantity: quantity.get(),
        ..pb::Reservation::default()
    };
    let messages = free.iter().map(|free| pb::FreeForClaim {
        line: free.key.line.to_string(),
        part: free.key.part,
        units: free.units.iter().map(units).collect(),
    });
    Ok(messages.collect())
}

fn of_set(set: &ShipSet, error: backorder_domain::stock::error::StockError) -> Error {
    match set.lines.first() {
        Some((item, _)) => Error::Stock { item: item.clone(), error },
        None => Problem::internal(error).into(),
    }
}

const fn cover_message(cover: SetCover) -> pb::SetCover {
    match cover {
        SetCover::Complete => pb::SetCover::Complete,
        SetCover::Expected => pb::SetCover::Expected,
        SetCover::Incomplete => pb::SetCover::Incomplete,
    }
}
