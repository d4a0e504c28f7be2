//! What a service figure should reach, and how it stood.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "figure_target")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub terms: Vec<u8>,
    pub version: i64,
    pub state: i32,
    pub since_at: Option<i64>,
    pub judged_at: Option<i64>,
    pub judged_until: Option<String>,
    pub judged_version: i64,
    pub measured: Vec<u8>,
    pub sequence: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
