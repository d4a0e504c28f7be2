//! Whether and how demand may be backordered.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "backorder_policy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub item_id: Option<String>,
    pub category: Option<String>,
    pub channel: Option<String>,
    pub location_id: Option<String>,
    pub customer_tier: Option<String>,
    pub allowed: bool,
    pub waiting_limit: Option<i64>,
    pub acceptable_wait_days: Option<i32>,
    pub wait_day_type: String,
    pub wait_start: String,
    pub after_wait: String,
    pub ask_days_before: i32,
    pub answer_days: i32,
    pub after_silence: String,
    pub wait_near_days: i32,
    pub promise_later_days: i32,
    pub promise_earlier_days: i32,
    pub promise_stable_hours: i32,
    pub split_allowed: bool,
    pub minimum_per_location: i64,
    pub ship_set_days: i32,
    pub locations: String,
    pub effective_from: Option<String>,
    pub effective_to: Option<String>,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
