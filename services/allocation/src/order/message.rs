//! Rows as messages of the contract.

use backorder_domain::{
    money::{CurrencyCode, Money},
    order::{
        promise::{self as rules, Confirmation},
        route::Delivery,
        state::OrderState,
    },
};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1 as common,
    convert::{
        allocation::{self as convert, line_name, policy_name, zoned_date},
        encode,
    },
};
use backorder_storage::{StorageError, columns};

use crate::{
    order::{OrderRecord, barriers_of, hold::Hold, kits, question, texts},
    store::{
        entity::{customer_order, customer_question, lost_demand, order_line, promise},
        holds::HoldsOfLines,
    },
};

/// An order with the given lines.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn order(row: &customer_order::Model, lines: Vec<pb::OrderLine>) -> Result<pb::Order, StorageError> {
    const TABLE: &str = "customer_order";
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let state = OrderState::from_name(&row.state)
        .ok_or_else(|| StorageError::InvalidRow { table: TABLE, detail: format!("{:?} is no state", row.state) })?;
    Ok(pb::Order {
        name: format!("orders/{}", row.id),
        customer: row.customer.clone(),
        customer_tier: row.customer_tier.clone(),
        channel: row.channel.clone(),
        ship_to: row.ship_to.clone(),
        destination_zone: row.destination_zone.clone(),
        service: row.service.clone(),
        order_time: Some(time(row.ordered_at)?),
        currency_code: row.currency_code.clone(),
        company_rate_nanos: row.company_rate_nanos,
        kits: kits::messages(row, &lines)?,
        lines,
        state: convert::order_state(state).into(),
        quote_expire_time: row.quote_expires_at.map(time).transpose()?,
        create_time: Some(time(row.created_at)?),
        update_time: Some(time(row.updated_at)?),
        etag: row.version.to_string(),
        context: Some(common::WriteContext {
            actor: row.actor.clone(),
            reason_code: row.reason_code.clone(),
            note: row.note.clone(),
        }),
    })
}

/// An order with all lines that were loaded, without holds.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn whole_order(record: &OrderRecord) -> Result<pb::Order, StorageError> {
    let lines = record.lines.values().map(|record_line| line(&record.row.currency_code, &record_line.row, Vec::new()));
    order(&record.row, lines.collect::<Result<_, _>>()?)
}

/// What is answered when a customer's answer is recorded: the question with its line or kit.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn recorded(
    record: &OrderRecord,
    asked: &customer_question::Model,
) -> Result<pb::RecordAnswerResponse, StorageError> {
    let order = whole_order(record)?;
    let about = line_name(&record.row.id, asked.kit_line.unwrap_or(asked.line_number));
    Ok(pb::RecordAnswerResponse {
        question: Some(question::message(asked)?),
        line: order.lines.into_iter().find(|line| line.name == about),
        kit: order.kits.into_iter().find(|kit| kit.name == about),
    })
}

/// An order with its lines and their holds.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn order_with_holds(
    row: &customer_order::Model,
    lines: &[order_line::Model],
    holds: &mut HoldsOfLines,
) -> Result<pb::Order, StorageError> {
    let lines = lines.iter().map(|row_line| {
        let key = (row_line.order_id.clone(), row_line.line_number);
        line(&row.currency_code, row_line, holds.remove(&key).unwrap_or_default())
    });
    order(row, lines.collect::<Result<_, _>>()?)
}

