//! Units in which requests about lines that are there give quantities: those in which the line's item, or its kit, is sold.
//!
//! What an item's units hold is read when it is known that the request is new, so that one that is sent again has its first
//! answer though they hold something else by then.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use backorder_domain::{quantity::Quantity, units::in_base_units};

use super::UseCases;
use crate::{
    catalog::ItemCopy,
    error::Error,
    order::kits,
    store::orders::{find_orders, lines_by_key},
};

/// A line or kit: its order and its number.
type LineKey = (String, i32);

impl UseCases {
    /// The items of lines and kits of which a request names units. A line that is not there has none: it is refused when the
    /// orders are locked. The item of a line or kit never changes.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when inventory does not know or tell the items.
    pub(crate) async fn items_of_lines(
        &self,
        keys: &BTreeSet<LineKey>,
    ) -> Result<BTreeMap<LineKey, Arc<ItemCopy>>, Error> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let reader = self.store().reader();
        let mut items: HashMap<LineKey, String> =
            lines_by_key(reader, keys).await?.into_iter().map(|(key, line)| (key, line.item_id)).collect();
        let absent = keys.iter().filter(|key| !items.contains_key(*key));
        let orders: BTreeSet<String> = absent.map(|(order, _)| order.clone()).collect();
        for order in find_orders(reader, &orders).await? {
            let kits = kits::of(&order)?.into_iter().map(|kit| ((order.id.clone(), kit.number), kit.item));
            items.extend(kits.filter(|(key, _)| keys.contains(key)));
        }
        let ids = items.values().map(|item| (item.as_str(), String::new())).collect();
        let copies = self.catalog().items(&ids).await?;
        Ok(items.into_iter().filter_map(|(key, item)| Some((key, Arc::clone(copies.get(&item)?)))).collect())
    }

    /// The item of a take of which a request names a unit.
    ///
    /// # Errors
    /// As [`items_of_lines`](Self::items_of_lines).
    pub(crate) async fn item_if_named(&self, item: Option<String>, unit: &str) -> Result<Option<Arc<ItemCopy>>, Error> {
        let Some(item) = item.filter(|_| !unit.is_empty()) else { return Ok(None) };
        Ok(self.catalog().items(&BTreeMap::from([(item.as_str(), String::new())])).await?.remove(&item))
    }
}

/// A quantity in base units. `item` is none where no unit is named, or where there is no such line. `fields` are those of the
/// unit and of the quantity.
///
/// # Errors
/// [`Error::Invalid`] for a unit in which the item is not sold, and for more than one command may move.
pub(crate) fn base_units(
    item: Option<&ItemCopy>,
    unit: &str,
    quantity: Quantity,
    fields: [String; 2],
) -> Result<Quantity, Error> {
    let Some(item) = item.filter(|_| !unit.is_empty()) else { return Ok(quantity) };
    let [unit_field, quantity_field] = fields;
    let (_, base_units) = item.unit(unit).map_err(|unknown| Error::invalid(unit_field, unknown.to_string()))?;
    let too_many = || Error::invalid(quantity_field, format!("must be at most {} base units", Quantity::COMMAND_MAX));
    in_base_units(quantity, base_units).ok_or_else(too_many)
}
