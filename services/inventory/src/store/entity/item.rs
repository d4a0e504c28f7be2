//! An item that is stocked and sold.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub description: String,
    pub base_unit: String,
    pub pack_size: i64,
    pub pack_rounding: String,
    pub category: String,
    pub unit_cost_nanos: Option<i64>,
    pub unit_cost_currency: Option<String>,
    pub unit_price_nanos: Option<i64>,
    pub unit_price_currency: Option<String>,
    pub safety_stock: i64,
    pub reservation_horizon_days: Option<i32>,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
