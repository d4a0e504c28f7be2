//! Waiting units of a claim that are expected from one supply.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "peg")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub supply_id: String,
    pub item_id: String,
    pub quantity: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(Model, "peg" { line_id, part, supply_id, item_id, quantity });
