//! What a claim on an item with groups says of itself, and what it consumed.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim_group")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    pub item_id: String,
    /// Names and values, as a JSON object with its keys in order: the same characteristics are the same text.
    pub characteristics: String,
    /// Units with what they were consumed from, in the order in which they were taken, as JSON.
    pub takes: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(Model, "claim_group" { line_id, part, item_id, characteristics, takes });
