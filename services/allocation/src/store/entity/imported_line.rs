//! A line that was taken over from another system, and how far its going live is.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i32,
    pub import_id: String,
    pub item_id: String,
    pub state: String,
    pub open: i64,
    pub reserved_before: i64,
    pub reserved: i64,
    pub cancelled: i64,
    pub returned: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
