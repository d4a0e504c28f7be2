//! What is consumed of groups is what claims took, and nobody waits beside units that groups let him take.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::LocationId,
    quantity::Quantity,
    stock::{error::StockError, groups::Limits},
};
use backorder_proto::inventory::v1 as pb;
use backorder_storage::{StorageError, Transaction};
use jiff::civil::Date;

use super::verify::{Proof, claim_name};
use crate::store::{
    entity::position,
    stock::{group_claim_of, group_scope, item_id, position_of},
    verify::{self as table, ItemRange},
};

/// The days at which groups are judged.
pub(super) struct Days {
    /// The civil dates now, by location.
    pub(super) dates: BTreeMap<LocationId, Date>,
    /// The sum of their numbers.
    pub(super) sum: i64,
}

impl Proof {
    /// What claims took adds up to what is consumed, and each took what it has or has shipped.
    pub(super) async fn prove_groups(
        &mut self,
        connection: &Transaction,
        range: &ItemRange,
    ) -> Result<(), StorageError> {
        let mut taken: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut of_claims: BTreeMap<(String, i32), i64> = BTreeMap::new();
        for row in table::claim_groups(connection, range).await? {
            let known = group_claim_of(&row)?;
            for take in &known.takes {
                *of_claims.entry((row.line_id.clone(), row.part)).or_default() += take.units.get();
                for bucket in take.quota.iter().chain(&take.protection) {
                    *taken.entry((row.item_id.clone(), bucket.as_str().to_owned())).or_default() += take.units.get();
                }
            }
        }
        for row in table::units_of_group_claims(connection, range).await? {
            let booked = of_claims.remove(&(row.line_id.clone(), row.part)).unwrap_or_default();
            if booked != row.units {
                self.add("group", claim_name(&row.line_id, row.part), 0, booked, row.units);
            }
        }
        for ((line, part), booked) in of_claims {
            self.add("group", claim_name(&line, part), 0, booked, 0);
        }
        for row in table::group_balances(connection, range).await? {
            let expected = taken.remove(&(row.item_id.clone(), row.bucket.clone())).unwrap_or_default();
            if row.consumed != expected {
                self.add("group", format!("items/{}/groups/{}", row.item_id, row.bucket), 0, row.consumed, expected);
            }
        }
        for ((item, bucket), expected) in taken {
            self.add("group", format!("items/{item}/groups/{bucket}"), 0, 0, expected);
        }
        Ok(())
    }

    /// The items of a range with groups. Nothing is free beside lines that wait and that their groups let take it, unless a day has
    /// just begun and nobody has looked yet.
    pub(super) async fn prove_takeable(
        &mut self,
        connection: &Transaction,
        range: &ItemRange,
        positions: &[position::Model],
        days: &Days,
    ) -> Result<BTreeSet<String>, StorageError> {
        let wrong =
            |error: &dyn std::fmt::Display| StorageError::InvalidRow { table: "item_group", detail: error.to_string() };
        let mut grouped = BTreeSet::new();
        for row in table::item_groups(connection, range).await? {
            grouped.insert(row.item_id.clone());
            let scope = group_scope(connection, &item_id(&row.item_id, "item_group")?, &[]).await?;
            let Some(scope) = scope.filter(|_| row.settled_days == days.sum) else { continue };
            let limits = Limits::try_new(&scope.rules, scope.consumed).map_err(|error| wrong(&error))?;
            for row in positions.iter().filter(|position| position.item_id == row.item_id && position.available > 0) {
                let position = position_of(row)?;
                let day = days.dates.get(&position.location).copied().unwrap_or(Date::MIN);
                let here = scope.awaited.iter().filter(|(at, ..)| *at == position.location);
                let there = Quantity::checked_sum([position.available, position.held]);
                let there = there.ok_or(StockError::Overflow).map_err(|error| wrong(&error))?;
                let takeable =
                    limits.takeable(&position.location, day, there, here.map(|(_, of, awaited)| (of, awaited)));
                if takeable.map_err(|error| wrong(&error))?.alone > position.held {
                    let name = format!("positions/{}/{}", row.item_id, row.location_id);
                    self.add("starved", name, i32::from(pb::StockState::Available), row.available, 0);
                }
            }
        }
        Ok(grouped)
    }
}
