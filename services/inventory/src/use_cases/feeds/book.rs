//! Books differences of stock comparisons as counts.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{compare::counted, count::CountAnswer, state::StockState},
};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use backorder_storage::{Batch, StorageError, columns};
use jiff::Timestamp;

use super::compare::{difference_name, message, no_difference};
use crate::{
    catalog::Places,
    error::Error,
    store::{
        differences::{self as table, BOOKED, OPEN},
        entity::stock_difference,
        stock::{Scope, item_id, location_id},
    },
    use_cases::{
        UseCases,
        stock::{AuditSubject, Desk, Named, StockCommand, Victims},
    },
    write::{Who, Write},
};

/// The differences that are booked.
#[derive(Debug, Clone)]
pub struct BookDifferences {
    /// Their ids, each once.
    pub ids: Vec<String>,
    /// Their rows, read before their items are locked: what is used of them never changes.
    pub rows: Vec<stock_difference::Model>,
    /// Who books and why.
    pub who: Who,
}

impl UseCases {
    /// Books open differences: all or none.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn book_stock_differences(
        self,
        mut write: Write<BookDifferences>,
    ) -> Result<pb::BookStockDifferencesResponse, Error> {
        let found = table::find(self.store().reader(), &write.command.ids).await?;
        let mut by_id: BTreeMap<String, stock_difference::Model> =
            found.into_iter().map(|row| (row.id.clone(), row)).collect();
        for (index, id) in write.command.ids.iter().enumerate() {
            let row = by_id.remove(id).ok_or_else(|| no_difference(id, path("names", index, "")))?;
            write.command.rows.push(row);
        }
        let places = self.places().await?;
        let (use_cases, write, places) = (&self, &write, places.as_ref());
        self.store()
            .write("book_stock_differences", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = use_cases.begin_in_tx(tx, write).await? {
                        return Ok(answer);
                    }
                    let ids = &write.command.ids;
                    let booked = table::book_in_tx(tx, ids, use_cases.now()).await?;
                    if booked < ids.len() as u64 {
                        return Err(closed(&table::find(tx, ids).await?, &write.command.rows));
                    }
                    let mut batch = Batch::new(tx);
                    let answer = use_cases.apply_in_tx(tx, &mut batch, write, places).await?;
                    batch.run(tx).await?;
                    Ok(answer)
                })
            })
            .await
    }
}

/// Of the differences as they are now, some by this very transaction, the first that was not open before it.
fn closed(now: &[stock_difference::Model], before: &[stock_difference::Model]) -> Error {
    let was_open = |row: &stock_difference::Model| before.iter().any(|old| old.id == row.id && old.state == OPEN);
    let found = now.iter().find(|row| !was_open(row)).or_else(|| now.first());
    found.map_or_else(
        || no_difference("", String::new()),
        |row| Error::Closed { name: difference_name(&row.id), state: row.state.clone() },
    )
}

/// One difference as it is booked.
struct Booking<'a> {
    row: &'a stock_difference::Model,
    item: ItemId,
    location: LocationId,
    state: StockState,
}

impl BookDifferences {
    fn bookings(&self) -> Result<Vec<Booking<'_>>, StorageError> {
        const TABLE: &str = "stock_difference";
        let booking = |row: &'_ stock_difference::Model| {
            let state = row.stock_state.parse();
            let state =
                state.map_err(|_| StorageError::InvalidRow { table: TABLE, detail: row.stock_state.clone() })?;
            Ok((item_id(&row.item_id, TABLE)?, location_id(&row.location_id, TABLE)?, state))
        };
        self.rows
            .iter()
            .map(|row| booking(row).map(|(item, location, state)| Booking { row, item, location, state }))
            .collect()
    }
}

impl StockCommand for BookDifferences {
    type Answer = pb::BookStockDifferencesResponse;
    const NAME: &'static str = "book_stock_differences";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        let bookings = self.bookings().unwrap_or_default();
        let items = bookings.iter().map(|booking| booking.item.clone()).collect();
        let locations = bookings.iter().map(|booking| booking.location.clone()).collect();
        Scope { receipts_in_review: true, ..Scope::of_losses(items, locations) }
    }

    fn cause(&self) -> String {
        "stock comparison".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        self.ids.iter().map(|id| difference_name(id)).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut victims = Victims::default();
        let bookings = self.bookings()?;
        for booking in &bookings {
            let answer = book(desk, booking)?;
            victims.add(&booking.item, &booking.location, &answer.taken_away);
        }
        let pairs: BTreeSet<_> = bookings.iter().map(|booking| (&booking.item, &booking.location)).collect();
        let (reduced_claims, taken_away) = victims.messages(desk);
        let booked_at = columns::micros(desk.context.now);
        let differences = self.rows.iter().map(|row| {
            let booked =
                stock_difference::Model { state: BOOKED.to_owned(), closed_at: Some(booked_at), ..row.clone() };
            message(&booked)
        });
        Ok(pb::BookStockDifferencesResponse {
            differences: differences.collect::<Result<_, _>>()?,
            positions: pairs.into_iter().filter_map(|(item, location)| desk.position(item, location)).collect(),
            reduced_claims,
            taken_away,
            holds: desk.new_holds(),
        })
    }
}

fn book(desk: &mut Desk<'_>, booking: &Booking<'_>) -> Result<CountAnswer, Error> {
    let Booking { row, item, location, state } = booking;
    desk.on_book(item, |book, context| {
        let position = book.position(location)?;
        let now = match state {
            StockState::QualityControl => position.quality_control,
            StockState::Damaged => position.damaged,
            StockState::Available
            | StockState::External
            | StockState::Reserved
            | StockState::Released
            | StockState::Held
            | StockState::InTransit => {
                let parts = [position.available, position.held, position.reserved, position.released];
                Quantity::checked_sum(parts).unwrap_or(Quantity::COMMAND_MAX)
            }
        };
        let counted = counted(now, row.unexplained);
        match state {
            StockState::QualityControl | StockState::Damaged => {
                book.count_apart(context, location, *state, counted, None)
            }
            StockState::Available
            | StockState::External
            | StockState::Reserved
            | StockState::Released
            | StockState::Held
            | StockState::InTransit => book.count(context, location, counted, None),
        }
    })
}
