//! Queries of items.

use std::collections::{BTreeMap, HashMap};

use backorder_domain::{
    ids::ItemId,
    money::{CurrencyCode, Money},
    order::{release::ItemRelease, substitute::PriceRule},
    quantity::Quantity,
    units::ItemUnit,
};
use backorder_storage::{StorageError, WriteTx, bulk, columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::{item, item_component, item_ledger, item_release, item_substitute, item_unit};
use crate::catalog::{Component, Item, Stored, Substitute};

/// Item ids in one `IN` list at most.
const IDS_PER_QUERY_MAX: usize = 500;

/// The items of the given ids that exist, ascending by id.
pub async fn find_items(connection: &impl ConnectionTrait, ids: &[&ItemId]) -> Result<Vec<Stored<Item>>, StorageError> {
    let mut items = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_QUERY_MAX) {
        let rows = item::Entity::find()
            .filter(item::Column::Id.is_in(chunk.iter().map(|id| id.as_str())))
            .order_by_asc(item::Column::Id)
            .all(connection)
            .await?;
        items.extend(with_parts(connection, rows).await?);
    }
    items.sort_by(|a, b| a.value.id.cmp(&b.value.id));
    Ok(items)
}

/// The same, locked until the transaction ends. `ids` ascending.
///
/// An item that another transaction makes meanwhile is none yet: who makes it as well hears of it by its key.
pub async fn lock_items_in_tx(tx: &WriteTx<'_>, ids: &[&ItemId]) -> Result<Vec<Stored<Item>>, StorageError> {
    let locked: Vec<&ItemId> = super::lock::lock_items_in_tx(tx, ids).await?.iter().map(|locked| locked.item).collect();
    find_items(tx, &locked).await
}

/// Items after an id, ascending; only those of a category when one is given.
pub async fn list_items(
    connection: &impl ConnectionTrait,
    after: Option<&str>,
    category: &str,
    limit: u64,
) -> Result<Vec<Stored<Item>>, StorageError> {
    let mut query = item::Entity::find().order_by_asc(item::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(item::Column::Id.gt(after));
    }
    if !category.is_empty() {
        query = query.filter(item::Column::Category.eq(category));
    }
    let rows = query.all(connection).await?;
    with_parts(connection, rows).await
}

/// Those of the ids that are items, ascending.
pub async fn existing_items(connection: &impl ConnectionTrait, ids: &[&ItemId]) -> Result<Vec<ItemId>, StorageError> {
    let mut existing = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_QUERY_MAX) {
        let rows: Vec<String> = item::Entity::find()
            .select_only()
            .column(item::Column::Id)
            .filter(item::Column::Id.is_in(chunk.iter().map(|id| id.as_str())))
            .into_tuple()
            .all(connection)
            .await?;
        for row in rows {
            existing.push(item_id(row)?);
        }
    }
    existing.sort();
    Ok(existing)
}

#[derive(FromQueryResult)]
struct SafetyStock {
    id: String,
    safety_stock: i64,
}

/// The safety stocks of items.
pub async fn safety_stocks(
    connection: &impl ConnectionTrait,
    ids: &[&ItemId],
) -> Result<BTreeMap<ItemId, Quantity>, StorageError> {
    let mut stocks = BTreeMap::new();
    for chunk in ids.chunks(IDS_PER_QUERY_MAX) {
        let rows: Vec<SafetyStock> = item::Entity::find()
            .select_only()
            .columns([item::Column::Id, item::Column::SafetyStock])
            .filter(item::Column::Id.is_in(chunk.iter().map(|id| id.as_str())))
            .into_model()
            .all(connection)
            .await?;
        for SafetyStock { id, safety_stock } in rows {
            stocks.insert(item_id(id)?, Quantity::try_new(safety_stock).map_err(|e| invalid("item", e))?);
        }
    }
    Ok(stocks)
}

/// The units of an item, as commands on stock need them.
#[derive(Debug, Clone)]
pub struct UnitsOfItem {
    /// The base unit.
    pub base_unit: String,
    /// The others.
    pub units: Vec<ItemUnit>,
}

#[derive(FromQueryResult)]
struct BaseUnit {
    id: String,
    base_unit: String,
}

