//! What a customer was asked, or said unasked, about a line that waits too long.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_question")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub state: String,
    pub open: i64,
    pub wait_limit_date: Option<String>,
    pub promised_date: Option<String>,
    pub expected_ship_date: Option<String>,
    pub promised_zone: String,
    pub asked_at: i64,
    pub answer_by: Option<i64>,
    pub answered_at: Option<i64>,
    pub consent_until: Option<String>,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
    pub version: i64,
    pub kit_line: Option<i32>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
