//! Units of one line, batch and owner that left one location in a shipment. Own units of no named batch have no row.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipped_batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shipment_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i32,
    pub order_id: String,
    pub line_number: i32,
    pub location_id: String,
    pub item_id: String,
    pub batch: String,
    pub owner: String,
    pub quantity: i64,
    pub returned: i64,
    pub cost_nanos: Option<i64>,
    pub cost_currency: String,
    pub shipped_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