/// The units of items.
pub async fn units_of_items(
    connection: &impl ConnectionTrait,
    ids: &[&ItemId],
) -> Result<HashMap<ItemId, UnitsOfItem>, StorageError> {
    let mut found: HashMap<ItemId, UnitsOfItem> = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_QUERY_MAX) {
        let rows: Vec<BaseUnit> = item::Entity::find()
            .select_only()
            .columns([item::Column::Id, item::Column::BaseUnit])
            .filter(item::Column::Id.is_in(chunk.iter().map(|id| id.as_str())))
            .into_model()
            .all(connection)
            .await?;
        for BaseUnit { id, base_unit } in rows {
            found.insert(item_id(id)?, UnitsOfItem { base_unit, units: Vec::new() });
        }
        let query = item_unit::Entity::find()
            .filter(item_unit::Column::ItemId.is_in(chunk.iter().map(|id| id.as_str())))
            .order_by_asc(item_unit::Column::Ordinal);
        for row in query.all(connection).await? {
            if let Some(item) = found.get_mut(&item_id(row.item_id.clone())?) {
                item.units.push(read_unit(row));
            }
        }
    }
    Ok(found)
}

async fn with_parts(
    connection: &impl ConnectionTrait,
    rows: Vec<item::Model>,
) -> Result<Vec<Stored<Item>>, StorageError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut substitutes: HashMap<String, Vec<item_substitute::Model>> = HashMap::new();
    let mut units: HashMap<String, Vec<item_unit::Model>> = HashMap::new();
    let mut releases: HashMap<String, Vec<item_release::Model>> = HashMap::new();
    let mut components: HashMap<String, Vec<item_component::Model>> = HashMap::new();
    for chunk in ids.chunks(IDS_PER_QUERY_MAX) {
        let query = item_substitute::Entity::find()
            .filter(item_substitute::Column::ItemId.is_in(chunk.iter().copied()))
            .order_by_asc(item_substitute::Column::Ordinal);
        for row in query.all(connection).await? {
            substitutes.entry(row.item_id.clone()).or_default().push(row);
        }
        let query = item_unit::Entity::find()
            .filter(item_unit::Column::ItemId.is_in(chunk.iter().copied()))
            .order_by_asc(item_unit::Column::Ordinal);
        for row in query.all(connection).await? {
            units.entry(row.item_id.clone()).or_default().push(row);
        }
        let query = item_release::Entity::find()
            .filter(item_release::Column::ItemId.is_in(chunk.iter().copied()))
            .order_by_asc(item_release::Column::Ordinal);
        for row in query.all(connection).await? {
            releases.entry(row.item_id.clone()).or_default().push(row);
        }
        let query = item_component::Entity::find()
            .filter(item_component::Column::ItemId.is_in(chunk.iter().copied()))
            .order_by_asc(item_component::Column::Ordinal);
        for row in query.all(connection).await? {
            components.entry(row.item_id.clone()).or_default().push(row);
        }
    }
    rows.into_iter()
        .map(|row| {
            let parts = Parts {
                substitutes: substitutes.remove(&row.id).unwrap_or_default(),
                units: units.remove(&row.id).unwrap_or_default(),
                releases: releases.remove(&row.id).unwrap_or_default(),
                components: components.remove(&row.id).unwrap_or_default(),
            };
            read_item(row, parts)
        })
        .collect()
}

/// The rows of an item beside its own.
struct Parts {
    substitutes: Vec<item_substitute::Model>,
    units: Vec<item_unit::Model>,
    releases: Vec<item_release::Model>,
    components: Vec<item_component::Model>,
}

fn read_item(row: item::Model, parts: Parts) -> Result<Stored<Item>, StorageError> {
    let value = Item {
        id: item_id(row.id)?,
        description: row.description,
        base_unit: row.base_unit,
        pack_size: row.pack_size,
        pack_rounding: row.pack_rounding.parse().map_err(|e| invalid("item", e))?,
        category: row.category,
        unit_cost: read_money(row.unit_cost_nanos, row.unit_cost_currency.as_deref())?,
        unit_price: read_money(row.unit_price_nanos, row.unit_price_currency.as_deref())?,
        substitutes: parts.substitutes.into_iter().map(read_substitute).collect::<Result<_, _>>()?,
        units: parts.units.into_iter().map(read_unit).collect(),
        safety_stock: Quantity::try_new(row.safety_stock).map_err(|e| invalid("item", e))?,
        releases: parts.releases.into_iter().map(read_release).collect::<Result<_, _>>()?,
        reservation_horizon_days: row
            .reservation_horizon_days
            .map(u16::try_from)
            .transpose()
            .map_err(|e| invalid("item", e))?,
        components: parts.components.into_iter().map(read_component).collect::<Result<_, _>>()?,
    };
    Ok(Stored {
        value,
        version: row.version,
        created_at: columns::instant(row.created_at, "item")?,
        updated_at: columns::instant(row.updated_at, "item")?,
    })
}

