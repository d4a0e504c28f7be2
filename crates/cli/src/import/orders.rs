//! Imports orders from our own layout: one row per line, rows of one order one after the other; in JSON lines an order
//! may also be one object with its lines inside. An order with a row at fault is refused as a whole.

use std::collections::BTreeMap;

use backorder_proto::{
    allocation::v1::{OrderDraft, OrderLineDraft, ShortageInstruction},
    common::v1::{DateBasis, ZonedDate},
};

use super::{
    drive::Watched,
    place::OrderSender,
    report::{Outcome, Refusal},
    rows::{Row, Rows, malformed},
};
use crate::{failure::Failure, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "order (required, unique for ever), item (required), quantity (required), line, unit, price, currency (GBP), requested_date (YYYY-MM-DD), date_basis (ship, deliver), time_zone (UTC), locations (a|b|...), shortage (back_order, no_back_order, ship_partial_back_order, ship_partial_cancel, ship_complete, ship_item_complete, ship_as_soon_as_possible), ship_set, notify_before_short (yes, no), substitution_allowed (yes, no), batch, min_remaining_shelf_life_days; the same in every row of an order: customer, tier, channel, ship_to, destination_zone, service, order_time (2026-01-05T09:30:00Z)";

/// The words for what a requested date is the date of.
const DATE_BASES: [(&str, i32); 2] = [("ship", DateBasis::Ship as i32), ("deliver", DateBasis::Deliver as i32)];

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 3] = ["order", "item", "quantity"];

/// The reason of rows that are right, but stand in an order with a row at fault.
pub(super) const REASON_WITH_ITS_ORDER: &str = "another row of its order is at fault";

/// The words for what a customer wants when not all is there.
pub const SHORTAGE: [(&str, i32); 7] = [
    ("back_order", ShortageInstruction::BackOrder as i32),
    ("no_back_order", ShortageInstruction::NoBackOrder as i32),
    ("ship_partial_back_order", ShortageInstruction::ShipPartialBackOrder as i32),
    ("ship_partial_cancel", ShortageInstruction::ShipPartialCancel as i32),
    ("ship_complete", ShortageInstruction::ShipComplete as i32),
    ("ship_item_complete", ShortageInstruction::ShipItemComplete as i32),
    ("ship_as_soon_as_possible", ShortageInstruction::ShipAsSoonAsPossible as i32),
];

/// An order whose rows are being read.
#[derive(Debug, Default)]
struct Collected {
    draft: OrderDraft,
    lines: Vec<u64>,
    refusals: Vec<Refusal>,
}

/// Sends every order of the file.
///
/// # Errors
/// [`Failure`] when the file cannot be read or a service stays unreachable; what was acknowledged stays done.
pub async fn run(mut rows: Rows, sender: &mut OrderSender<'_>, watched: &Watched) -> Result<(), Failure> {
    let mut order = Collected::default();
    while let Some(row) = rows.next_row()? {
        let unfolded = match row {
            Ok(row) => unfold(&row),
            Err(refusal) => Err(refusal),
        };
        match unfolded {
            Err(refusal) => sender.report().add(Outcome::Refused(refusal))?,
            Ok(line_rows) => {
                for line_row in &line_rows {
                    if !order.lines.is_empty() && order.draft.order_id != line_row.text("order") {
                        send(std::mem::take(&mut order), sender).await?;
                    }
                    order.add(line_row);
                }
            }
        }
        watched.show(sender.report());
    }
    send(order, sender).await?;
    sender.settle().await?;
    sender.report().finish()?;
    Ok(())
}

async fn send(order: Collected, sender: &mut OrderSender<'_>) -> Result<(), Failure> {
    if order.lines.is_empty() {
        return Ok(());
    }
    if order.refusals.is_empty() {
        return sender.place(order.draft, order.lines).await;
    }
    for line in order.lines {
        let own = order.refusals.iter().find(|refusal| refusal.line == line).cloned();
        let refusal = own.unwrap_or_else(|| Refusal {
            line,
            reason: REASON_WITH_ITS_ORDER.to_owned(),
            detail: format!("order {} has another row at fault", order.draft.order_id),
        });
        sender.report().add(Outcome::Refused(refusal))?;
    }
    Ok(())
}

/// The rows of the lines of a JSON object that holds a whole order; any other row is itself.
pub(super) fn unfold(row: &Row) -> Result<Vec<Row>, Refusal> {
    let lines = row.text("lines");
    if lines.is_empty() {
        return Ok(vec![row.clone()]);
    }
    let wrong = || malformed(row.line, "lines is not an array of objects");
    let lines: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_str(lines).map_err(|_| wrong())?;
    let unfolded = lines.into_iter().map(|line| {
        let mut fields = row.columns().clone();
        fields.remove("lines");
        for (name, value) in line {
            let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
            if !value.is_null() && !text.is_empty() {
                fields.insert(name.to_lowercase(), text);
            }
        }
        Row::of(row.line, fields)
    });
    let unfolded: Vec<Row> = unfolded.collect();
    if unfolded.is_empty() { Err(wrong()) } else { Ok(unfolded) }
}

