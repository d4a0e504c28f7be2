//! A line of an order: what was asked for, what became of it, and what was promised.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Default, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_number: i32,
    pub item_id: String,
    pub ordered_unit: String,
    pub ordered_unit_quantity: i64,
    pub base_units_per_unit: i64,
    pub ordered: i64,
    pub open: i64,
    pub reserved: i64,
    pub released: i64,
    pub recalling: i64,
    pub shipped: i64,
    pub cancelled: i64,
    pub delivered: i64,
    pub returned: i64,
    pub refused: i64,
    pub filled_at_once: i64,
    pub backordered: i64,
    pub future: i64,
    pub preorder: i64,
    pub queue_time: i64,
    pub queue_key: String,
    pub time_zone: String,
    pub requested_date: String,
    pub requested_basis: String,
    pub original_promised_date: Option<String>,
    pub current_promised_date: Option<String>,
    pub expected_ship_date: Option<String>,
    pub actual_ship_date: Option<String>,
    pub latest_ship_date: Option<String>,
    pub release_date: Option<String>,
    pub promised_zone: String,
    pub promise_revision: i32,
    pub confirmations: String,
    pub wait_started_at: i64,
    pub wait_limit_date: Option<String>,
    pub filled_at: Option<i64>,
    pub ship_set: String,
    pub price_nanos: Option<i64>,
    pub cost_nanos: Option<i64>,
    pub cost_currency: String,
    pub shortage_instruction: String,
    pub substitution_allowed: bool,
    pub notify_before_short: bool,
    pub short_agreed_at: Option<i64>,
    pub policy_id: String,
    pub after_wait: String,
    pub ask_days_before: i32,
    pub answer_days: i32,
    pub after_silence: String,
    pub wait_acted_for: Option<String>,
    pub wait_due_at: Option<i64>,
    pub wait_escalated_at: Option<i64>,
    pub question_number: i32,
    pub question_answer_by: Option<i64>,
    pub promise_later_days: i32,
    pub promise_earlier_days: i32,
    pub promise_stable_hours: i32,
    pub better_since: Option<i64>,
    pub promise_review_at: Option<i64>,
    pub may_wait: bool,
    pub loss_reason: String,
    pub waiting_limit: Option<i64>,
    pub split_allowed: bool,
    pub minimum_per_location: i64,
    pub locations: String,
    pub barriers: i32,
    pub parts: i32,
    pub version: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

backorder_storage::keyed_row!(
    Model, "order_line" {
        order_id, line_number, item_id, ordered_unit, ordered_unit_quantity, base_units_per_unit, ordered, open,
        reserved, released, recalling, shipped, cancelled, delivered, returned, refused, filled_at_once, backordered,
        future, preorder, queue_time, queue_key, time_zone, requested_date, requested_basis,
        original_promised_date, current_promised_date, expected_ship_date, actual_ship_date, latest_ship_date, release_date, promised_zone,
        promise_revision, confirmations, wait_started_at, wait_limit_date, filled_at, ship_set, price_nanos,
        cost_nanos, cost_currency, shortage_instruction, substitution_allowed, notify_before_short, short_agreed_at, policy_id,
        after_wait, ask_days_before, answer_days, after_silence, wait_acted_for, wait_due_at, wait_escalated_at,
        question_number, question_answer_by, promise_later_days, promise_earlier_days, promise_stable_hours, better_since,
        promise_review_at, may_wait, loss_reason, waiting_limit, split_allowed, minimum_per_location, locations, barriers,
        parts,
        version, updated_at,
    }
);
