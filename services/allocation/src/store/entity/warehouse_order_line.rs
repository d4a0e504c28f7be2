//! Units of one line that a warehouse is asked to ship or to give back, as the line was then.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "warehouse_order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub warehouse_order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub order_id: String,
    pub line_number: i32,
    pub item_id: String,
    pub quantity: i64,
    pub ordered_unit: String,
    pub base_units_per_unit: i64,
    pub ship_to: String,
    pub destination_zone: String,
    pub service: String,
    pub requested_date: String,
    pub requested_basis: String,
    pub promised_date: Option<String>,
    pub time_zone: String,
    pub promised_zone: String,
    pub ship_set: String,
    pub recall_id: String,
    pub batch: String,
    pub shelf_life_days: i32,
    pub bound: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
