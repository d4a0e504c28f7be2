//! The units in which requests give quantities. They are found in the transaction, among the item's units as they are
//! then, so that a request that is sent again after the item was changed still has its first answer.

use std::collections::HashMap;

use backorder_domain::{
    ids::ItemId,
    quantity::Quantity,
    units::{Entered, UnitUse, find_unit, in_base_units},
};
use backorder_service_kit::violations::Violations;

use super::Desk;
use crate::{
    error::{Error, Kind},
    store::catalog::UnitsOfItem,
};

/// A unit as a request names it.
#[derive(Debug, Clone)]
pub struct NamedUnit {
    /// Its code or GTIN; empty for base units.
    pub text: String,
    /// The field that names it.
    pub field: String,
    /// What the quantity is for.
    pub used_to: UnitUse,
}

/// A unit of an item.
#[derive(Debug, Clone)]
pub struct FoundUnit {
    /// Its code; empty for base units that were not named.
    pub code: String,
    /// How many base units one of it holds.
    pub base_units: i64,
}

impl NamedUnit {
    /// Whether the item's units have to be known.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.text.is_empty()
    }
}

impl FoundUnit {
    /// A quantity of this unit in base units. `field` holds the quantity.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they are more than one command may move.
    pub fn base(&self, quantity: Quantity, field: &str) -> Result<Quantity, Error> {
        in_base_units(quantity, self.base_units).ok_or_else(|| too_many(field))
    }

    /// What is kept of a quantity of this unit.
    #[must_use]
    pub fn entered(&self, quantity: Quantity) -> Option<Entered> {
        Entered::of(&self.code, quantity, self.base_units)
    }
}

/// The refusal of a quantity that is too many base units.
pub fn too_many(field: &str) -> Error {
    invalid(field, format!("must be at most {} base units", Quantity::COMMAND_MAX))
}

fn invalid(field: &str, text: String) -> Error {
    let mut violations = Violations::new();
    violations.push(field, text);
    Error::Invalid(violations)
}

impl Desk<'_> {
    /// The unit of an item that a request names.
    ///
    /// # Errors
    /// As [`NamedUnit::find`].
    pub fn unit(&self, item: &ItemId, named: &NamedUnit) -> Result<FoundUnit, Error> {
        named.find(item, self.units)
    }
}

impl NamedUnit {
    /// The unit of an item among those that were loaded.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the units that fit, when the item has none of that name.
    pub fn find(&self, item: &ItemId, units: &HashMap<ItemId, UnitsOfItem>) -> Result<FoundUnit, Error> {
        if !self.is_named() {
            return Ok(FoundUnit { code: String::new(), base_units: 1 });
        }
        let UnitsOfItem { base_unit, units } =
            units.get(item).ok_or_else(|| Error::missing(Kind::Item, item.as_str(), self.field.clone()))?;
        let found = find_unit(base_unit, units, &self.text, self.used_to);
        let (code, base_units) = found.map_err(|unknown| invalid(&self.field, unknown.to_string()))?;
        Ok(FoundUnit { code: code.to_owned(), base_units })
    }
}
