//! Units of which what was paid is to be given back.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund_due")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub basis: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub up_to: i64,
    pub quantity: i64,
    pub price_nanos: Option<i64>,
    pub amount_nanos: Option<i64>,
    pub currency_code: String,
    pub company_rate_nanos: i64,
    pub reason_code: String,
    pub cause: String,
    pub due_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
