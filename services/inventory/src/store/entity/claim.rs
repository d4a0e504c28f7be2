//! What one part of a demand line has a claim on: units reserved and units waiting.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    pub item_id: String,
    pub reserved: i64,
    pub waiting: i64,
    pub pegged: i64,
    pub posted: i64,
    pub strength: String,
    pub expires_at: Option<i64>,
    pub eligible: bool,
    pub in_set: bool,
    pub queue_key: String,
    pub queue_time: i64,
    pub locations: String,
    pub split_allowed: bool,
    pub min_per_location: i64,
    pub requested_date: Option<String>,
    pub wished_batch: String,
    pub shelf_life_days: i32,
    pub fits_until: Option<String>,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(
    Model, "claim" {
        line_id, part, item_id, reserved, waiting, pegged, posted, strength, expires_at, eligible, in_set, queue_key,
        queue_time, locations, split_allowed, min_per_location, requested_date, wished_batch,
        shelf_life_days, fits_until, version,
    }
);
