//! What groups of demand may take of an item, as it was set.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item_group")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    /// The rules as the contract shows them, encoded.
    pub rules: Vec<u8>,
    pub version: i64,
    /// The sum of the day numbers of all locations when those who wait were last looked at.
    pub settled_days: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
