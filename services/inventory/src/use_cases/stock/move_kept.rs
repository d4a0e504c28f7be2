//! `Allocate`, `Unallocate` and `Reallocate`: units are kept for a group, for nobody any more, or for another group.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{book::ItemBook, error::StockError, groups::Bucket},
};
use backorder_proto::{
    convert::{Violations, encode},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A group that a request names, with the field; `None` is nobody.
pub type Side = Option<(Vec<String>, &'static str)>;

/// Units that are kept for somebody else than before.
#[derive(Debug, Clone)]
pub struct MoveKept {
    /// The item.
    pub item: ItemId,
    /// Where the units are.
    pub location: LocationId,
    /// For whom they were kept.
    pub from: Side,
    /// For whom they are to be kept.
    pub to: Side,
    /// Base units.
    pub quantity: Quantity,
    /// Who does it and why.
    pub who: Who,
}

impl MoveKept {
    fn check(&self, book: &ItemBook) -> Result<(), Error> {
        let levels = book.group_rules().map_or(0, |rules| rules.levels.len());
        let mut violations = Violations::new();
        for (values, field) in self.from.iter().chain(&self.to) {
            if values.len() != levels || levels == 0 {
                let what = format!("must have a value for each of the {levels} levels of the item's groups");
                violations.push(*field, what);
            }
        }
        violations.finish().map_err(Error::Invalid)
    }
}

impl StockCommand for MoveKept {
    type Answer = pb::AllocateResponse;
    const NAME: &'static str = "move_kept";

    fn names(&self) -> Named<'_> {
        Named::pair(&self.item, &self.location)
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: BTreeSet::from([self.item.clone()]),
            locations: BTreeSet::from([self.location.clone()]),
            names_items: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "groups".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        vec![format!("items/{}/groups", self.item)]
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        if let Some(book) = desk.books.get(&self.item) {
            self.check(book)?;
        }
        let values = |side: &Side| side.as_ref().map(|(values, _)| values.clone());
        let (from, to) = (values(&self.from), values(&self.to));
        let allocation = desk.on_book(&self.item, |book, context| {
            book.move_kept(context, &self.location, from.as_deref(), to.as_deref(), self.quantity)?;
            allocation(book, &self.location)
        })?;
        Ok(pb::AllocateResponse { allocation: Some(allocation) })
    }
}

/// What is kept at a location.
///
/// # Errors
/// [`StockError::NotLoaded`] when the location was not loaded.
pub(in crate::use_cases) fn allocation(
    book: &ItemBook,
    location: &LocationId,
) -> Result<pb::LocationAllocation, StockError> {
    let consumed = book.consumed_of_groups();
    let protections = book.group_rules().into_iter().flat_map(|rules| &rules.protections);
    let groups = protections.filter(|there| there.location == *location).flat_map(|there| &there.groups);
    let groups = groups.map(|group| pb::GroupAllocation {
        values: group.values.clone(),
        allocated: book.kept_for(location, &group.values).get(),
        consumed: consumed.get(&Bucket::of_protection(location, &group.values)).copied().unwrap_or_default().get(),
    });
    Ok(pb::LocationAllocation {
        location: encode::location_name(location),
        available_to_allocate: book.allocatable(location)?.get(),
        groups: groups.collect(),
    })
}
