//! What is refused of kits: a component that is not there or is a kit itself, and a kit that has stock of its own.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::ids::ItemId;
use backorder_proto::convert::{Violations, decode::path, encode};
use backorder_storage::WriteTx;

use crate::{
    catalog::{Item, Stored},
    error::{Error, Kind, Missing},
    store::{catalog as table, kits},
};

/// Checks the kits among items that are about to be written. `field` names an item of the request. Without kits nothing is
/// read.
///
/// # Errors
/// [`Error::Missing`] for components that are not there, [`Error::Invalid`] for kits of kits and kits with stock.
pub async fn check_in_tx(
    tx: &WriteTx<'_>,
    changed: &[Stored<Item>],
    field: impl Fn(&ItemId) -> String,
) -> Result<(), Error> {
    let put: BTreeMap<&ItemId, &Item> = changed.iter().map(|item| (&item.value.id, &item.value)).collect();
    let kits: Vec<&Item> = put.values().copied().filter(|item| !item.components.is_empty()).collect();
    if kits.is_empty() {
        return Ok(());
    }
    let named: BTreeSet<&ItemId> = kits.iter().flat_map(|kit| &kit.components).map(|part| &part.item).collect();
    let elsewhere: Vec<&ItemId> = named.iter().copied().filter(|item| !put.contains_key(item)).collect();
    let there = table::existing_items(tx, &elsewhere).await?;
    let nested = kits::kits_among(tx, &elsewhere).await?;
    let is_kit =
        |item: &ItemId| put.get(item).map_or_else(|| nested.contains(item), |item| !item.components.is_empty());
    let (mut missing, mut violations) = (Vec::new(), Violations::new());
    for kit in &kits {
        let parts = format!("{}.components", field(&kit.id));
        for (index, part) in kit.components.iter().enumerate() {
            let field = path(&parts, index, "item");
            if !put.contains_key(&part.item) && there.binary_search(&part.item).is_err() {
                missing.push(Missing { kind: Kind::Item, name: encode::item_name(&part.item), field });
            } else if is_kit(&part.item) {
                violations.push(field, format!("must be no kit, and {} is one", encode::item_name(&part.item)));
            }
        }
    }
    if !missing.is_empty() {
        return Err(Error::Missing(missing));
    }
    let ids: Vec<&ItemId> = kits.iter().map(|kit| &kit.id).collect();
    for (outer, inner) in kits::kits_with(tx, &ids).await? {
        let Some(kit) = kits.iter().find(|kit| kit.id.as_str() == inner) else { continue };
        // What is replaced by this call was judged above.
        if !put.keys().any(|item| item.as_str() == outer) {
            violations.push(
                format!("{}.components", field(&kit.id)),
                format!("must be empty: the item is a component of items/{outer}"),
            );
        }
    }
    for kit in &kits {
        if let Some(what) = kits::stocked(tx, &kit.id).await? {
            violations.push(
                format!("{}.components", field(&kit.id)),
                format!("must be empty: there is {what} of the item, and a kit has none of its own"),
            );
        }
    }
    violations.finish().map_err(Error::Invalid)
}
