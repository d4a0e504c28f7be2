//! The copy of an item.

use backorder_domain::{money::NANOS_PER_UNIT, order::release::ItemRelease};
use backorder_proto::{
    common::v1::Money,
    convert::{Violations, decode},
    inventory::v1 as pb,
};
use backorder_storage::columns;

use crate::store::entity::item_copy;

/// What orders need to know of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemCopy {
    /// The item's id.
    pub id: String,
    /// The category; empty when it has none.
    pub category: String,
    /// The unit that quantities count.
    pub base_unit: String,
    /// The smallest number of base units that is sold at once.
    pub pack_size: i64,
    /// The cost of one base unit in nano-units, with its currency.
    pub cost: Option<(i64, String)>,
    /// The other units in which customers may order.
    pub units: Vec<SellableUnit>,
    /// From when it may leave.
    pub releases: Vec<ItemRelease>,
    /// How many days before goods have to leave stock is reserved for them; `None` means at once.
    pub reservation_horizon_days: Option<u16>,
    /// The version of the item.
    pub version: i64,
}

/// A unit in which customers may order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellableUnit {
    /// The unit's code.
    pub code: String,
    /// Base units in one of it.
    pub base_units: i64,
}

impl ItemCopy {
    /// The copy of an item; `None` when its name is no item's name.
    #[must_use]
    pub fn of_message(item: &pb::Item) -> Option<Self> {
        let units = item.units.iter().filter(|unit| unit.sellable && unit.base_units > 0);
        Some(Self {
            id: item.name.strip_prefix("items/")?.to_owned(),
            category: item.category.clone(),
            base_unit: item.base_unit.clone(),
            pack_size: item.pack_size.max(1),
            cost: item.unit_cost.as_ref().and_then(|cost| Some((nanos(cost)?, cost.currency_code.clone()))),
            units: units.map(|unit| SellableUnit { code: unit.code.clone(), base_units: unit.base_units }).collect(),
            releases: item.releases.iter().filter_map(release_of).collect(),
            reservation_horizon_days: item.reservation_horizon_days.and_then(|days| u16::try_from(days).ok()),
            version: item.etag.parse().unwrap_or_default(),
        })
    }

    /// Base units in one unit of the code; `None` when customers cannot order in it. Empty means the base unit.
    #[must_use]
    pub fn base_units_of(&self, code: &str) -> Option<i64> {
        if code.is_empty() || code == self.base_unit {
            return Some(1);
        }
        self.units.iter().find(|unit| unit.code == code).map(|unit| unit.base_units)
    }
}

fn release_of(release: &pb::ItemRelease) -> Option<ItemRelease> {
    Some(ItemRelease {
        date: decode::date(release.release_date.as_ref(), "", &mut Violations::new())?,
        channel: release.channel.clone(),
        destination_zone: release.destination_zone.clone(),
    })
}

fn nanos(money: &Money) -> Option<i64> {
    money.units.checked_mul(NANOS_PER_UNIT)?.checked_add(i64::from(money.nanos))
}

impl From<&ItemCopy> for item_copy::Model {
    fn from(item: &ItemCopy) -> Self {
        let units: Vec<String> = item.units.iter().map(|unit| format!("{} {}", unit.base_units, unit.code)).collect();
        Self {
            id: item.id.clone(),
            category: item.category.clone(),
            base_unit: item.base_unit.clone(),
            pack_size: item.pack_size,
            cost_nanos: item.cost.as_ref().map(|(nanos, _)| *nanos),
            cost_currency: item.cost.as_ref().map(|(_, currency)| currency.clone()).unwrap_or_default(),
            units: units.join("\n"),
            releases: item.releases.iter().map(release_text).collect::<Vec<_>>().join("\n"),
            reservation_horizon_days: item.reservation_horizon_days.map(i32::from),
            version: item.version,
        }
    }
}

/// Date, channel and zone between tabs, which none of them holds.
fn release_text(release: &ItemRelease) -> String {
    format!("{}\t{}\t{}", columns::date_text(release.date), release.channel, release.destination_zone)
}

fn release_of_text(entry: &str) -> Option<ItemRelease> {
    let mut fields = entry.split('\t');
    let mut next = || fields.next().map(str::to_owned);
    Some(ItemRelease { date: next()?.parse().ok()?, channel: next()?, destination_zone: next()? })
}

impl From<item_copy::Model> for ItemCopy {
    fn from(row: item_copy::Model) -> Self {
        let units = row.units.split('\n').filter_map(|entry| {
            let (base_units, code) = entry.split_once(' ')?;
            Some(SellableUnit { code: code.to_owned(), base_units: base_units.parse().ok()? })
        });
        Self {
            units: units.collect(),
            releases: row.releases.split('\n').filter_map(release_of_text).collect(),
            reservation_horizon_days: row.reservation_horizon_days.and_then(|days| u16::try_from(days).ok()),
            cost: row.cost_nanos.map(|nanos| (nanos, row.cost_currency)),
            id: row.id,
            category: row.category,
            base_unit: row.base_unit,
            pack_size: row.pack_size,
            version: row.version,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::common::v1::Date;

    use super::*;

    #[test]
    fn a_copy_survives_the_store_and_knows_only_sellable_units() {
        let unit = |code: &str, sellable| pb::ItemUnit {
            code: code.to_owned(),
            base_units: 12,
            sellable,
            ..pb::ItemUnit::default()
        };
        let message = pb::Item {
            name: "items/cup".to_owned(),
            base_unit: "EA".to_owned(),
            unit_cost: Some(Money { currency_code: "GBP".to_owned(), units: 1, nanos: 500_000_000 }),
            units: vec![unit("CASE OF 12", true), unit("PALLET", false)],
            etag: "3".to_owned(),
            reservation_horizon_days: Some(0),
            releases: vec![pb::ItemRelease {
                release_date: Some(Date { year: 2027, month: 1, day: 15 }),
                channel: "the web".to_owned(),
                destination_zone: String::new(),
            }],
            ..pb::Item::default()
        };
        let copy = ItemCopy::of_message(&message).unwrap();
        assert_eq!(copy.cost, Some((1_500_000_000, "GBP".to_owned())));
        assert_eq!(copy.base_units_of("CASE OF 12"), Some(12));
        assert_eq!(
            (copy.base_units_of("PALLET"), copy.base_units_of(""), copy.base_units_of("EA")),
            (None, Some(1), Some(1))
        );
        assert_eq!(copy.releases[0].channel, "the web");
        assert_eq!(ItemCopy::from(item_copy::Model::from(&copy)), copy);
    }
}
