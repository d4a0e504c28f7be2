//! Kits explode when they are ordered: each becomes a line for each of its components, in one ship set. What a command says of a
//! kit it says of its components, in proportion.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use backorder_domain::{
    money::Money,
    order::kit::{Worth, shares, units_of},
    quantity::Quantity,
};
use backorder_proto::convert::{Violations, decode};

use super::{Draft, DraftLine, LineAmount};
use crate::{
    catalog::ItemCopy,
    error::Error,
    order::{
        Book, OrderRecord,
        key::LINE_NUMBER_MAX,
        kits::{self, Kit, Part},
    },
    use_cases::UseCases,
};

/// Lines of an order with its components at most: as many as one call to inventory takes.
const LINES_MAX: usize = 2_000;

/// What kits of a draft become.
#[derive(Debug, Default)]
pub(super) struct Exploded {
    /// The kits.
    pub(super) kits: Vec<Kit>,
    /// Their components, each with the place of its kit in the draft.
    pub(super) components: Vec<(usize, DraftLine)>,
}

impl UseCases {
    /// Explodes the kits of a draft, and reads their components. A draft without kits costs nothing.
    pub(super) async fn explode(
        &self,
        draft: &Draft,
        items: &mut HashMap<String, Arc<ItemCopy>>,
    ) -> Result<Exploded, Error> {
        let kit_of =
            |line: &DraftLine| items.get(line.item.as_str()).filter(|item| !item.components.is_empty()).cloned();
        let kits = draft.lines.iter().enumerate().filter_map(|(index, line)| Some((index, line, kit_of(line)?)));
        let kits: Vec<(usize, &DraftLine, Arc<ItemCopy>)> = kits.collect();
        if kits.is_empty() {
            return Ok(Exploded::default());
        }
        let named = kits.iter().flat_map(|(_, _, kit)| &kit.components);
        let named: BTreeMap<&str, String> = named.map(|part| (part.item.as_str(), String::new())).collect();
        items.extend(self.catalog().items(&named).await?);
        let mut violations = Violations::new();
        let mut next = draft.lines.iter().map(|line| line.number).max().unwrap_or_default();
        let mut exploded = Exploded::default();
        for (index, line, kit) in &kits {
            let (index, line) = (*index, *line);
            let quantity = line.base_quantity(kit, draft.quantities_stand, index, &mut violations);
            let Some((quantity, unit, base_units)) = quantity else { continue };
            exploded.kits.push(Kit {
                number: line.number,
                item: kit.id.clone(),
                unit: unit.to_owned(),
                unit_quantity: line.quantity.get(),
                base_units,
                price_nanos: line.price.map(|price| price.nanos),
            });
            exploded.components.extend(components(line, index, kit, quantity, items, &mut next, &mut violations));
        }
        let lines = draft.lines.len() - exploded.kits.len() + exploded.components.len();
        if lines > LINES_MAX {
            violations.push("order.lines", format!("must be at most {LINES_MAX} with the components of kits"));
        }
        violations.finish()?;
        Ok(exploded)
    }
}

/// The lines that a kit becomes, numbered after all others.
fn components(
    line: &DraftLine,
    index: usize,
    kit: &ItemCopy,
    quantity: Quantity,
    items: &HashMap<String, Arc<ItemCopy>>,
    next: &mut i32,
    violations: &mut Violations,
) -> Vec<(usize, DraftLine)> {
    let at = |field| decode::path("order.lines", index, field);
    let copies: Vec<_> =
        kit.components.iter().filter_map(|part| Some((part, items.get(part.item.as_str())?))).collect();
    let worth: Vec<Worth<'_>> = copies
        .iter()
        .map(|(part, item)| Worth {
            units: part.units,
            price: item.price.as_ref().map(|(nanos, currency)| (*nanos, currency.as_str())),
            cost: item.cost.as_ref().map(|(nanos, currency)| (*nanos, currency.as_str())),
        })
        .collect();
    let prices = line.price.map(|price| (price, shares(price.nanos, &worth)));
    let costs = line.cost.map(|cost| (cost, shares(cost.nanos, &worth)));
    let mut lines = Vec::with_capacity(copies.len());
    for (place, (part, item)) in copies.into_iter().enumerate() {
        if !item.components.is_empty() {
            violations.push(at("item"), format!("{} is a kit of a kit: {} is one", kit.id, item.id));
        }
        let Some(units) = units_of(quantity, part.units) else {
            violations
                .push(at("quantity"), format!("must be at most {} base units of {}", Quantity::COMMAND_MAX, item.id));
            continue;
        };
        *next += 1;
        if *next > LINE_NUMBER_MAX {
            violations.push(at("line_number"), format!("must leave numbers up to {LINE_NUMBER_MAX} to the components"));
        }
        let share = |of: &Option<(Money, Vec<i64>)>| of.as_ref().map(|(money, shares)| (*money, shares[place]));
        let each = |of: &Option<(Money, Vec<i64>)>| {
            share(of).map(|(money, share)| Money { nanos: share / part.units.max(1), ..money })
        };
        let component = DraftLine {
            number: *next,
            item: part.item.clone(),
            unit: String::new(),
            quantity: units,
            price: each(&prices),
            cost: each(&costs),
            // A kit is whole, or it does not leave.
            substitution_allowed: false,
            notify_before_short: false,
            part: Some(Part {
                kit: line.number,
                item: line.item.clone(),
                units: part.units,
                price_nanos: share(&prices).map(|(_, share)| share),
            }),
            ..line.clone()
        };
        lines.push((index, component));
    }
    lines
}

/// Amounts of lines, in which those of kits are amounts of their components: what was all of a kit is all of each.
///
/// # Errors
/// [`Error::Invalid`] for a line that is meant twice, or too much of a component.
pub(crate) fn of_components(book: &Book, amounts: &[LineAmount]) -> Result<Vec<LineAmount>, Error> {
    let mut meant = Vec::with_capacity(amounts.len());
    for (index, amount) in amounts.iter().enumerate() {
        let order = book.orders.get(&amount.order);
        match order.filter(|order| !order.row.kits.is_empty()) {
            Some(order) if kits::is_kit(order, amount.line)? => {
                meant.extend(parts_of(order, amount.line, amount.quantity, index)?);
            }
            Some(_) | None => meant.push(amount.clone()),
        }
    }
    let mut named: Vec<(&str, i32)> = meant.iter().map(|amount| (amount.order.as_str(), amount.line)).collect();
    named.sort_unstable();
    if meant.len() > amounts.len() && named.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid("lines", "must not name a kit and a component of it"));
    }
    Ok(meant)
}

/// So many kits, as amounts of their components; none means all.
pub(super) fn parts_of(
    order: &OrderRecord,
    kit: i32,
    quantity: Quantity,
    index: usize,
) -> Result<Vec<LineAmount>, Error> {
    let amounts = kits::components(order, kit).map(|(line, part)| {
        let units = units_of(quantity, part.row.kit_units).ok_or_else(|| {
            let field = decode::path("lines", index, "quantity");
            Error::invalid(field, format!("must be at most {} base units of each component", Quantity::COMMAND_MAX))
        })?;
        Ok(LineAmount { order: order.row.id.clone(), line, quantity: units })
    });
    amounts.collect()
}
