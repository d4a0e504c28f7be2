//! The supplier answers a take, or it is taken back.

use std::sync::Arc;

use async_trait::async_trait;
use backorder_domain::quantity::Quantity;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, WriteTx, columns};
use jiff::civil::Date;
use prost::Message as _;
use uuid::Uuid;

use super::{Recorded, closed, locked_in_tx};
use crate::{
    catalog::ItemCopy,
    error::Error,
    order::{
        Book,
        take::{self, Moved},
    },
    saga::{Planned, StepCommand, StepKind},
    store::{
        entity::drop_ship_take as row,
        takes::{CANCELLED, CONFIRMED, PENDING, REFUSED},
    },
    use_cases::{UseCases, named_units::base_units},
    write::{Who, Write},
};

/// What becomes of a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The supplier ships so many of the named unit, zero meaning all, on a day.
    Confirms(Quantity, Option<Date>),
    /// The supplier does not ship.
    Refuses,
    /// We do not want it any more.
    TakenBack,
}

/// An answer to a take.
#[derive(Debug, Clone)]
pub struct AnswerTake {
    /// The take's id.
    pub take: String,
    /// What becomes of it.
    pub answer: Answer,
    /// The unit, by its code or GTIN; empty for base units.
    pub unit: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Records what becomes of a take.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn answer_take(self, write: Write<AnswerTake>) -> Result<pb::DropShipTakeResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let item = self.item_of_take(&write.command.take, &write.command.unit).await?;
        let command = AnswerCommand { use_cases: &self, answered: &write.command, item, who, traceparent };
        self.run_step(&write, &command).await
    }
}

struct AnswerCommand<'a> {
    use_cases: &'a UseCases,
    answered: &'a AnswerTake,
    /// The item, where a unit is named.
    item: Option<Arc<ItemCopy>>,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for AnswerCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::DropShip
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        let (mut take, mut book) = locked_in_tx(tx, &self.answered.take).await?;
        let now = self.use_cases.now();
        let is_open = match self.answered.answer {
            Answer::Confirms(..) | Answer::Refuses => take.state == PENDING,
            Answer::TakenBack => take.state == PENDING || take.state == CONFIRMED,
        };
        if !is_open {
            return Err(closed(&take));
        }
        let (text, moved) = match self.answered.answer {
            Answer::Confirms(quantity, ship_date) => {
                take.ship_date = ship_date.map(columns::date_text);
                let fields = ["unit", "confirmed"].map(str::to_owned);
                let quantity = base_units(self.item.as_deref(), &self.answered.unit, quantity, fields)?;
                let confirmed = confirmed(&take, quantity, &book)?;
                let state = if confirmed > 0 { CONFIRMED } else { CANCELLED };
                ("confirmed by the supplier", take::answer(&mut take, state, confirmed, now))
            }
            Answer::Refuses => ("refused by the supplier", take::answer(&mut take, REFUSED, 0, now)),
            Answer::TakenBack => ("taken back from the supplier", take::cancel(&mut take, now)),
        };
        let answer = self.record_in_tx(tx, step, &mut book, (take, moved, text)).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}

impl AnswerCommand<'_> {
    async fn record_in_tx(
        &self,
        tx: &WriteTx<'_>,
        step: Uuid,
        book: &mut Book,
        (take, moved, text): (row::Model, Moved, &'static str),
    ) -> Result<pb::DropShipTakeResponse, Error> {
        let (who, traceparent) = (&self.who, self.traceparent.clone());
        let recorded = Recorded { write: step, text, who, traceparent, take, moved };
        self.use_cases.record_take_in_tx(tx, book, recorded).await
    }
}

/// Of what the supplier says that it ships, what the line still needs: stock may have served it meanwhile.
fn confirmed(take: &row::Model, answered: Quantity, book: &Book) -> Result<i64, Error> {
    let answered = if answered.is_zero() { take.quantity } else { answered.get() };
    if answered > take.quantity {
        return Err(Error::invalid("confirmed", format!("must be at most the {} units asked for", take.quantity)));
    }
    let line = book.line(&take.order_id, take.line_number);
    let needed = line.map_or(0, |line| (line.row.open - line.row.drop_ship_confirmed).max(0));
    Ok(answered.min(needed))
}
