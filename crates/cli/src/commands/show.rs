//! Tables of the contracts' resources, for people.

mod places;

pub(super) use places::{calendars, lanes, locations};

use std::collections::BTreeMap;

use backorder_proto::{
    allocation::v1::{LineBarrier, LineHold, LostDemand, LostDemandReason, Order, OrderKit, OrderLine, OrderState},
    inventory::v1::{Hold, Item, ItemUnit, Position, Supply, SupplyState, TakenAway},
};

use super::hold::type_word;
use crate::{
    decimal::format_nanos,
    import::parts::substitute_text,
    output::{
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const ORDER_LINES: [Column; 10] = [
    Words("line"),
    Words("item"),
    Number("ordered"),
    Number("open"),
    Number("reserved"),
    Number("released"),
    Number("shipped"),
    Number("cancelled"),
    Number("refused"),
    Words("promised"),
];

/// Lines of orders.
pub(super) fn order_lines<'a>(lines: impl IntoIterator<Item = &'a OrderLine>) -> String {
    let lines: Vec<&OrderLine> = lines.into_iter().collect();
    let has_units = lines.iter().any(|line| !line.ordered_unit.is_empty());
    let mut columns = ORDER_LINES.to_vec();
    if has_units {
        columns.push(Words("entered"));
    }
    render(
        &columns,
        lines.into_iter().map(|line| {
            let numbers =
                [line.ordered, line.open, line.reserved, line.released, line.shipped, line.cancelled, line.refused];
            let mut row = vec![text::line(&line.name), text::id(&line.item).to_owned()];
            row.extend(numbers.map(|number| number.to_string()));
            row.push(text::zoned_date(line.current_promised_date.as_ref()));
            if has_units {
                let (quantity, base_units) = (line.ordered_unit_quantity, line.base_units_per_unit);
                row.push(text::entered(quantity, &line.ordered_unit, base_units));
            }
            row
        }),
    )
}

/// One order with its lines.
pub(super) fn order(order: &Order) -> String {
    let head = format!(
        "order {} {} of {}, placed {}",
        text::id(&order.name),
        order_state(order.state),
        if order.customer.is_empty() { "an unnamed customer" } else { &order.customer },
        text::time(order.order_time.as_ref()),
    );
    let (lines, holds) = (order_lines(&order.lines), line_holds(&order.lines));
    format!(
        "{head}\n{lines}{}{}{holds}{}",
        kits(&order.kits),
        substitutes(&order.lines),
        ship_sets(&order.lines) + &wishes(&order.lines)
    )
}

/// The kits that were ordered; nothing when there are none.
pub(super) fn kits<'a>(kits: impl IntoIterator<Item = &'a OrderKit>) -> String {
    let one = |kit: &OrderKit| {
        let components: Vec<&str> = kit.components.iter().filter_map(|line| line.rsplit('/').next()).collect();
        format!(
            "\nkit {} of {}: {} ordered, {} open, {} covered, {} shipped, {} cancelled, {} returned; lines {}, promised {}",
            text::line(&kit.name),
            text::id(&kit.item),
            kit.ordered,
            kit.open,
            kit.covered,
            kit.shipped,
            kit.cancelled,
            kit.returned,
            components.join(", "),
            text::zoned_date(kit.current_promised_date.as_ref()),
        )
    };
    kits.into_iter().map(one).collect()
}

/// Which lines stand for others; nothing when none does.
fn substitutes(lines: &[OrderLine]) -> String {
    let standing = lines.iter().filter(|line| !line.substitutes.is_empty());
    let one = |line: &OrderLine| {
        let original = text::line(&line.substitutes);
        format!("\n{} is sent for {} units of {original}", text::line(&line.name), line.substitutes_units)
    };
    standing.map(one).collect()
}

/// Which lines go together, and whether something of them waits; nothing when all go alone.
/// What lines ask of their units.
fn wishes(lines: &[OrderLine]) -> String {
    let asking = lines.iter().filter(|line| !line.batch.is_empty() || line.min_remaining_shelf_life_days > 0);
    let words = asking.map(|line| {
        let batch = if line.batch.is_empty() { String::new() } else { format!(" batch {}", line.batch) };
        let days = match line.min_remaining_shelf_life_days {
            0 => String::new(),
            days => format!(" {days} days of shelf life"),
        };
        format!("\nline {} asks for{batch}{days}", text::id(&line.name))
    });
    words.collect()
}

