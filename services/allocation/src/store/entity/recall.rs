//! A wish that the warehouse gives units of a line back.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recall")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub order_id: String,
    pub line_number: i32,
    pub quantity: i64,
    pub returned: i64,
    pub missed: i64,
    pub cancels: bool,
    /// Of a recall that does not cancel: so many of the units that come back are cancelled nevertheless.
    pub cancelling: i64,
    pub state: String,
    pub asked_at: i64,
    pub answered_at: Option<i64>,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