/// A line with the given holds.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
#[expect(clippy::too_many_lines, reason = "one for each field of the message")]
pub fn line(currency: &str, row: &order_line::Model, holds: Vec<Hold>) -> Result<pb::OrderLine, StorageError> {
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let dates = Dates::of(row)?;
    Ok(pb::OrderLine {
        name: line_name(&row.order_id, row.line_number),
        item: format!("items/{}", row.item_id),
        ordered_unit: row.ordered_unit.clone(),
        ordered_unit_quantity: row.ordered_unit_quantity,
        base_units_per_unit: row.base_units_per_unit,
        requested: row.ordered.saturating_add(row.refused),
        ordered: row.ordered,
        open: row.open,
        reserved: row.reserved,
        released: row.released,
        shipped: row.shipped,
        cancelled: row.cancelled,
        delivered: row.delivered,
        returned: row.returned,
        refused: row.refused,
        filled_at_once: row.filled_at_once,
        backordered: row.backordered,
        future: row.future,
        preorder: row.preorder,
        queue_time: Some(time(row.queue_time)?),
        ship_set: row.ship_set.clone(),
        holds: holds.iter().map(Hold::of_a_line).collect::<Result<_, _>>()?,
        requested_date: dates.requested,
        original_promised_date: dates.original,
        current_promised_date: dates.current,
        expected_ship_date: dates.expected,
        actual_ship_date: dates.actual,
        latest_ship_date: dates.latest_ship,
        expected_delivery_date: dates.expected_delivery,
        release_date: columns::optional_date(row.release_date.as_deref(), TABLE)?.map(encode::date),
        confirmations: confirmations(&row.confirmations)?,
        unit_price: money(currency, row.price_nanos),
        unit_cost: money(&row.cost_currency, row.cost_nanos),
        shortage_instruction: named(&row.shortage_instruction, pb::ShortageInstruction::from_str_name)?,
        substitution_allowed: row.substitution_allowed,
        notify_before_short: row.notify_before_short,
        batch: row.batch.clone(),
        min_remaining_shelf_life_days: row.shelf_life_days,
        policy: deciding_policy(row),
        wait_start_time: Some(time(row.wait_started_at)?),
        wait_limit_date: columns::optional_date(row.wait_limit_date.as_deref(), TABLE)?.map(encode::date),
        fill_time: row.filled_at.map(time).transpose()?,
        recalling: row.recalling,
        drop_ship_pending: row.drop_ship_pending,
        drop_ship_confirmed: row.drop_ship_confirmed,
        drop_shipped: row.drop_shipped,
        barriers: barriers_of(row)?.iter().map(|barrier| convert::line_barrier(barrier).into()).collect(),
        replaced: row.replaced,
        kit: named_line(row, row.kit_line),
        units_per_kit: row.kit_units,
        price_per_kit: money(currency, row.kit_price_nanos),
        substitutes: named_line(row, row.substitutes_line),
        substitutes_units: row.substitutes_units,
        substituted: row.substituted,
        replaces: named_line(row, row.replaces_line),
        short_consent_time: row.short_agreed_at.map(time).transpose()?,
        ship_set_name: row.set_name.clone(),
        question: pending_question(row),
        kit_surplus: row.kit_surplus,
        wait_escalate_time: row.wait_escalated_at.map(time).transpose()?,
    })
}

/// The policy that decided about the line, where one was needed.
fn deciding_policy(row: &order_line::Model) -> String {
    let bites = row.backordered > 0 || row.open > 0 || (row.refused > 0 && row.loss_reason != CUSTOMER);
    if bites && !row.policy_id.is_empty() { policy_name(&row.policy_id) } else { String::new() }
}

/// The name of another line of the order; empty for none.
fn named_line(row: &order_line::Model, line: Option<i32>) -> String {
    line.map(|line| line_name(&row.order_id, line)).unwrap_or_default()
}

const TABLE: &str = "order_line";
const CUSTOMER: &str = "LOST_DEMAND_REASON_CUSTOMER_INSTRUCTION";

fn pending_question(row: &order_line::Model) -> String {
    let asked = row.question_answer_by.is_some();
    let about = row.kit_line.unwrap_or(row.line_number);
    if asked { question::name(&row.order_id, about, row.question_number) } else { String::new() }
}

struct Dates {
    requested: Option<common::ZonedDate>,
    original: Option<common::ZonedDate>,
    current: Option<common::ZonedDate>,
    expected: Option<common::ZonedDate>,
    actual: Option<common::ZonedDate>,
    latest_ship: Option<common::ZonedDate>,
    expected_delivery: Option<common::ZonedDate>,
}

