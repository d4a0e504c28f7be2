//! `ReleaseToWarehouse`, `RecallFromWarehouse`, `ReportShortPick`: the release gate.

use std::fmt::Debug;

use backorder_domain::stock::{
    book::ItemBook,
    context::CommandContext,
    error::StockError,
    release::LineUnits,
    warehouse::{GateUnits, Shortage},
};
use backorder_proto::{
    convert::{decode::path, encode},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{Desk, Named, StockCommand, post::ClaimsInOrder};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// What happens to units at the gate.
pub trait Handling: Debug + Send + Sync + 'static {
    /// The name of the use case.
    const NAME: &'static str;

    /// Whether lines may begin to wait by it.
    const LETS_WAIT: bool;

    /// The units that are meant.
    fn units(&self) -> &LineUnits;

    /// Does it.
    ///
    /// # Errors
    /// What the book refuses.
    fn handle(&self, book: &mut ItemBook, context: &CommandContext) -> Result<Vec<GateUnits>, StockError>;
}

/// Reserved units go into the warehouse's hands.
#[derive(Debug, Clone)]
pub struct HandOver(pub LineUnits);

/// The warehouse gives units out of its hands.
#[derive(Debug, Clone)]
pub struct Recall(pub LineUnits);

/// The warehouse did not find units.
#[derive(Debug, Clone)]
pub struct ShortPick(pub LineUnits, pub Shortage);

impl Handling for HandOver {
    const NAME: &'static str = "release_to_warehouse";
    const LETS_WAIT: bool = false;

    fn units(&self) -> &LineUnits {
        &self.0
    }

    fn handle(&self, book: &mut ItemBook, context: &CommandContext) -> Result<Vec<GateUnits>, StockError> {
        book.release_to_warehouse(context, &self.0)
    }
}

impl Handling for Recall {
    const NAME: &'static str = "recall_from_warehouse";
    const LETS_WAIT: bool = false;

    fn units(&self) -> &LineUnits {
        &self.0
    }

    fn handle(&self, book: &mut ItemBook, context: &CommandContext) -> Result<Vec<GateUnits>, StockError> {
        book.recall_from_warehouse(context, &self.0)
    }
}

impl Handling for ShortPick {
    const NAME: &'static str = "report_short_pick";
    const LETS_WAIT: bool = true;

    fn units(&self) -> &LineUnits {
        &self.0
    }

    fn handle(&self, book: &mut ItemBook, context: &CommandContext) -> Result<Vec<GateUnits>, StockError> {
        book.short_pick(context, &self.0, self.1)
    }
}

/// A command at the gate.
#[derive(Debug, Clone)]
pub struct AtWarehouse<H> {
    /// What happens, in order.
    pub lines: Vec<H>,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl<H: Handling> StockCommand for AtWarehouse<H> {
    type Answer = pb::WarehouseAnswer;
    const NAME: &'static str = H::NAME;

    fn names(&self) -> Named<'_> {
        let locations = self.lines.iter().enumerate().filter_map(|(index, line)| {
            let location = line.units().location.as_ref()?;
            Some((location, path("lines", index, "location")))
        });
        Named { items: Vec::new(), locations: locations.collect() }
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            lines: self.lines.iter().map(|line| line.units().line.clone()).collect(),
            locations: self.lines.iter().filter_map(|line| line.units().location.clone()).collect(),
            open_supplies: H::LETS_WAIT,
            ships_only: !H::LETS_WAIT,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        H::NAME.to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut claims = ClaimsInOrder::default();
        let mut moved = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            let item = desk.item_of(&line.units().line, || path("lines", index, "line"))?;
            for units in desk.on_book(&item, |book, context| line.handle(book, context))? {
                claims.add(&item, &units.key);
                moved.push(moved_units(&units));
            }
        }
        Ok(pb::WarehouseAnswer { claims: claims.messages(desk), moved })
    }
}

/// Units of a claim, as messages: of the batch that they are bound to. Of others nobody says which they are.
fn moved_units(units: &GateUnits) -> pb::PostedUnits {
    pb::PostedUnits {
        line: units.key.line.to_string(),
        part: units.key.part,
        location: encode::location_name(&units.location),
        quantity: units.quantity.get(),
        batch: units.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
        ..pb::PostedUnits::default()
    }
}
