//! What orders need to know of a working calendar.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_copy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Bit 0 is Monday, bit 6 is Sunday.
    pub working_days: i32,
    /// Dates, separated by spaces.
    pub holidays: String,
    /// Dates, separated by spaces.
    pub extra_days: String,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
