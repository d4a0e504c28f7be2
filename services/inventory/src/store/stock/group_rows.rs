//! Rows of groups: to domain values and back, and the queries by which commands find them. Items without groups have none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{
    ids::ItemId,
    quantity::Quantity,
    stock::{
        awaited::Awaited,
        changes::StockChanges,
        groups::{Bucket, Characteristics, GroupClaim, GroupScope, GroupTake, ItemGroups},
    },
};
use backorder_proto::{
    convert::{Violations, inventory as wire},
    inventory::v1 as pb,
};
use backorder_storage::{Batch, Reads, StorageError, bulk, columns, rows_by_key, sql::statement};
use jiff::Timestamp;
use prost::Message as _;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Value};

use super::rows::{claim_key, invalid, item_id, location_id, units};
use crate::store::entity::{claim, claim_group, group_balance, item_group};

const TABLE: &str = "claim_group";

/// What waits for an item, by location and by what the claims say of themselves.
const AWAITED: &str = "SELECT l.location_id, COALESCE(g.characteristics, '') AS characteristics, \
     CAST(SUM(CASE WHEN l.in_set THEN 0 ELSE l.quantity END) AS BIGINT) AS alone, \
     CAST(SUM(CASE WHEN l.in_set THEN l.quantity ELSE 0 END) AS BIGINT) AS in_sets \
     FROM claim_location l LEFT JOIN claim_group g ON g.line_id = l.line_id AND g.part = l.part \
     WHERE l.item_id = ? GROUP BY l.location_id, COALESCE(g.characteristics, '')";

#[derive(FromQueryResult)]
struct AwaitedRow {
    location_id: String,
    characteristics: String,
    alone: i64,
    in_sets: i64,
}

/// The groups of an item as commands need them, with the loaded claims of these rows.
///
/// # Errors
/// [`StorageError`] of the queries, or of rows that hold what they must never hold.
pub async fn group_scope(
    connection: &impl Reads,
    item: &ItemId,
    claims: &[&claim::Model],
) -> Result<Option<GroupScope>, StorageError> {
    let Some(row) = item_group::Entity::find_by_id(item.as_str()).one(connection).await? else { return Ok(None) };
    let mut awaited = Vec::new();
    let query = statement(connection, AWAITED, [Value::from(item.as_str())]);
    for row in AwaitedRow::find_by_statement(query).all(connection).await? {
        let sums = Awaited { alone: units(row.alone, TABLE)?, in_sets: units(row.in_sets, TABLE)? };
        awaited.push((location_id(&row.location_id, TABLE)?, characteristics_of(&row.characteristics)?, sums));
    }
    Ok(Some(GroupScope {
        rules: rules_of(&row)?,
        version: row.version,
        consumed: consumed_of(connection, item).await?,
        claims: group_claims(connection, claims).await?,
        awaited,
    }))
}

/// What claims say of themselves, those that say anything.
///
/// # Errors
/// As [`group_scope`].
pub async fn group_claims(connection: &impl Reads, claims: &[&claim::Model]) -> Result<Vec<GroupClaim>, StorageError> {
    let keys: BTreeSet<(&str, i32)> = claims.iter().map(|claim| (claim.line_id.as_str(), claim.part)).collect();
    let values = keys.iter().flat_map(|(line, part)| [Value::from(*line), Value::from(*part)]).collect();
    let rows: Vec<claim_group::Model> = rows_by_key(connection, &["line_id", "part"], values).await?;
    rows.iter().map(group_claim_of).collect()
}

/// What is consumed of an item's groups.
///
/// # Errors
/// As [`group_scope`].
pub async fn consumed_of(
    connection: &impl ConnectionTrait,
    item: &ItemId,
) -> Result<BTreeMap<Bucket, Quantity>, StorageError> {
    let rows = group_balance::Entity::find().filter(group_balance::Column::ItemId.eq(item.as_str()));
    let rows = rows.all(connection).await?.into_iter();
    rows.map(|row| Ok((Bucket::named(row.bucket), units(row.consumed, "group_balance")?))).collect()
}

/// The rules of a row.
///
/// # Errors
/// [`StorageError::InvalidRow`].
pub fn rules_of(row: &item_group::Model) -> Result<ItemGroups, StorageError> {
    let message = pb::ItemGroups::decode(row.rules.as_slice()).map_err(|error| invalid("item_group", error))?;
    let mut violations = Violations::new();
    let rules = wire::decode_item_groups(&message, "rules", &mut violations);
    violations.finish_with(rules).map_err(|violations| invalid("item_group", violations))
}

