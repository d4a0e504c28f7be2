//! An allocation run.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub state: String,
    pub request: Vec<u8>,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    pub failure: String,
    pub cursor_item: String,
    pub progress: Vec<u8>,
    pub version: i64,
    pub commit_at: Option<i64>,
    pub commit_actor: String,
    pub commit_reason_code: String,
    pub commit_note: String,
    pub commit_cursor: String,
    pub calls_item: String,
    pub cancel_requested: bool,
    pub schedule_id: String,
    pub due_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
