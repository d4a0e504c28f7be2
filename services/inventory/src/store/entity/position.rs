//! The stock of one item at one location, one column per state.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "position")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub location_id: String,
    pub available: i64,
    pub reserved: i64,
    pub released: i64,
    pub held: i64,
    pub quality_control: i64,
    pub damaged: i64,
    pub in_transit: i64,
    pub named: i64,
    pub version: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(
    Model, "position" {
        item_id, location_id, available, reserved, released, held, quality_control, damaged, in_transit, named,
        version, updated_at,
    }
);
