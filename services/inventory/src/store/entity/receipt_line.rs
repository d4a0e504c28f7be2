//! A line of a receipt as it was booked, and what of it still stands.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipt_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    pub location_id: String,
    pub supply_id: Option<String>,
    pub blind_reason: Option<String>,
    pub accepted: i64,
    pub quality_control: i64,
    pub damaged: i64,
    pub left_accepted: i64,
    pub left_quality_control: i64,
    pub left_damaged: i64,
    pub refused: i64,
    pub over_receipt: i64,
    pub quarantined: i64,
    pub closed: i64,
    pub in_review: i64,
    pub document: String,
    pub batch: String,
    pub owner: String,
    pub entered_unit: String,
    pub entered_quantity: i64,
    pub base_units_per_unit: i64,
    pub effective_at: i64,
    pub version: i64,
    pub recorded_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
