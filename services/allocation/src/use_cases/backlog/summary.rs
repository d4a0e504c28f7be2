//! The explanation of a promise in one sentence for people.

use backorder_domain::order::explanation::{Binding, Situation};
use backorder_proto::convert::allocation::line_name;
use backorder_storage::{StorageError, columns};
use jiff::civil::Date;

use super::{queue::Queue, ship_set::SetPart};
use crate::{
    order::{
        hold::{Hold, Target},
        kits,
    },
    store::{backlog::WaitingLine, entity::order_line},
};

/// One sentence.
pub fn summary(
    situation: &Situation,
    binding: Binding,
    queue: &Queue,
    holds: &[Hold],
    set: Option<&SetPart>,
) -> String {
    let Situation { waiting, reserved, .. } = situation;
    match binding {
        Binding::Nothing if reserved.is_zero() => "Nothing is left to ship.".to_owned(),
        Binding::Nothing => format!("All {reserved} units that are left to ship are reserved."),
        Binding::RequestedDate if waiting.is_zero() => {
            format!("All {reserved} units are reserved, and the customer wants them on {}.", situation.requested_date)
        }
        Binding::RequestedDate => {
            format!("{waiting} units wait for supply that comes in time for {}.", situation.requested_date)
        }
        Binding::SupplyDate => {
            let day = situation.last_pegged_date.map_or_else(String::new, |date: Date| format!(" on {date}"));
            format!("{waiting} units wait for supply, of which the last is expected{day}.")
        }
        Binding::NoSupply => format!("{} units wait, and no supply is expected for them.", uncovered(situation)),
        Binding::Queue => format!(
            "{} units wait, because the supply that is expected goes to the {} lines ahead, which want {} units.",
            uncovered(situation),
            queue.lines(),
            queue.units()
        ),
        Binding::Horizon => format!(
            "{waiting} units have to leave on {}: stock is reserved for them from {} on.",
            situation.requested_date,
            situation.horizon_opens.unwrap_or(situation.today)
        ),
        Binding::GoLive => {
            format!(
                "{waiting} units wait for go-live: the line was taken over from another system, and its promise stands."
            )
        }
        Binding::ShipSet => {
            let rest = set.map_or_else(String::new, SetPart::kept_by);
            format!("{waiting} units wait, because the line goes together with others of its order{rest}.")
        }
        Binding::Batch => format!("{waiting} units wait for more of the batch that the customer asks for."),
        Binding::ShelfLife => {
            format!("{} units wait for batches with the remaining shelf life that is asked.", uncovered(situation))
        }
        Binding::Hold => format!("{waiting} units wait, because {} from taking stock.", keepers(holds)),
    }
}

/// What the line is a part of, or stands for; empty for a line of its own.
pub fn origin_summary(waiting: &WaitingLine) -> Result<String, StorageError> {
    let row = &waiting.line;
    if let Some(original) = row.substitutes_line {
        let line = line_name(&row.order_id, original);
        return Ok(format!(" It is sent in place of {} units of {line}.", row.substitutes_units));
    }
    let Some(number) = row.kit_line else { return Ok(String::new()) };
    let kits = kits::of(&waiting.order)?;
    let item =
        kits.iter().find(|kit| kit.number == number).map_or_else(String::new, |kit| format!(" items/{}", kit.item));
    let kit = line_name(&row.order_id, number);
    Ok(format!(" It is a component of the kit{item} of {kit}, which has {} in each.", row.kit_units))
}

/// What became of the line's wait, where somebody has to decide about it.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn wait_summary(row: &order_line::Model) -> Result<String, StorageError> {
    let limit = row.wait_limit_date.as_deref().unwrap_or_default();
    if let Some(deadline) = columns::optional_instant(row.question_answer_by, "order_line")? {
        return Ok(format!(
            " The customer accepted to wait until {limit} and is asked whether to wait on; without an answer by \
             {deadline} the policy decides."
        ));
    }
    if row.wait_escalated_at.is_some() {
        return Ok(format!(
            " The customer accepted to wait until {limit}: a planner decides what becomes of the line."
        ));
    }
    Ok(String::new())
}

/// The holds that keep a line from taking stock, with who set them.
fn keepers(holds: &[Hold]) -> String {
    let blocking: Vec<String> = holds
        .iter()
        .filter(|hold| hold.blocks_allocation)
        .map(|hold| {
            let on = match &hold.target {
                Target::Line(..) => String::new(),
                Target::Customer(_) => " on the customer".to_owned(),
            };
            format!("the {} hold of {}{on}", hold.word(), hold.actor)
        })
        .collect();
    let verb = if blocking.len() == 1 { "keeps the line" } else { "keep the line" };
    format!("{} {verb}", blocking.join(" and "))
}

fn uncovered(situation: &Situation) -> i64 {
    situation.waiting.saturating_sub(situation.pegged).get()
}
