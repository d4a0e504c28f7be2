//! Goods that left together.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub reference: String,
    pub carrier: String,
    pub service: String,
    pub tracking_number: String,
    pub freight_nanos: Option<i64>,
    pub freight_currency: String,
    pub expedited: bool,
    pub state: String,
    pub shipped_at: i64,
    pub delivered_at: Option<i64>,
    pub documents: String,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
    pub version: i64,
    pub carrier_status: String,
    pub carrier_status_at: Option<i64>,
    pub expected_delivery_at: Option<i64>,
    pub estimated_at: Option<i64>,
    pub supplier: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