fn read_substitute(row: item_substitute::Model) -> Result<Substitute, StorageError> {
    const TABLE: &str = "item_substitute";
    Ok(Substitute {
        item: item_id(row.substitute_item_id)?,
        ratio_numerator: row.ratio_numerator,
        ratio_denominator: row.ratio_denominator,
        valid_from: columns::optional_date(row.valid_from.as_deref(), TABLE)?,
        valid_to: columns::optional_date(row.valid_to.as_deref(), TABLE)?,
        price_rule: PriceRule::from_name(&row.price_rule)
            .ok_or_else(|| invalid(TABLE, format!("{:?} is no price rule", row.price_rule)))?,
        excluded_customers: row.excluded_customers.lines().map(str::to_owned).collect(),
    })
}

fn read_component(row: item_component::Model) -> Result<Component, StorageError> {
    Ok(Component { item: item_id(row.component_item_id)?, quantity: row.quantity })
}

fn read_release(row: item_release::Model) -> Result<ItemRelease, StorageError> {
    Ok(ItemRelease {
        date: columns::date(&row.release_date, "item_release")?,
        channel: row.channel,
        destination_zone: row.destination_zone,
    })
}

fn read_unit(row: item_unit::Model) -> ItemUnit {
    ItemUnit {
        code: row.code,
        base_units: row.base_units,
        gtin: row.gtin,
        sellable: row.sellable,
        purchasable: row.purchasable,
    }
}

fn read_money(nanos: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, StorageError> {
    let (Some(nanos), Some(currency)) = (nanos, currency) else { return Ok(None) };
    let currency = CurrencyCode::try_new(currency).map_err(|e| invalid("item", e))?;
    Ok(Some(Money { currency, nanos }))
}

/// Writes items as they shall be. Sorted by id, ids distinct.
pub async fn put_items_in_tx(tx: &WriteTx<'_>, items: &[Stored<Item>]) -> Result<(), StorageError> {
    let (new, known): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.version == 1);
    // Not an upsert: of two transactions that make one item at once, the second has to hear of the first.
    bulk::insert(tx, new.iter().copied().map(item_row).collect()).await?;
    bulk::insert(tx, new.into_iter().map(empty_ledger).collect()).await?;
    let columns = [
        item::Column::Description,
        item::Column::BaseUnit,
        item::Column::PackSize,
        item::Column::PackRounding,
        item::Column::Category,
        item::Column::UnitCostNanos,
        item::Column::UnitCostCurrency,
        item::Column::UnitPriceNanos,
        item::Column::UnitPriceCurrency,
        item::Column::SafetyStock,
        item::Column::ReservationHorizonDays,
        item::Column::Version,
        item::Column::UpdatedAt,
    ];
    let replaced: Vec<&str> = known.iter().map(|item| item.value.id.as_str()).collect();
    let rows = known.iter().copied().map(item_row).collect();
    bulk::upsert(tx, rows, &bulk::replacing([item::Column::Id], columns)).await?;
    for chunk in replaced.chunks(IDS_PER_QUERY_MAX) {
        let ids = || chunk.iter().copied();
        let old = item_substitute::Entity::delete_many().filter(item_substitute::Column::ItemId.is_in(ids()));
        old.exec(tx).await?;
        item_unit::Entity::delete_many().filter(item_unit::Column::ItemId.is_in(ids())).exec(tx).await?;
        item_release::Entity::delete_many().filter(item_release::Column::ItemId.is_in(ids())).exec(tx).await?;
        item_component::Entity::delete_many().filter(item_component::Column::ItemId.is_in(ids())).exec(tx).await?;
    }
    bulk::insert(tx, items.iter().flat_map(substitute_rows).collect()).await?;
    bulk::insert(tx, items.iter().flat_map(unit_rows).collect()).await?;
    bulk::insert(tx, items.iter().flat_map(release_rows).collect()).await?;
    bulk::insert(tx, items.iter().flat_map(component_rows).collect()).await?;
    Ok(())
}

