//! What orders need to know of an item.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item_copy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub category: String,
    pub base_unit: String,
    pub pack_size: i64,
    pub pack_rounding: String,
    pub cost_nanos: Option<i64>,
    pub cost_currency: String,
    pub price_nanos: Option<i64>,
    pub price_currency: String,
    pub components: String,
    pub substitutes: String,
    pub units: String,
    pub releases: String,
    pub reservation_horizon_days: Option<i32>,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