fn ship_sets(lines: &[OrderLine]) -> String {
    let mut sets: BTreeMap<&str, Vec<&OrderLine>> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.ship_set_name.is_empty()) {
        sets.entry(&line.ship_set_name).or_default().push(line);
    }
    let said = sets.into_iter().map(|(name, lines)| {
        let numbers: Vec<&str> = lines.iter().filter_map(|line| line.name.rsplit('/').next()).collect();
        let waits =
            if lines.iter().any(|line| line.open > 0) { "not all of it is there" } else { "all of it is there" };
        format!("\ngoes together ({name}): lines {}; {waits}", numbers.join(", "))
    });
    said.collect()
}

/// What keeps a line, in few words: its holds by type, and what else bars it.
pub(super) fn kept_by(line: &OrderLine) -> String {
    let holds = line.holds.iter().map(|hold| format!("{} hold", type_word(hold.r#type())));
    let others = line.barriers().filter_map(|barrier| match barrier {
        LineBarrier::BeforeHorizon => Some("before horizon".to_owned()),
        LineBarrier::SetIncomplete => Some("set incomplete".to_owned()),
        LineBarrier::GoLive => Some("waits for go-live".to_owned()),
        LineBarrier::DropShip => Some("asked of suppliers".to_owned()),
        LineBarrier::Unspecified
        | LineBarrier::Hold
        | LineBarrier::ReleaseHold
        | LineBarrier::CustomerHold
        | LineBarrier::CustomerReleaseHold => None,
    });
    holds.chain(others).collect::<Vec<_>>().join(", ")
}

/// What keeps lines, nothing when nothing does.
pub(super) fn line_holds<'a>(lines: impl IntoIterator<Item = &'a OrderLine>) -> String {
    let of_line = |line: &'a OrderLine| line.holds.iter().map(move |hold| (line, hold));
    let one = |(line, hold): (&OrderLine, &LineHold)| {
        let context = hold.context.clone().unwrap_or_default();
        let on = if hold.customer.is_empty() { "" } else { " on the customer" };
        let until = hold.until_time.as_ref().map(|until| format!(" until {}", text::time(Some(until))));
        format!(
            "\n{}: {} hold{on} by {}: {}{}, blocks {}",
            text::line(&line.name),
            type_word(hold.r#type()),
            context.actor,
            context.reason_code,
            until.unwrap_or_default(),
            if hold.blocks_allocation { "allocation" } else { "release" },
        )
    };
    lines.into_iter().flat_map(of_line).map(one).collect()
}

/// The state of an order in words.
pub(super) fn order_state(state: i32) -> String {
    OrderState::try_from(state).unwrap_or_default().as_str_name().trim_start_matches("ORDER_STATE_").to_owned()
}

/// Orders without their lines.
pub(super) fn orders(orders: &[Order]) -> String {
    let columns =
        [Words("order"), Words("state"), Words("customer"), Words("placed"), Number("lines"), Number("open units")];
    render(
        &columns,
        orders.iter().map(|order| {
            vec![
                text::id(&order.name).to_owned(),
                order_state(order.state),
                order.customer.clone(),
                text::time(order.order_time.as_ref()),
                order.lines.len().to_string(),
                order.lines.iter().map(|line| line.open).sum::<i64>().to_string(),
            ]
        }),
    )
}

/// What was refused or cut, nothing when nothing was.
pub(super) fn lost_demand(lost: &[LostDemand]) -> String {
    if lost.is_empty() {
        return String::new();
    }
    let columns = [Words("refused line"), Words("item"), Number("units"), Words("why"), Words("policy")];
    let reason = |reason: i32| LostDemandReason::try_from(reason).unwrap_or_default().as_str_name();
    render(
        &columns,
        lost.iter().map(|lost| {
            vec![
                text::line(&lost.line),
                text::id(&lost.item).to_owned(),
                lost.quantity.to_string(),
                reason(lost.reason).trim_start_matches("LOST_DEMAND_REASON_").to_owned(),
                text::id(&lost.policy).to_owned(),
            ]
        }),
    )
}

/// Positions of stock.
pub(super) fn positions<'a>(positions: impl IntoIterator<Item = &'a Position>) -> String {
    let columns = [
        Words("item"),
        Words("location"),
        Number("on hand"),
        Number("available"),
        Number("reserved"),
        Number("released"),
        Number("held"),
        Number("quality"),
        Number("damaged"),
        Number("in transit"),
    ];
    render(
        &columns,
        positions.into_iter().map(|position| {
            let numbers = [
                position.on_hand,
                position.available,
                position.reserved,
                position.released,
                position.held,
                position.quality_control,
                position.damaged,
                position.in_transit,
            ];
            let mut row = vec![text::id(&position.item).to_owned(), text::id(&position.location).to_owned()];
            row.extend(numbers.map(|number| number.to_string()));
            row
        }),
    )
}

/// Holds for the queue, nothing when there are none.
pub(super) fn holds(holds: &[Hold]) -> String {
    let one = |hold: &Hold| {
        format!("\nheld for the queue: {} of {} at {}", hold.quantity, text::id(&hold.item), text::id(&hold.location))
    };
    holds.iter().map(one).collect()
}

/// Lines that lost reserved units, nothing when none did.
pub(super) fn taken_away(taken_away: &[TakenAway]) -> String {
    let one = |taken: &TakenAway| {
        let (line, location) = (text::line(&taken.line), text::id(&taken.location));
        format!("\n{line} lost {} at {location} and waits for them again", taken.quantity)
    };
    taken_away.iter().map(one).collect()
}

/// Dated supply.
pub(super) fn supplies<'a>(supplies: impl IntoIterator<Item = &'a Supply>) -> String {
    let columns = [
        Words("supply"),
        Words("item"),
        Words("location"),
        Words("state"),
        Words("entered"),
        Number("ordered"),
        Number("open"),
        Number("received"),
        Number("pegged"),
        Words("agreed"),
        Words("expected"),
    ];
    let state = |state: i32| SupplyState::try_from(state).unwrap_or_default().as_str_name();
    render(
        &columns,
        supplies.into_iter().map(|supply| {
            vec![
                text::id(&supply.name).to_owned(),
                text::id(&supply.item).to_owned(),
                text::id(&supply.location).to_owned(),
                state(supply.state).trim_start_matches("SUPPLY_STATE_").to_owned(),
                text::entered(supply.ordered_unit_quantity, &supply.ordered_unit, supply.base_units_per_unit),
                supply.ordered.to_string(),
                supply.open.to_string(),
                supply.received.to_string(),
                supply.pegged.to_string(),
                text::date(supply.agreed_date.as_ref()),
                text::date(supply.expected_date.as_ref()),
            ]
        }),
    )
}

fn unit(unit: &ItemUnit) -> String {
    format!("{}={}", unit.code, unit.base_units)
}

/// One item, with what it is made of and what may be sent in its place.
pub(super) fn item(item: &Item) -> String {
    let holds = item.components.iter().map(|part| format!("\nholds {} of {}", part.quantity, text::id(&part.item)));
    let substitutes = item.substitutes.iter().map(|other| format!("\nmay be replaced by {}", substitute_text(other)));
    format!("{}{}", items([item]), holds.chain(substitutes).collect::<String>())
}

/// Items.
pub(super) fn items<'a>(items: impl IntoIterator<Item = &'a Item>) -> String {
    let columns =
        [Words("item"), Words("description"), Words("category"), Words("units"), Number("pack"), Number("price")];
    render(
        &columns,
        items.into_iter().map(|item| {
            let price = item.unit_price.as_ref().map_or_else(String::new, |price| {
                let nanos =
                    price.units.saturating_mul(backorder_domain::money::NANOS_PER_UNIT) + i64::from(price.nanos);
                format!("{} {}", format_nanos(nanos), price.currency_code)
            });
            vec![
                text::id(&item.name).to_owned(),
                item.description.clone(),
                item.category.clone(),
                std::iter::once(item.base_unit.clone())
                    .chain(item.units.iter().map(unit))
                    .collect::<Vec<_>>()
                    .join(", "),
                item.pack_size.to_string(),
                price,
            ]
        }),
    )
}