impl Collected {
    fn add(&mut self, row: &Row) {
        let (head, line) = match read_row(row) {
            Ok(read) => read,
            Err(refusal) => {
                self.draft.order_id = row.text("order").to_owned();
                self.lines.push(row.line);
                self.refusals.push(refusal);
                return;
            }
        };
        if self.lines.is_empty() {
            self.draft = head;
        } else if self.refusals.is_empty() && (OrderDraft { lines: Vec::new(), ..self.draft.clone() }) != head {
            self.refusals.push(malformed(
                row.line,
                "customer, tier, channel, ship_to, destination_zone, service or order_time differ from the order's first row",
            ));
        }
        self.lines.push(row.line);
        self.draft.lines.push(line);
    }
}

/// What a row says of its order and of its line.
pub(super) fn read_row(row: &Row) -> Result<(OrderDraft, OrderLineDraft), Refusal> {
    let mut fields = row.fields();
    let head = OrderDraft {
        order_id: fields.required("order"),
        customer: fields.text("customer"),
        customer_tier: fields.text("tier"),
        channel: fields.text("channel"),
        ship_to: fields.text("ship_to"),
        destination_zone: fields.text("destination_zone"),
        service: fields.text("service"),
        order_time: fields.instant("order_time").map(backorder_proto::convert::encode::timestamp),
        ..OrderDraft::default()
    };
    let zone = Some(fields.text("time_zone")).filter(|zone| !zone.is_empty()).unwrap_or_else(|| "UTC".to_owned());
    let requested = fields.date("requested_date");
    let basis = fields.one_of("date_basis", &DATE_BASES, DateBasis::Ship.into());
    let line = OrderLineDraft {
        line_number: i32::try_from(fields.whole("line", 0)).unwrap_or(-1),
        item: named("items", &fields.required("item")),
        ordered_unit: fields.text("unit"),
        quantity: fields.required_whole("quantity"),
        locations: fields
            .text("locations")
            .split('|')
            .filter(|id| !id.is_empty())
            .map(|id| named("locations", id))
            .collect(),
        requested_date: requested.map(|date| ZonedDate { date: Some(date), basis, time_zone: zone }),
        unit_price: fields.money("price", "currency", "GBP"),
        shortage_instruction: fields.one_of("shortage", &SHORTAGE, ShortageInstruction::BackOrder.into()),
        ship_set: fields.text("ship_set"),
        notify_before_short: fields.flag("notify_before_short"),
        substitution_allowed: fields.flag("substitution_allowed"),
        batch: fields.text("batch"),
        min_remaining_shelf_life_days: fields.optional_whole("min_remaining_shelf_life_days").unwrap_or_default(),
        ..OrderLineDraft::default()
    };
    fields.finish()?;
    Ok((head, line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn rows(text: &'static str) -> Vec<Row> {
        let mut rows = Rows::open(Box::new(text.as_bytes()), &[]).unwrap();
        let read: Vec<Row> = std::iter::from_fn(|| rows.next_row().unwrap()).map(Result::unwrap).collect();
        read.iter().flat_map(|row| unfold(row).unwrap()).collect()
    }

    fn collected(text: &'static str) -> Collected {
        let mut order = Collected::default();
        rows(text).iter().for_each(|row| order.add(row));
        order
    }

    #[test]
    fn rows_and_a_folded_object_are_the_same_order() {
        let csv = collected("order,customer,item,quantity,price\nA,c,X,5,2.5\nA,c,Y,1,\n");
        let json = collected(
            "{\"order\":\"A\",\"customer\":\"c\",\"lines\":[{\"item\":\"X\",\"quantity\":5,\"price\":\"2.5\"},{\"item\":\"Y\",\"quantity\":1}]}\n",
        );
        assert_eq!(csv.draft, json.draft);
        assert_eq!((csv.draft.lines.len(), csv.lines), (2, vec![2, 3]));
    }

    #[test]
    fn an_order_whose_rows_contradict_each_other_is_at_fault() {
        let order = collected("order,customer,item,quantity\nA,c,X,5\nA,d,Y,1\n");
        assert_eq!(order.refusals.iter().map(|refusal| refusal.line).collect::<Vec<u64>>(), [3]);
    }

    #[test]
    fn an_order_with_an_unreadable_row_keeps_the_lines_of_all_its_rows() {
        let order = collected("order,item,quantity\nA,X,many\nA,Y,1\n");
        assert_eq!((order.lines, order.refusals.len()), (vec![2, 3], 1));
    }
}
