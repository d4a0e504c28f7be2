//! Units of a line that a supplier is asked to ship itself.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "drop_ship_take")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub order_id: String,
    pub line_number: i32,
    pub item_id: String,
    pub supplier: String,
    pub quantity: i64,
    pub confirmed: i64,
    pub shipped: i64,
    pub state: String,
    pub asked_at: i64,
    pub answer_by: i64,
    pub answered_at: Option<i64>,
    pub ship_date: Option<String>,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
