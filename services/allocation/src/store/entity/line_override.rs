//! A decision of a person against the rules, about a line.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "line_override")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub order_id: String,
    pub line_number: i32,
    pub kind: String,
    pub state: String,
    pub actor: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    /// The message, but for its name, state and etag.
    pub content: Vec<u8>,
    /// For an assignment: the call for inventory.
    pub call: Vec<u8>,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
