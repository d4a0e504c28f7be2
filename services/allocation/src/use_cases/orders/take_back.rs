//! Takes shipped units back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use backorder_domain::quantity::Quantity;
use backorder_proto::{
    allocation::v1::{self as pb, Disposition},
    convert::{decode, encode},
    inventory::v1 as inventory,
};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    catalog::ItemCopy,
    error::Error,
    order::key::demand_line,
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::{
        entity::{order_line, shipped_batch},
        orders::load_lines_in_tx,
        shipped_batches,
    },
    use_cases::{UseCases, named_units::base_units},
    write::{Who, Write},
};

use super::{
    replacement::{self, Added, Again, planned_lines},
    returned::{Arrived, Place, ReturnedUnits, by_line},
    ship::allowed_line,
};

/// What comes back.
#[derive(Debug, Clone)]
pub struct TakeBack {
    /// The units.
    pub lines: Vec<ReturnedUnits>,
    /// When they came back; `None` means now.
    pub return_time: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Takes shipped units back: all lines or none.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn return_order_lines(self, write: Write<TakeBack>) -> Result<pb::ReturnOrderLinesResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let at = write.command.return_time.unwrap_or_else(|| self.now());
        let again = self.what_is_needed_again(&write.command).await?;
        let named = write.command.lines.iter().filter(|line| !line.unit.is_empty());
        let items = self.items_of_lines(&named.map(|line| (line.order.clone(), line.line)).collect()).await?;
        let command = ReturnCommand { returned: &write.command, who, at, again, items };
        self.run_step(&write, &command).await
    }
}

struct ReturnCommand<'a> {
    returned: &'a TakeBack,
    who: Who,
    at: Timestamp,
    /// What lines that are added are made of; `None` when nothing is replaced.
    again: Option<Again>,
    /// The items of the lines of which units are named.
    items: BTreeMap<(String, i32), Arc<ItemCopy>>,
}

#[async_trait]
impl StepCommand for ReturnCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Return
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let keys: BTreeSet<_> = self.returned.lines.iter().map(|line| (line.order.clone(), line.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let returned = self.in_base_units()?;
        let arrived = by_line(&book, &returned)?;
        let mut sums: BTreeMap<(&str, i32), Quantity> = BTreeMap::new();
        let mut units = Vec::with_capacity(arrived.len());
        let keys = arrived.iter().map(|returned| (returned.order.to_owned(), returned.line)).collect();
        let mut shipped = shipped_batches::of_lines(tx, &keys).await?;
        for came in &arrived {
            let line = allowed_line(&book, came.order, came.line, StepKind::Return)?;
            for place in &came.places {
                let sum = sums.entry((came.order, came.line)).or_default();
                *sum = sum.checked_add(place.quantity).unwrap_or(Quantity::COMMAND_MAX);
                let may = line.vector()?.may_return(*sum);
                may.map_err(|error| Error::Line { order: came.order.to_owned(), line: came.line, error })?;
                let (batch, owner) = of_what(came, place.quantity, &line.row, *sum, &mut shipped)?;
                units.push(inventory::ReturnLine { batch, owner, ..return_line(came, place, &line.row.item_id) });
            }
        }
        let planned = arrived.iter().map(|returned| PlannedLine {
            order: returned.order.to_owned(),
            line: returned.line,
            part: 0,
            quantity: returned.quantity.get(),
        });
        let planned = planned.collect();
        let added = match &self.again {
            Some(again) => again.lines_in_tx(tx, &book, &returned).await?,
            None => Added::default(),
        };
        mark_busy(batch, &mut book, step)?;
        let context = Some(self.who.message());
        let request = inventory::ReceiveReturnRequest {
            lines: units,
            effective_time: Some(encode::timestamp(self.at)),
            context: context.clone(),
            ..inventory::ReceiveReturnRequest::default()
        };
        let mut calls = vec![Call::new(Kind::TakeBack(request))];
        // What came back may be sold again at once, also to the line that replaces it.
        calls.extend(replacement::call(&added.lines, &book, self.at, &self.who));
        let (added, kits) = (added.lines, added.kits);
        let plan = Plan { calls, lines: planned, context, added: planned_lines(&added), kits, ..Plan::default() };
        replacement::add(batch, &mut book, added);
        Ok(Planned::Step(Box::new(plan), book))
    }
}

impl ReturnCommand<'_> {
    fn in_base_units(&self) -> Result<Vec<ReturnedUnits>, Error> {
        let lines = self.returned.lines.iter().enumerate();
        lines
            .map(|(index, line)| {
                let item = self.items.get(&(line.order.clone(), line.line));
                let fields = ["unit", "quantity"].map(|field| decode::path("lines", index, field));
                let quantity = base_units(item.map(Arc::as_ref), &line.unit, line.quantity, fields)?;
                Ok(ReturnedUnits { quantity, unit: String::new(), ..line.clone() })
            })
            .collect()
    }
}

/// Of which batch and owner units are that come back: as it is told, or as all are that left and did not come back. `sum` is
/// what comes back of the line so far, these units among it.
fn of_what(
    returned: &Arrived<'_>,
    quantity: Quantity,
    row: &order_line::Model,
    sum: Quantity,
    shipped: &mut [shipped_batch::Model],
) -> Result<(String, String), Error> {
    let line = (returned.order, returned.line);
    let (batch, owner) = if returned.batch.is_empty() && returned.owner.is_empty() {
        let before = sum.saturating_sub(quantity).get();
        match shipped_batches::all_of_one(shipped, line, row.shipped - row.returned - before) {
            Some(of) => of,
            None => return Ok((String::new(), String::new())),
        }
    } else {
        let left = shipped_batches::outstanding(shipped, line, (returned.batch, returned.owner));
        if left < quantity.get() {
            let field = decode::path("lines", returned.index, "batch");
            let text =
                format!("must name a batch and owner of which as many left for the line: {left} are with the customer");
            return Err(Error::invalid(field, text));
        }
        (returned.batch.to_owned(), returned.owner.to_owned())
    };
    shipped_batches::take_back(shipped, line, (&batch, &owner), quantity.get());
    Ok((batch, owner))
}

fn return_line(returned: &Arrived<'_>, place: &Place<'_>, item: &str) -> inventory::ReturnLine {
    let disposition = match place.disposition {
        Disposition::Restock => inventory::ReturnDisposition::Restock,
        Disposition::Quarantine => inventory::ReturnDisposition::Quarantine,
        Disposition::Scrap => inventory::ReturnDisposition::Scrap,
        Disposition::Unspecified => inventory::ReturnDisposition::Unspecified,
    };
    inventory::ReturnLine {
        item: format!("items/{item}"),
        location: encode::location_name(place.location),
        quantity: place.quantity.get(),
        disposition: disposition.into(),
        line: demand_line(returned.order, returned.line, false),
        ..inventory::ReturnLine::default()
    }
}
