//! What a request says of units that come back, by line: of a kit it says it of each component, in proportion.

use std::collections::BTreeMap;

use backorder_domain::{ids::LocationId, order::kit::units_of, quantity::Quantity};
use backorder_proto::{allocation::v1::Disposition, convert::decode::path};

use crate::{
    error::Error,
    order::{Book, OrderRecord, kits},
};

/// Shipped units of a line, or whole kits, that come back.
#[derive(Debug, Clone)]
pub struct ReturnedUnits {
    /// The order's id.
    pub order: String,
    /// The number of the line or kit.
    pub line: i32,
    /// Units of `unit`, or kits.
    pub quantity: Quantity,
    /// The unit, by its code or GTIN; empty for base units.
    pub unit: String,
    /// Where they arrive.
    pub location: LocationId,
    /// What is done with them.
    pub disposition: Disposition,
    /// Whether the customer gets the same again.
    pub replace: bool,
    /// Of which batch they are; empty when nobody says.
    pub batch: String,
    /// Whose they are; empty when nobody says.
    pub owner: String,
    /// Units of components with which something else is done; none of a line that is no kit.
    pub apart: Vec<ReturnedApart>,
}

/// Units of a component of a kit with which something else is done than with the rest of the kit.
#[derive(Debug, Clone)]
pub struct ReturnedApart {
    /// The component's number.
    pub line: i32,
    /// Base units; zero means all that come back with the kits.
    pub quantity: Quantity,
    /// Where they arrive; `None` means where the kit does.
    pub location: Option<LocationId>,
    /// What is done with them.
    pub disposition: Disposition,
}

/// Units of one line that come back.
pub(super) struct Arrived<'a> {
    /// The order's id.
    pub(super) order: &'a str,
    /// The line's number.
    pub(super) line: i32,
    /// The place of the line or kit in the request.
    pub(super) index: usize,
    /// Base units.
    pub(super) quantity: Quantity,
    /// The same by where they arrive and what is done with them.
    pub(super) places: Vec<Place<'a>>,
    /// Of which batch they are; empty when nobody says.
    pub(super) batch: &'a str,
    /// Whose they are; empty when nobody says.
    pub(super) owner: &'a str,
}

/// Units that arrive at one location, with which one thing is done.
pub(super) struct Place<'a> {
    /// Base units.
    pub(super) quantity: Quantity,
    /// Where they arrive.
    pub(super) location: &'a LocationId,
    /// What is done with them.
    pub(super) disposition: Disposition,
}

/// What comes back of each line, in the order of the request; kits as their components.
///
/// # Errors
/// [`Error::Invalid`] for units apart from something that is no kit, that the kit has not, or that are too many.
pub(super) fn by_line<'a>(book: &Book, returned: &'a [ReturnedUnits]) -> Result<Vec<Arrived<'a>>, Error> {
    let mut arrived = Vec::with_capacity(returned.len());
    for (index, units) in returned.iter().enumerate() {
        let order = book.orders.get(&units.order).filter(|order| !order.row.kits.is_empty());
        match order {
            Some(order) if kits::is_kit(order, units.line)? => arrived.extend(of_kit(order, units, index)?),
            Some(_) | None if units.apart.is_empty() => arrived.push(Arrived {
                order: &units.order,
                line: units.line,
                index,
                quantity: units.quantity,
                places: vec![Place {
                    quantity: units.quantity,
                    location: &units.location,
                    disposition: units.disposition,
                }],
                batch: &units.batch,
                owner: &units.owner,
            }),
            Some(_) | None => {
                return Err(Error::invalid(
                    path("lines", index, "components"),
                    "must be empty for a line that is no kit",
                ));
            }
        }
    }
    Ok(arrived)
}

fn of_kit<'a>(order: &OrderRecord, kit: &'a ReturnedUnits, index: usize) -> Result<Vec<Arrived<'a>>, Error> {
    if !kit.batch.is_empty() || !kit.owner.is_empty() {
        let text = "must be empty for a kit, whose components have batches and owners of their own";
        return Err(Error::invalid(path("lines", index, if kit.batch.is_empty() { "owner" } else { "batch" }), text));
    }
    let mut apart: BTreeMap<i32, Vec<(usize, &ReturnedApart)>> = BTreeMap::new();
    for (place, units) in kit.apart.iter().enumerate() {
        apart.entry(units.line).or_default().push((place, units));
    }
    let mut arrived = Vec::new();
    for (line, part) in kits::components(order, kit.line) {
        let quantity = units_of(kit.quantity, part.row.kit_units).ok_or_else(|| {
            let text = format!("must be at most {} base units of each component", Quantity::COMMAND_MAX);
            Error::invalid(path("lines", index, "quantity"), text)
        })?;
        let mut places = Vec::new();
        let mut rest = quantity;
        for (place, units) in apart.remove(&line).unwrap_or_default() {
            let own = if units.quantity.is_zero() { rest } else { units.quantity };
            rest = rest.checked_sub(own).filter(|_| !own.is_zero()).ok_or_else(|| {
                let text = format!("must be at most the {quantity} base units that come back with the kits");
                Error::invalid(path("lines", index, &path("components", place, "quantity")), text)
            })?;
            let location = units.location.as_ref().unwrap_or(&kit.location);
            places.push(Place { quantity: own, location, disposition: units.disposition });
        }
        if !rest.is_zero() {
            places.push(Place { quantity: rest, location: &kit.location, disposition: kit.disposition });
        }
        arrived.push(Arrived { order: &kit.order, line, index, quantity, places, batch: "", owner: "" });
    }
    match apart.into_values().flatten().next() {
        Some((place, _)) => {
            let field = path("lines", index, &path("components", place, "name"));
            Err(Error::invalid(field, "must be a component of the kit"))
        }
        None => Ok(arrived),
    }
}
