//! The explanation of a promise in one sentence for people.

use backorder_domain::order::explanation::{Binding, Situation};
use jiff::civil::Date;

use super::queue::Queue;

/// One sentence.
pub fn summary(situation: &Situation, binding: Binding, queue: &Queue) -> String {
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
        Binding::Hold => format!("{waiting} units wait, because a hold keeps the line from taking stock."),
    }
}

fn uncovered(situation: &Situation) -> i64 {
    situation.waiting.saturating_sub(situation.pegged).get()
}