impl Dates {
    fn of(row: &order_line::Model) -> Result<Self, StorageError> {
        let basis = common::DateBasis::from_str_name(&row.requested_basis).unwrap_or(common::DateBasis::Ship);
        let ship = |text: &Option<String>, zone: &str| -> Result<_, StorageError> {
            let date = columns::optional_date(text.as_deref(), TABLE)?;
            Ok(date.map(|date| zoned_date(date, common::DateBasis::Ship, zone)))
        };
        let requested = columns::date(&row.requested_date, TABLE)?;
        Ok(Self {
            requested: Some(zoned_date(requested, basis, &row.time_zone)),
            original: ship(&row.original_promised_date, &row.promised_zone)?,
            current: ship(&row.current_promised_date, &row.promised_zone)?,
            expected: ship(&row.expected_ship_date, &row.promised_zone)?,
            actual: ship(&row.actual_ship_date, &row.time_zone)?,
            latest_ship: ship(&row.latest_ship_date, &row.promised_zone)?,
            expected_delivery: rules::delivered(&texts::confirmations_of(&row.confirmations)?).map(delivery),
        })
    }
}

pub(crate) fn money(currency: &str, nanos: Option<i64>) -> Option<common::Money> {
    let currency = CurrencyCode::try_new(currency).ok()?;
    nanos.map(|nanos| encode::money(Money { currency, nanos }))
}

/// Confirmations of their text, as messages.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that was not written here.
pub fn confirmations(text: &str) -> Result<Vec<pb::Confirmation>, StorageError> {
    Ok(texts::confirmations_of(text)?.iter().map(confirmation).collect())
}

fn confirmation(confirmation: &Confirmation) -> pb::Confirmation {
    let (source, supply) = convert::cover(&confirmation.cover);
    pb::Confirmation {
        quantity: confirmation.quantity.get(),
        ship_date: confirmation.ship_date.map(encode::date),
        source: source.into(),
        location: confirmation.location.as_ref().map(encode::location_name).unwrap_or_default(),
        supply,
        delivery_date: confirmation.delivery.as_ref().map(delivery),
    }
}

fn delivery(delivery: &Delivery) -> common::ZonedDate {
    zoned_date(delivery.date, common::DateBasis::Deliver, &delivery.zone)
}

/// A revision of a promise.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn promise(row: &promise::Model) -> Result<pb::PromiseRevision, StorageError> {
    let date = columns::optional_date(row.promised_date.as_deref(), "promise")?;
    Ok(pb::PromiseRevision {
        revision: row.revision,
        promise_time: Some(encode::timestamp(columns::instant(row.promised_at, "promise")?)),
        promised_date: date.map(|date| zoned_date(date, common::DateBasis::Ship, &row.time_zone)),
        confirmations: confirmations(&row.confirmations)?,
        reason: named::<pb::PromiseReason>(&row.reason, pb::PromiseReason::from_str_name)?,
        cause: row.cause.clone(),
    })
}

/// Lost demand.
#[must_use]
pub fn lost_demand(row: &lost_demand::Model) -> pb::LostDemand {
    pb::LostDemand {
        line: line_name(&row.order_id, row.line_number),
        item: format!("items/{}", row.item_id),
        quantity: row.quantity,
        reason: pb::LostDemandReason::from_str_name(&row.reason).unwrap_or_default().into(),
        policy: if row.policy_id.is_empty() { String::new() } else { policy_name(&row.policy_id) },
        lose_time: columns::instant(row.lost_at, "lost_demand").ok().map(encode::timestamp),
    }
}

fn named<E: Into<i32>>(name: &str, find: impl Fn(&str) -> Option<E>) -> Result<i32, StorageError> {
    find(name)
        .map(Into::into)
        .ok_or_else(|| StorageError::InvalidRow { table: TABLE, detail: format!("{name:?} is no known value") })
}