/// What a row says of a claim.
///
/// # Errors
/// [`StorageError::InvalidRow`].
pub fn group_claim_of(row: &claim_group::Model) -> Result<GroupClaim, StorageError> {
    let takes: Vec<(String, Option<String>, Option<String>, i64)> =
        serde_json::from_str(&row.takes).map_err(|error| invalid(TABLE, error))?;
    let takes = takes.into_iter().map(|(location, quota, protection, quantity)| {
        Ok(GroupTake {
            location: location_id(&location, TABLE)?,
            quota: quota.map(Bucket::named),
            protection: protection.map(Bucket::named),
            units: units(quantity, TABLE)?,
        })
    });
    Ok(GroupClaim {
        key: claim_key(&row.line_id, row.part, TABLE)?,
        characteristics: characteristics_of(&row.characteristics)?,
        takes: takes.collect::<Result<_, StorageError>>()?,
    })
}

fn characteristics_of(text: &str) -> Result<Characteristics, StorageError> {
    if text.is_empty() {
        return Ok(Characteristics::new());
    }
    serde_json::from_str(text).map_err(|error| invalid(TABLE, error))
}

fn group_claim_row(item: &ItemId, known: &GroupClaim) -> claim_group::ActiveModel {
    let takes = known.takes.iter().map(|take| {
        let name = |bucket: &Option<Bucket>| bucket.as_ref().map(|bucket| bucket.as_str().to_owned());
        (take.location.as_str(), name(&take.quota), name(&take.protection), take.units.get())
    });
    let takes = serde_json::json!(takes.collect::<Vec<_>>());
    // What says nothing of itself is one with what has no row.
    let characteristics = match known.characteristics.is_empty() {
        true => String::new(),
        false => serde_json::json!(known.characteristics).to_string(),
    };
    claim_group::ActiveModel {
        line_id: Set(known.key.line.as_str().to_owned()),
        part: Set(known.key.part),
        item_id: Set(item.as_str().to_owned()),
        characteristics: Set(characteristics),
        takes: Set(takes.to_string()),
    }
}

/// Writes what changed of groups.
pub(super) fn write_groups(batch: &mut Batch, changes: &[StockChanges], now: Timestamp) {
    let of_groups = || changes.iter().filter_map(|c| Some((&c.item, c.groups.as_ref()?)));
    let claims = of_groups().flat_map(|(item, groups)| groups.claims.iter().map(|known| group_claim_row(item, known)));
    let key = [claim_group::Column::LineId, claim_group::Column::Part];
    batch.upsert(claims.collect(), &bulk::replacing_all_but(key, [claim_group::Column::ItemId]));
    let balances = of_groups().flat_map(|(item, groups)| {
        groups.consumed.iter().map(|(bucket, units)| group_balance::ActiveModel {
            item_id: Set(item.as_str().to_owned()),
            bucket: Set(bucket.as_str().to_owned()),
            consumed: Set(units.get()),
        })
    });
    let key = [group_balance::Column::ItemId, group_balance::Column::Bucket];
    batch.upsert(balances.collect(), &bulk::replacing(key, [group_balance::Column::Consumed]));
    for (item, (rules, version)) in of_groups().filter_map(|(item, groups)| Some((item, groups.rules.as_ref()?))) {
        let row = item_group::ActiveModel {
            item_id: Set(item.as_str().to_owned()),
            rules: Set(wire::item_groups(item, rules, &BTreeMap::new()).encode_to_vec()),
            version: Set(*version),
            // On no day: whoever waits is looked at once more.
            settled_days: Set(0),
            updated_at: Set(columns::micros(now)),
        };
        batch.upsert(vec![row], &bulk::replacing_all_but([item_group::Column::ItemId], []));
        let values = vec![Value::from(item.as_str()), Value::from(*version)];
        batch.update("item_ledger", &["item_id"], &["group_version"], values);
    }
}

/// The groups of those of the items that have any.
///
/// # Errors
/// As [`group_scope`].
pub(super) async fn group_scopes(
    connection: &impl Reads,
    grouped: &BTreeSet<ItemId>,
    claims: &[claim::Model],
) -> Result<HashMap<ItemId, GroupScope>, StorageError> {
    let mut scopes = HashMap::new();
    for item in grouped {
        let of_item: Vec<&claim::Model> = claims.iter().filter(|row| row.item_id == item.as_str()).collect();
        if let Some(scope) = group_scope(connection, item, &of_item).await? {
            scopes.insert(item.clone(), scope);
        }
    }
    Ok(scopes)
}

/// Items that have groups, with their rows, after one in the order of their ids.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn items_with_groups(
    connection: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<(ItemId, item_group::Model)>, StorageError> {
    use sea_orm::{QueryOrder as _, QuerySelect as _};
    let query = item_group::Entity::find().filter(item_group::Column::ItemId.gt(after));
    let rows = query.order_by_asc(item_group::Column::ItemId).limit(limit).all(connection).await?;
    rows.into_iter().map(|row| Ok((item_id(&row.item_id, "item_group")?, row))).collect()
}

/// The row of an item's groups; `None` when it never had any.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn find_groups(
    connection: &impl ConnectionTrait,
    item: &ItemId,
) -> Result<Option<item_group::Model>, StorageError> {
    Ok(item_group::Entity::find_by_id(item.as_str()).one(connection).await?)
}
