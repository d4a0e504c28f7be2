//! A dated quantity that is expected at a location.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supply")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub supply_id: String,
    pub location_id: String,
    pub kind: String,
    pub ordered: i64,
    pub open: i64,
    pub received: i64,
    pub cancelled: i64,
    pub advised: i64,
    pub pegged: i64,
    pub agreed_date: Option<String>,
    pub expected_date: Option<String>,
    pub supplier: String,
    pub reference: String,
    pub parent_supply_id: Option<String>,
    pub sent_from_location_id: Option<String>,
    pub version: i64,
    pub over_receipt_percent: Option<i64>,
    pub over_receipt_units: Option<i64>,
    pub ordered_unit: String,
    pub ordered_unit_quantity: i64,
    pub base_units_per_unit: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
