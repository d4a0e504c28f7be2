//! The item's newest movement, and whether it has groups. Whoever changes the books of an item locks this row.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item_ledger")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    pub last_movement: i64,
    /// The version of the item's groups; NULL for an item without, for which it takes no room.
    pub group_version: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(Model, "item_ledger" { item_id, last_movement, group_version });
