//! What orders need to know of a location.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "location_copy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub time_zone: String,
    pub rank: i32,
    pub calendar_id: Option<String>,
    pub order_cut_off: Option<String>,
    pub dock_to_stock_days: i32,
    pub handling_days: i32,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
