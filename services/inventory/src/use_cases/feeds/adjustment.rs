//! Adjustments that a warehouse made, shaped like X12 947.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
    stock::{count::Adjustment, loss::TakenAway, state::StockState},
};
use backorder_proto::{common::v1 as common, inventory::v1 as pb};
use jiff::Timestamp;

use super::{Document, on_book_alone, refused, refused_missing, taken};
use crate::{
    catalog::Places,
    error::Error,
    store::stock::Scope,
    use_cases::{
        UseCases,
        stock::{Desk, Named, NamedUnit, StockCommand, Victims},
    },
    write::{Who, Write},
};

/// What a warehouse adjusted.
#[derive(Debug, Clone)]
pub struct AdviseAdjustment {
    /// The document.
    pub document: Document,
    /// The lines.
    pub lines: Vec<AdjustedLine>,
    /// Lines that are refused already, because they name what is not there.
    pub refused: Vec<common::DocumentLineResult>,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

/// Units that changed their state in the warehouse.
#[derive(Debug, Clone)]
pub struct AdjustedLine {
    /// Its place in the document.
    pub number: i32,
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// The state from which they came.
    pub from: StockState,
    /// The state to which they went: another one.
    pub to: StockState,
    /// Units, at least 1.
    pub quantity: Quantity,
    /// The unit of `quantity`.
    pub unit: NamedUnit,
    /// The sender's reason.
    pub reason_code: String,
    /// Their batch.
    pub batch: Option<BatchId>,
}

impl AdjustedLine {
    /// Whether units may go from one state to another in a warehouse: in and out of the books in each state, and between
    /// what can be sold and what cannot, but for damaged units, which only leave.
    #[must_use]
    pub const fn is_allowed(from: StockState, to: StockState) -> bool {
        use StockState::{Available, Damaged, External, QualityControl};
        matches!(
            (from, to),
            (External, Available | QualityControl | Damaged)
                | (Available, External | QualityControl | Damaged)
                | (QualityControl, External | Available)
                | (Damaged, External)
        )
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Vec<TakenAway>, Error> {
        let Self { location, batch, unit, .. } = self;
        let batch = batch.as_ref();
        let quantity = desk.unit(&self.item, unit)?.base(self.quantity, &unit.field)?;
        on_book_alone(desk, &self.item, |book, context| match (self.from, self.to) {
            (StockState::External, to) => book.adjust(context, location, to, Adjustment::Add(quantity), batch, ""),
            (from, StockState::External) => {
                book.adjust(context, location, from, Adjustment::Remove(quantity), batch, "")
            }
            (StockState::QualityControl, _) => {
                book.release_quarantine(context, location, quantity, batch).map(|()| Vec::new())
            }
            (_, to) => book.quarantine(context, location, quantity, to == StockState::Damaged, batch),
        })
    }
}

impl UseCases {
    /// Takes adjustments: lines of unknown items or locations, and those that take more than is there, are refused.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn advise_adjustment(
        self,
        mut write: Write<AdviseAdjustment>,
    ) -> Result<pb::AdviseAdjustmentResponse, Error> {
        let mut known = Vec::with_capacity(write.command.lines.len());
        for line in std::mem::take(&mut write.command.lines) {
            match self.first_missing(&line.item, &line.location).await? {
                Some(missing) => write.command.refused.push(refused_missing(line.number, missing)?),
                None => known.push(line),
            }
        }
        write.command.lines = known;
        let places = self.places().await?;
        self.take_document(&write, &write.command.document, &places).await
    }
}

impl StockCommand for AdviseAdjustment {
    type Answer = pb::AdviseAdjustmentResponse;
    const NAME: &'static str = "advise_adjustment";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        let items = self.lines.iter().map(|line| line.item.clone()).collect();
        let locations = self.lines.iter().map(|line| line.location.clone()).collect();
        let receipts_in_review = self.lines.iter().any(|line| line.from == StockState::QualityControl);
        let units = self.lines.iter().any(|line| line.unit.is_named());
        Scope { receipts_in_review, units, ..Scope::of_losses(items, locations) }
    }

    fn cause(&self) -> String {
        self.document.key.number.clone()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut results = self.refused.clone();
        let mut victims = Victims::default();
        let mut pairs = BTreeSet::new();
        let reason_code = desk.context.reason_code.clone();
        for line in &self.lines {
            desk.context.reason_code.clone_from(&line.reason_code);
            match line.apply(desk) {
                Ok(taken_away) => {
                    victims.add(&line.item, &line.location, &taken_away);
                    pairs.insert((&line.item, &line.location));
                    results.push(taken(line.number));
                }
                Err(error) => results.push(refused(line.number, error)?),
            }
        }
        desk.context.reason_code = reason_code;
        results.sort_by_key(|result| result.line);
        let (reduced_claims, taken_away) = victims.messages(desk);
        let positions = pairs.into_iter().filter_map(|(item, location)| desk.position(item, location)).collect();
        Ok(pb::AdviseAdjustmentResponse { results, positions, reduced_claims, taken_away, holds: desk.new_holds() })
    }
}
