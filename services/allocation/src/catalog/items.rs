//! The copy of an item.

use backorder_domain::{
    ids::ItemId,
    money::NANOS_PER_UNIT,
    order::{
        release::ItemRelease,
        substitute::{PriceRule, Ratio},
    },
    units::{ItemUnit, PackRounding, UnitUse, UnknownUnit, find_unit},
};
use backorder_proto::{
    common::v1::{self as common, Money},
    convert::{Violations, decode},
    inventory::v1 as pb,
};
use backorder_storage::columns;
use jiff::civil::Date;

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
    /// What happens to an ordered quantity that is no whole number of packs.
    pub pack_rounding: PackRounding,
    /// The cost of one base unit in nano-units, with its currency.
    pub cost: Option<(i64, String)>,
    /// The list price of one base unit in nano-units, with its currency.
    pub price: Option<(i64, String)>,
    /// What a kit is made of; empty for what is no kit.
    pub components: Vec<ComponentCopy>,
    /// What may be sent in its place, best first.
    pub substitutes: Vec<SubstituteCopy>,
    /// The other units in which customers may order.
    pub units: Vec<ItemUnit>,
    /// From when it may leave.
    pub releases: Vec<ItemRelease>,
    /// How many days before goods have to leave stock is reserved for them; `None` means at once.
    pub reservation_horizon_days: Option<u16>,
    /// The version of the item.
    pub version: i64,
}

/// What each kit holds of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentCopy {
    /// The item's id.
    pub item: ItemId,
    /// Base units.
    pub units: i64,
}

/// An item that may be sent in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubstituteCopy {
    /// Its id.
    pub item: ItemId,
    /// How many of it stand for how many of the other.
    pub ratio: Ratio,
    /// The first day of its validity; `None` means from the beginning.
    pub valid_from: Option<Date>,
    /// The last day of its validity; `None` means without end.
    pub valid_to: Option<Date>,
    /// What the customer pays.
    pub price_rule: PriceRule,
    /// Customers who do not get it.
    pub excluded_customers: Vec<String>,
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
            pack_rounding: pack_rounding(item.pack_rounding()),
            cost: item.unit_cost.as_ref().and_then(|cost| Some((nanos(cost)?, cost.currency_code.clone()))),
            price: item.unit_price.as_ref().and_then(|price| Some((nanos(price)?, price.currency_code.clone()))),
            components: item.components.iter().filter_map(component_of).collect(),
            substitutes: item.substitutes.iter().filter_map(substitute_of).collect(),
            units: units.map(|unit| sellable(&unit.code, unit.base_units, &unit.gtin)).collect(),
            releases: item.releases.iter().filter_map(release_of).collect(),
            reservation_horizon_days: item.reservation_horizon_days.and_then(|days| u16::try_from(days).ok()),
            version: item.etag.parse().unwrap_or_default(),
        })
    }

    /// The code and the base units of the unit that a text names by its code or GTIN. Empty means the base unit.
    ///
    /// # Errors
    /// [`UnknownUnit`] when customers cannot order in it.
    pub fn unit<'a>(&'a self, text: &'a str) -> Result<(&'a str, i64), UnknownUnit> {
        find_unit(&self.base_unit, &self.units, text, UnitUse::Sell)
    }
}

fn sellable(code: &str, base_units: i64, gtin: &str) -> ItemUnit {
    ItemUnit { code: code.to_owned(), base_units, gtin: gtin.to_owned(), sellable: true, purchasable: false }
}

const fn pack_rounding(rule: pb::PackRounding) -> PackRounding {
    match rule {
        pb::PackRounding::Unspecified | pb::PackRounding::Refuse => PackRounding::Refuse,
        pb::PackRounding::Up => PackRounding::Up,
        pb::PackRounding::Down => PackRounding::Down,
    }
}

fn release_of(release: &pb::ItemRelease) -> Option<ItemRelease> {
    Some(ItemRelease {
        date: decode::date(release.release_date.as_ref(), "", &mut Violations::new())?,
        channel: release.channel.clone(),
        destination_zone: release.destination_zone.clone(),
    })
}

