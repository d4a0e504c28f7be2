//! A day of a working calendar that is not as its weekday is.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_day")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub calendar_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: String,
    /// An extra working day; else a holiday.
    pub works: bool,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
