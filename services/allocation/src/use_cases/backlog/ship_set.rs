//! What a line's ship set does to its promise, for its explanation.

use std::collections::BTreeMap;

use backorder_proto::{
    allocation::v1 as pb,
    convert::{allocation::line_name, encode},
};
use backorder_storage::rows_by_key;
use jiff::{Timestamp, civil::Date};
use sea_orm::Value;

use crate::{
    catalog::Places,
    error::Error,
    order::{
        LineRecord, Moment, OrderRecord,
        sets::{members, own_day},
    },
    store::{
        backlog::WaitingLine,
        entity::{line_claim, order_line},
    },
    use_cases::UseCases,
};

/// The ship set of a line.
pub(super) struct SetPart {
    /// For the caller.
    pub message: pb::ShipSetState,
    /// The day on which all of it can leave.
    day: Option<Date>,
}

impl SetPart {
    /// Whether other lines than this one keep the set.
    pub(super) fn keeps(&self, line: &str) -> bool {
        !self.message.complete
            && !self.message.last_lines.is_empty()
            && !self.message.last_lines.iter().any(|last| last == line)
    }

    /// Which lines keep it, for the end of a sentence.
    pub(super) fn kept_by(&self) -> String {
        let numbers = self.message.last_lines.iter().filter_map(|name| name.rsplit('/').next());
        let lines = numbers.map(|number| format!("line {number}")).collect::<Vec<_>>().join(", ");
        match self.day {
            Some(day) => format!(", of which the last can leave on {day}: {lines}"),
            None => format!(", and no day is known for {lines}"),
        }
    }
}

impl UseCases {
    /// The ship set of a line; `None` when it goes alone.
    pub(super) async fn set_of(
        &self,
        waiting: &WaitingLine,
        places: &Places,
        now: Timestamp,
    ) -> Result<Option<SetPart>, Error> {
        let (order, name) = (waiting.order.clone(), waiting.line.set_name.clone());
        if name.is_empty() {
            return Ok(None);
        }
        let key = (order.id.clone(), name.clone());
        let (lines, claims) = self
            .store()
            .snapshot("explain_ship_set", move |tx| {
                Box::pin(async move {
                    let key = vec![Value::from(key.0.as_str()), Value::from(key.1.as_str())];
                    let lines: Vec<order_line::Model> = rows_by_key(&**tx, &["order_id", "set_name"], key).await?;
                    let keys = lines
                        .iter()
                        .flat_map(|line| [Value::from(line.order_id.as_str()), Value::from(line.line_number)])
                        .collect();
                    let claims: Vec<line_claim::Model> = rows_by_key(&**tx, &["order_id", "line_number"], keys).await?;
                    Ok::<_, Error>((lines, claims))
                })
            })
            .await?;
        let mut record = OrderRecord::new(order);
        record.lines = lines.into_iter().map(|row| (row.line_number, LineRecord::new(row))).collect();
        for claim in claims {
            if let Some(line) = record.lines.get_mut(&claim.line_number) {
                line.claims.insert(claim.part, claim);
            }
        }
        part_of(&record, &name, Moment { now, places }).map(Some)
    }
}

fn part_of(order: &OrderRecord, name: &str, moment: Moment<'_>) -> Result<SetPart, Error> {
    let complete = !members(order, name).any(|(_, line)| line.row.open > 0);
    let mut days: BTreeMap<i32, Option<Date>> = BTreeMap::new();
    for (number, line) in members(order, name) {
        days.insert(number, own_day(&order.row, line, !complete, moment)?);
    }
    let day = backorder_domain::order::ship_set::last_day(days.values().copied());
    let last = days.iter().filter(|(_, own)| **own == day);
    let message = pb::ShipSetState {
        name: name.to_owned(),
        lines: days.keys().map(|number| line_name(&order.row.id, *number)).collect(),
        last_lines: last.map(|(number, _)| line_name(&order.row.id, *number)).collect(),
        ship_date: day.map(encode::date),
        complete,
    };
    Ok(SetPart { message, day })
}
