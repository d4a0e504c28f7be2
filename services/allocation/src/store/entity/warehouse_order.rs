//! What a warehouse is asked to ship or to give back.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "warehouse_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub location_id: String,
    pub kind: String,
    pub created_at: i64,
    pub acknowledged_at: Option<i64>,
    pub acknowledge_reference: String,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
