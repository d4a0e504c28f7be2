//! One movement of units from one state to another. Rows are only ever added.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "movement")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub previous: i64,
    pub item_id: String,
    pub request_id: String,
    pub ordinal: i32,
    pub from_location_id: Option<String>,
    pub from_state: String,
    pub to_location_id: Option<String>,
    pub to_state: String,
    pub quantity: i64,
    pub batch: String,
    pub owner: String,
    pub balanced: bool,
    pub cause: String,
    pub reason_code: String,
    pub note: String,
    pub actor: String,
    pub effective_at: i64,
    pub recorded_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