fn empty_ledger(stored: &Stored<Item>) -> item_ledger::ActiveModel {
    let item_id = Set(stored.value.id.as_str().to_owned());
    item_ledger::ActiveModel { item_id, last_movement: Set(0), group_version: Set(None) }
}

fn item_row(stored: &Stored<Item>) -> item::ActiveModel {
    let item = &stored.value;
    let currency = |money: &Option<Money>| money.map(|m| m.currency.as_str().to_owned());
    item::ActiveModel {
        id: Set(item.id.as_str().to_owned()),
        description: Set(item.description.clone()),
        base_unit: Set(item.base_unit.clone()),
        pack_size: Set(item.pack_size),
        pack_rounding: Set(item.pack_rounding.as_str().to_owned()),
        category: Set(item.category.clone()),
        unit_cost_nanos: Set(item.unit_cost.map(|m| m.nanos)),
        unit_cost_currency: Set(currency(&item.unit_cost)),
        unit_price_nanos: Set(item.unit_price.map(|m| m.nanos)),
        unit_price_currency: Set(currency(&item.unit_price)),
        safety_stock: Set(item.safety_stock.get()),
        reservation_horizon_days: Set(item.reservation_horizon_days.map(i32::from)),
        version: Set(stored.version),
        created_at: Set(columns::micros(stored.created_at)),
        updated_at: Set(columns::micros(stored.updated_at)),
    }
}

fn substitute_rows(stored: &Stored<Item>) -> impl Iterator<Item = item_substitute::ActiveModel> {
    stored.value.substitutes.iter().zip(0..).map(|(substitute, ordinal)| item_substitute::ActiveModel {
        item_id: Set(stored.value.id.as_str().to_owned()),
        ordinal: Set(ordinal),
        substitute_item_id: Set(substitute.item.as_str().to_owned()),
        ratio_numerator: Set(substitute.ratio_numerator),
        ratio_denominator: Set(substitute.ratio_denominator),
        valid_from: Set(substitute.valid_from.map(columns::date_text)),
        valid_to: Set(substitute.valid_to.map(columns::date_text)),
        price_rule: Set(substitute.price_rule.as_str().to_owned()),
        // No name of a customer has a line feed.
        excluded_customers: Set(substitute.excluded_customers.join("\n")),
    })
}

fn component_rows(stored: &Stored<Item>) -> impl Iterator<Item = item_component::ActiveModel> {
    stored.value.components.iter().zip(0..).map(|(component, ordinal)| item_component::ActiveModel {
        item_id: Set(stored.value.id.as_str().to_owned()),
        ordinal: Set(ordinal),
        component_item_id: Set(component.item.as_str().to_owned()),
        quantity: Set(component.quantity),
    })
}

fn release_rows(stored: &Stored<Item>) -> impl Iterator<Item = item_release::ActiveModel> {
    stored.value.releases.iter().zip(0..).map(|(release, ordinal)| item_release::ActiveModel {
        item_id: Set(stored.value.id.as_str().to_owned()),
        ordinal: Set(ordinal),
        release_date: Set(columns::date_text(release.date)),
        channel: Set(release.channel.clone()),
        destination_zone: Set(release.destination_zone.clone()),
    })
}

fn unit_rows(stored: &Stored<Item>) -> impl Iterator<Item = item_unit::ActiveModel> {
    stored.value.units.iter().zip(0..).map(|(unit, ordinal)| item_unit::ActiveModel {
        item_id: Set(stored.value.id.as_str().to_owned()),
        code: Set(unit.code.clone()),
        ordinal: Set(ordinal),
        base_units: Set(unit.base_units),
        gtin: Set(unit.gtin.clone()),
        sellable: Set(unit.sellable),
        purchasable: Set(unit.purchasable),
    })
}

fn item_id(text: String) -> Result<ItemId, StorageError> {
    ItemId::try_new(text).map_err(|e| invalid("item", e))
}

/// A row that was not written here.
pub(super) fn invalid(table: &'static str, detail: impl ToString) -> StorageError {
    StorageError::InvalidRow { table, detail: detail.to_string() }
}
