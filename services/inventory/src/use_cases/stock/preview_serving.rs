//! `PreviewServing`: how claims would stand if some became eligible, or got units by hand, and sets and runs shared what is
//! free. Keeps nothing.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LineId, LocationId},
    quantity::Quantity,
    stock::{assign::Assignment, book::ItemBook, claim::ClaimKey},
};
use backorder_proto::{
    convert::{decode::path, encode},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{
    Desk, Named, SetToCover, StockCommand,
    cover_sets::{Covered, cover},
};
use crate::{
    catalog::Places,
    error::{Error, Kind},
    store::stock::Scope,
    write::Who,
};

/// What would happen first, and what would be shared then.
#[derive(Debug, Clone)]
pub struct PreviewServing {
    /// The item.
    pub item: ItemId,
    /// Lines of the item that would become eligible.
    pub lines: Vec<LineId>,
    /// Units of the item that a person would give before.
    pub assignment: Option<Assignment>,
    /// Sets that would be decided about then, in this order.
    pub sets: Vec<SetToCover>,
    /// Items of which held units stay held.
    pub keep_held: BTreeSet<ItemId>,
    /// Where the item's held units would be shared; `None` for all places and all items of the sets.
    pub location: Option<LocationId>,
    /// Nobody: nothing is kept.
    pub who: Who,
}

impl StockCommand for PreviewServing {
    type Answer = pb::PreviewServingResponse;
    const NAME: &'static str = "preview_serving";

    fn names(&self) -> Named<'_> {
        let location = self.location.as_ref().map(|location| (location, "location".to_owned()));
        let at = self.assignment.as_ref().map(|one| (&one.location, "assignment.location".to_owned()));
        Named { items: vec![(&self.item, "item".to_owned())], locations: location.into_iter().chain(at).collect() }
    }

    fn scope(&self, _places: &Places) -> Scope {
        let of_sets = self.sets.iter().flat_map(|set| &set.lines);
        let givers = self.assignment.iter().flat_map(|one| &one.taken).map(|taken| &taken.from.line);
        let named = givers.chain(self.assignment.iter().map(|one| &one.to.line));
        let at = self.assignment.iter().map(|one| &one.location);
        Scope {
            items: BTreeSet::from([self.item.clone()]),
            lines: self.lines.iter().chain(of_sets).chain(named).cloned().collect(),
            locations: self.location.iter().chain(at).cloned().collect(),
            waiting_claims: true,
            open_supplies: true,
            holds: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "preview".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        self.check_lines(desk)?;
        let items: Vec<ItemId> = desk.books.iter().map(ItemBook::item).cloned().collect();
        let versions: BTreeMap<_, _> = items.iter().map(|item| (item, desk.claim_versions(item))).collect();
        if let Some(assignment) = &self.assignment {
            desk.on_book(&self.item, |book, context| book.assign(context, assignment))?;
        }
        let before = reserved(desk);
        let Covered { covers, free } = cover(desk, &self.sets, &self.keep_held)?;
        let left = match &self.location {
            Some(location) => desk.on_book(&self.item, |book, context| book.run_as_if(context, location))?,
            None => self.serve_all(desk, &items)?,
        };
        let gains = gains(&before, &reserved(desk));
        let claims = versions.iter().flat_map(|(item, before)| desk.changed_claims(item, before));
        Ok(pb::PreviewServingResponse { claims: claims.collect(), covers, free, gains, left: left.get() })
    }
}

impl PreviewServing {
    fn check_lines(&self, desk: &Desk<'_>) -> Result<(), Error> {
        let lines = self.lines.iter().enumerate().map(|(index, line)| (line, path("lines", index, "")));
        let taken = self.assignment.iter().flat_map(|one| &one.taken).enumerate();
        let taken = taken.map(|(index, one)| (&one.from.line, path("assignment.taken", index, "line")));
        let to = self.assignment.iter().map(|one| (&one.to.line, "assignment.to_line".to_owned()));
        for (line, field) in lines.chain(taken).chain(to) {
            if desk.item_of(line, || field.clone())? != self.item {
                return Err(Error::missing(Kind::Claim, line.as_str(), field));
            }
        }
        Ok(())
    }

    /// Shares what is held of all items but those of which it stays held. What nobody takes is free, and none is left.
    fn serve_all(&self, desk: &mut Desk<'_>, items: &[ItemId]) -> Result<Quantity, Error> {
        for item in items.iter().filter(|item| !self.keep_held.contains(*item)) {
            // Claims keep their pegs where no run ends.
            let is_held = desk.books.get(item).is_some_and(|book| book.holds().any(|hold| !hold.quantity.is_zero()));
            if !is_held && (self.assignment.is_some() || *item != self.item) {
                continue;
            }
            let lines = if *item == self.item { &self.lines[..] } else { &[] };
            desk.on_book(item, |book, context| book.serve_as_if_eligible(context, lines))?;
        }
        Ok(Quantity::ZERO)
    }
}

type Reserved = BTreeMap<(ItemId, ClaimKey, LocationId), i64>;

/// What each claim has reserved, by place.
fn reserved(desk: &Desk<'_>) -> Reserved {
    let claims = desk.books.iter().flat_map(|book| book.claims().map(|claim| (book.item(), claim)));
    let units = claims.flat_map(|(item, claim)| {
        let at = claim.reservations.iter();
        at.map(|there| ((item.clone(), claim.key.clone(), there.location.clone()), there.quantity.get()))
    });
    let mut reserved = Reserved::new();
    for (at, quantity) in units {
        *reserved.entry(at).or_default() += quantity;
    }
    reserved
}

/// What claims have reserved more or less.
fn gains(before: &Reserved, after: &Reserved) -> Vec<pb::PreviewedGain> {
    let places: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let gains = places.into_iter().filter_map(|place| {
        let units = |reserved: &Reserved| reserved.get(place).copied().unwrap_or_default();
        let quantity = units(after) - units(before);
        let (item, key, location) = place;
        (quantity != 0).then(|| pb::PreviewedGain {
            item: encode::item_name(item),
            line: key.line.to_string(),
            part: key.part,
            location: encode::location_name(location),
            quantity,
        })
    });
    gains.collect()
}