fn item_of(name: &str) -> Option<ItemId> {
    ItemId::try_new(name.strip_prefix("items/")?).ok()
}

fn component_of(component: &pb::KitComponent) -> Option<ComponentCopy> {
    Some(ComponentCopy { item: item_of(&component.item)?, units: component.quantity })
}

fn substitute_of(substitute: &pb::Substitute) -> Option<SubstituteCopy> {
    let date = |date: Option<&common::Date>| decode::date(date, "", &mut Violations::new());
    Some(SubstituteCopy {
        item: item_of(&substitute.item)?,
        ratio: Ratio { substitutes: substitute.ratio_numerator.max(1), originals: substitute.ratio_denominator.max(1) },
        valid_from: substitute.valid_from.as_ref().and_then(|from| date(Some(from))),
        valid_to: substitute.valid_to.as_ref().and_then(|to| date(Some(to))),
        price_rule: match substitute.price_rule() {
            pb::SubstitutePriceRule::Unspecified | pb::SubstitutePriceRule::KeepLower => PriceRule::KeepLower,
            pb::SubstitutePriceRule::NewPrice => PriceRule::NewPrice,
            pb::SubstitutePriceRule::Ask => PriceRule::Ask,
        },
        excluded_customers: substitute.excluded_customers.clone(),
    })
}

fn nanos(money: &Money) -> Option<i64> {
    money.units.checked_mul(NANOS_PER_UNIT)?.checked_add(i64::from(money.nanos))
}

impl From<&ItemCopy> for item_copy::Model {
    fn from(item: &ItemCopy) -> Self {
        let units: Vec<String> = item.units.iter().map(unit_text).collect();
        Self {
            id: item.id.clone(),
            category: item.category.clone(),
            base_unit: item.base_unit.clone(),
            pack_size: item.pack_size,
            pack_rounding: item.pack_rounding.as_str().to_owned(),
            cost_nanos: item.cost.as_ref().map(|(nanos, _)| *nanos),
            cost_currency: item.cost.as_ref().map(|(_, currency)| currency.clone()).unwrap_or_default(),
            price_nanos: item.price.as_ref().map(|(nanos, _)| *nanos),
            price_currency: item.price.as_ref().map(|(_, currency)| currency.clone()).unwrap_or_default(),
            components: item.components.iter().map(component_text).collect::<Vec<_>>().join("\n"),
            substitutes: item.substitutes.iter().map(substitute_text).collect::<Vec<_>>().join("\n"),
            units: units.join("\n"),
            releases: item.releases.iter().map(release_text).collect::<Vec<_>>().join("\n"),
            reservation_horizon_days: item.reservation_horizon_days.map(i32::from),
            version: item.version,
        }
    }
}

/// Base units and GTIN, which hold no spaces, then the code, which may.
fn unit_text(unit: &ItemUnit) -> String {
    let gtin = if unit.gtin.is_empty() { "-" } else { &unit.gtin };
    format!("{} {gtin} {}", unit.base_units, unit.code)
}

