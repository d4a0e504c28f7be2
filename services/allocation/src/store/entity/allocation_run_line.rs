//! What a run found for one part of a line, and what became of it.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_run_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    pub tier: String,
    pub is_changed: bool,
    pub is_exception: bool,
    pub quantity: i64,
    pub on_time: i64,
    pub confirmed: i64,
    pub unit_days_late: i64,
    pub claim_version: i64,
    pub detail: Vec<u8>,
    pub outcome: i32,
    pub units_taken: i64,
    pub units_given: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
