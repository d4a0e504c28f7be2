//! Imports the orders and reversals of an Online Retail file, and its items.

use std::io::BufRead;

use backorder_proto::allocation::v1::{OrderDraft, OrderLineDraft, ShortageInstruction};

use super::{
    drive::Watched,
    items,
    place::OrderSender,
    report::{Outcome, Refusal, Report},
};
use crate::{
    client::requests,
    demand::{DemandEvent, DemandOrder},
    failure::Failure,
    output::text::named,
    retail::{
        reader::RetailReader,
        report::{RefusedRow, RetailReport},
    },
};

/// The currency of the file's prices.
pub const CURRENCY: &str = "GBP";
/// The category given to the file's items.
pub const CATEGORY: &str = "giftware";
/// The channel of the file's orders.
pub const CHANNEL: &str = "wholesale";

/// Sends every order and reversal of the file.
///
/// # Errors
/// [`Failure`] when the file cannot be read or a service stays unreachable; what was acknowledged stays done.
pub async fn run(
    reader: Box<dyn BufRead + Send>,
    sender: &mut OrderSender<'_>,
    watched: &Watched,
) -> Result<RetailReport, Failure> {
    let mut reader = RetailReader::try_new(reader)?.keeping_refused();
    while let Some(event) = reader.next() {
        note_refused(sender.report(), reader.drain_refused())?;
        match event? {
            DemandEvent::Ordered(order) => {
                let rows = vec![0; order.lines.len()];
                sender.place(draft(&order), rows).await?;
            }
            DemandEvent::Reversed(reversal) => sender.reverse(&reversal).await?,
        }
        watched.show(sender.report());
    }
    sender.settle().await?;
    note_refused(sender.report(), reader.drain_refused())?;
    sender.report().finish()?;
    Ok(reader.report())
}

fn note_refused(report: &mut Report, rows: Vec<RefusedRow>) -> Result<(), Failure> {
    for row in rows {
        let refusal = Refusal { line: row.line, reason: row.class.rule().to_owned(), detail: row.detail };
        report.add(Outcome::Refused(refusal))?;
    }
    Ok(())
}

/// The items that the file sells, as master data.
///
/// # Errors
/// [`Failure`] when the file cannot be read.
pub fn items_of(reader: Box<dyn BufRead + Send>) -> Result<Vec<backorder_proto::inventory::v1::Item>, Failure> {
    let mut reader = RetailReader::try_new(reader)?;
    for event in reader.by_ref() {
        event?;
    }
    Ok(reader.catalogue().iter().map(|item| items::of_catalogue(item, CATEGORY, CURRENCY)).collect())
}

/// An order of a demand stream as the order service takes it.
#[must_use]
pub fn draft(order: &DemandOrder) -> OrderDraft {
    let line = |line: &crate::demand::DemandLine| OrderLineDraft {
        line_number: i32::try_from(line.number).unwrap_or(0),
        item: named("items", &line.item),
        quantity: line.quantity,
        unit_price: Some(requests::money(CURRENCY, line.price_nanos)),
        shortage_instruction: ShortageInstruction::ShipPartialBackOrder.into(),
        ..OrderLineDraft::default()
    };
    OrderDraft {
        order_id: order.id.to_string(),
        customer: order.customer.as_deref().unwrap_or_default().to_owned(),
        channel: CHANNEL.to_owned(),
        destination_zone: order.country.to_string(),
        order_time: Some(backorder_proto::convert::encode::timestamp(order.placed_at)),
        lines: order.lines.iter().map(line).collect(),
        ..OrderDraft::default()
    }
}
