//! A difference that a comparison showed.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stock_difference")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub sender: String,
    pub number: String,
    pub location_id: String,
    pub item_id: String,
    pub stock_state: String,
    pub kind: String,
    pub ours: i64,
    pub theirs: i64,
    pub in_flight: i64,
    pub unexplained: i64,
    pub state: String,
    pub as_of: i64,
    pub recorded_at: i64,
    pub closed_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