fn unit_of_text(entry: &str) -> Option<ItemUnit> {
    let (base_units, rest) = entry.split_once(' ')?;
    let (gtin, code) = rest.split_once(' ')?;
    Some(sellable(code, base_units.parse().ok()?, if gtin == "-" { "" } else { gtin }))
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

fn component_text(component: &ComponentCopy) -> String {
    format!("{} {}", component.units, component.item.as_str())
}

fn component_of_text(entry: &str) -> Option<ComponentCopy> {
    let (units, item) = entry.split_once(' ')?;
    Some(ComponentCopy { item: ItemId::try_new(item).ok()?, units: units.parse().ok()? })
}

/// Fields between tabs, which none of them holds; the customers come last.
fn substitute_text(substitute: &SubstituteCopy) -> String {
    let day = |date: Option<Date>| date.map(columns::date_text).unwrap_or_default();
    let Ratio { substitutes, originals } = substitute.ratio;
    let rule = substitute.price_rule.as_str();
    let fields = [
        substitute.item.to_string(),
        substitutes.to_string(),
        originals.to_string(),
        day(substitute.valid_from),
        day(substitute.valid_to),
        rule.to_owned(),
    ];
    fields.into_iter().chain(substitute.excluded_customers.iter().cloned()).collect::<Vec<_>>().join("\t")
}

fn substitute_of_text(entry: &str) -> Option<SubstituteCopy> {
    let mut fields = entry.split('\t');
    let mut next = || fields.next();
    let day = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    let item = ItemId::try_new(next()?).ok()?;
    let ratio = Ratio { substitutes: next()?.parse().ok()?, originals: next()?.parse().ok()? };
    let (valid_from, valid_to) = (day(next()?)?, day(next()?)?);
    let price_rule = PriceRule::from_name(next()?)?;
    let excluded_customers = fields.map(str::to_owned).collect();
    Some(SubstituteCopy { item, ratio, valid_from, valid_to, price_rule, excluded_customers })
}

impl From<item_copy::Model> for ItemCopy {
    fn from(row: item_copy::Model) -> Self {
        Self {
            units: row.units.split('\n').filter_map(unit_of_text).collect(),
            releases: row.releases.split('\n').filter_map(release_of_text).collect(),
            reservation_horizon_days: row.reservation_horizon_days.and_then(|days| u16::try_from(days).ok()),
            cost: row.cost_nanos.map(|nanos| (nanos, row.cost_currency)),
            price: row.price_nanos.map(|nanos| (nanos, row.price_currency)),
            components: row.components.split('\n').filter_map(component_of_text).collect(),
            substitutes: row.substitutes.split('\n').filter_map(substitute_of_text).collect(),
            id: row.id,
            category: row.category,
            base_unit: row.base_unit,
            pack_size: row.pack_size,
            pack_rounding: row.pack_rounding.parse().unwrap_or_default(),
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
        let unit = |code: &str, gtin: &str, sellable| pb::ItemUnit {
            code: code.to_owned(),
            gtin: gtin.to_owned(),
            base_units: 12,
            sellable,
            ..pb::ItemUnit::default()
        };
        let message = pb::Item {
            name: "items/cup".to_owned(),
            base_unit: "EA".to_owned(),
            unit_cost: Some(Money { currency_code: "GBP".to_owned(), units: 1, nanos: 500_000_000 }),
            units: vec![unit("CASE OF 12", "4006381333931", true), unit("BOX", "", true), unit("PALLET", "", false)],
            pack_rounding: pb::PackRounding::Up.into(),
            etag: "3".to_owned(),
            reservation_horizon_days: Some(0),
            releases: vec![pb::ItemRelease {
                release_date: Some(Date { year: 2027, month: 1, day: 15 }),
                channel: "the web".to_owned(),
                destination_zone: String::new(),
            }],
            components: vec![pb::KitComponent { item: "items/lid".to_owned(), quantity: 2 }],
            substitutes: vec![pb::Substitute {
                item: "items/mug".to_owned(),
                ratio_denominator: 6,
                valid_to: Some(Date { year: 2027, month: 1, day: 31 }),
                price_rule: pb::SubstitutePriceRule::Ask.into(),
                excluded_customers: vec!["A and sons".to_owned(), "B".to_owned()],
                ..pb::Substitute::default()
            }],
            ..pb::Item::default()
        };
        let copy = ItemCopy::of_message(&message).unwrap();
        assert_eq!((copy.components[0].item.as_str(), copy.components[0].units), ("lid", 2));
        let ratio = Ratio { substitutes: 1, originals: 6 };
        assert_eq!((copy.substitutes[0].ratio, copy.substitutes[0].excluded_customers.len()), (ratio, 2));
        assert_eq!(copy.cost, Some((1_500_000_000, "GBP".to_owned())));
        assert_eq!(copy.unit("CASE OF 12"), Ok(("CASE OF 12", 12)));
        assert_eq!(copy.unit("4006381333931"), Ok(("CASE OF 12", 12)));
        assert_eq!((copy.unit("PALLET").ok(), copy.unit(""), copy.unit("EA")), (None, Ok(("", 1)), Ok(("EA", 1))));
        assert_eq!(copy.releases[0].channel, "the web");
        assert_eq!(ItemCopy::from(item_copy::Model::from(&copy)), copy);
    }
}
