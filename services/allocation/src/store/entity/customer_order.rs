//! A customer's order, without its lines.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Default, DeriveEntityModel)]
#[sea_orm(table_name = "customer_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub customer: String,
    pub customer_tier: String,
    pub channel: String,
    pub ship_to: String,
    pub destination_zone: String,
    pub service: String,
    pub ordered_at: i64,
    pub currency_code: String,
    pub company_rate_nanos: i64,
    pub state: String,
    pub quote_expires_at: Option<i64>,
    pub draft_hash: Vec<u8>,
    pub lines_active: i64,
    pub lines_shipped: i64,
    pub kits: String,
    pub busy_step: Option<String>,
    pub claims_pending: bool,
    pub actor: String,
    pub reason_code: String,
    pub note: String,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(
    Model,
    "customer_order" { id, customer, customer_tier, channel, ship_to, destination_zone, service, ordered_at, currency_code, company_rate_nanos, state, quote_expires_at, draft_hash, lines_active, lines_shipped, kits, busy_step, claims_pending, actor, reason_code, note, version, created_at, updated_at }
);
