//! A write that is begun and not finished: it is resumed after a crash.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unfinished_step")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub caller: String,
    pub method: String,
    pub request_id: String,
    pub kind: String,
    pub command_hash: Vec<u8>,
    pub plan: Vec<u8>,
    pub began_at: i64,
    pub traceparent: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(
    Model,
    "unfinished_step" { id, caller, method, request_id, kind, command_hash, plan, began_at, traceparent }
);
