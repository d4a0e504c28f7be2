//! An item that may be sent in place of another, best first.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item_substitute")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i32,
    pub substitute_item_id: String,
    pub ratio_numerator: i64,
    pub ratio_denominator: i64,
    pub valid_from: Option<String>,
    pub valid_to: Option<String>,
    pub price_rule: String,
    pub excluded_customers: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
