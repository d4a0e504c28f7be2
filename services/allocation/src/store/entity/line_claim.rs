//! The copy of one claim of a line, as inventory last told it. Part 0 is the claim of a quote.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "line_claim")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    pub reserved: i64,
    pub released: i64,
    pub waiting: i64,
    pub pegged: i64,
    pub posted: i64,
    pub queue_key: String,
    pub queue_time: i64,
    pub reservations: String,
    pub pegs: String,
    pub eligible: bool,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(
    Model, "line_claim" {
        order_id, line_number, part, reserved, released, waiting, pegged, posted, queue_key, queue_time, reservations,
        pegs, eligible, version,
    }
);
