//! Makes rows and a reservation of a draft: frozen values, policy, place in the queue.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use backorder_domain::{
    allocation::sequence::{LineAttributes, ServingSequence, Worth},
    ids::LocationId,
    order::{
        eligibility::{Barriers, HoldTarget},
        exception::NEAR_DAYS_DEFAULT,
        policy::{self, BackorderPolicy, LineSubject, LineTerms, Wait},
        release::release_date,
        ship_set::{LineWish, sets_of},
    },
    quantity::Quantity,
    stock::groups::TEXT_BYTES_MAX,
    time::{civil_date_in, time_zone},
};
use backorder_proto::{
    common::v1::DateBasis,
    convert::{Violations, allocation as convert, encode},
    inventory::v1 as inventory,
};
use backorder_service_kit::idempotency::command_hash;
use backorder_storage::columns;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Draft, DraftLine, kits::Exploded};
use crate::{
    catalog::{ItemCopy, Places},
    error::Error,
    order::{
        Routes,
        hold::{Hold, Target},
        horizon::{leaves, put_horizon},
        key::demand_line,
        kits::{self, Part},
        texts, wishes,
    },
    rules::RuleSet,
    store::entity::{customer_order, order_line},
    use_cases::UseCases,
    write::Who,
};

/// An order that is ready to be written, and what it asks inventory for.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The order's row.
    pub order: customer_order::Model,
    /// The rows of its lines, by number.
    pub lines: Vec<order_line::Model>,
    /// The holds with which its lines begin.
    pub holds: Vec<Hold>,
    /// The call for stock.
    pub call: inventory::ReserveStockRequest,
}

/// How an order is placed.
#[derive(Debug, Clone, Copy)]
pub enum Placing {
    /// For good.
    Firm,
    /// As a quote that ends by itself.
    Quote {
        /// When it ends.
        expires_at: Timestamp,
    },
}

/// What rows of lines are made from.
pub(super) struct Basis<'a> {
    /// What bars each line.
    pub(super) barriers: Barriers,
    pub(super) order: &'a customer_order::Model,
    pub(super) items: &'a HashMap<String, Arc<ItemCopy>>,
    pub(super) places: &'a Places,
    pub(super) rules: &'a RuleSet,
    /// As [`Draft::quantities_stand`].
    pub(super) quantities_stand: bool,
    pub(super) ordered_at: Timestamp,
    pub(super) now: Timestamp,
}

impl UseCases {
    /// Makes rows and a reservation of a draft, with the order's id `order_id`.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Missing`], or [`Error::Unanswered`] when an item is not known here and inventory does
    /// not answer.
    pub(crate) async fn prepare(
        &self,
        draft: &Draft,
        order_id: &str,
        placing: Placing,
        who: &Who,
    ) -> Result<Prepared, Error> {
        let now = self.now();
        let ordered_at = draft.ordered_at(now)?;
        let mut items = self.catalog().items(&draft.items()).await?;
        let Exploded { kits, components } = self.explode(draft, &mut items).await?;
        let places = self.catalog().places_with(&draft.locations()).await?;
        let rules = self.rules().current().await?;
        let mut order = order_row(draft, order_id, placing, ordered_at, now, who);
        order.kits = kits::text(&kits);
        let barriers = barriers(&rules, draft);
        let basis = Basis {
            barriers,
            order: &order,
            items: &items,
            places: &places,
            rules: &rules,
            quantities_stand: draft.quantities_stand,
            ordered_at,
            now,
        };
        let mut violations = Violations::new();
        let is_kit = |line: &DraftLine| kits.iter().any(|kit| kit.number == line.number);
        let own = || draft.lines.iter().enumerate().filter(|(_, line)| !is_kit(line));
        let all = || own().chain(components.iter().map(|(index, line)| (*index, line)));
        let mut lines = Vec::with_capacity(draft.lines.len() + components.len());
        for (index, line) in all() {
            lines.extend(basis.line_row(line, index, &mut violations));
        }
        put_sets(all().map(|(_, line)| line), &mut lines);
        for (index, line) in draft.lines.iter().enumerate() {
            wishes::check(line, index, is_kit(line), &lines, &mut violations);
        }
        violations.finish()?;
        order.lines_active = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let call = reserve_call(&order, &lines, placing, who);
        lines.sort_by_key(|line| line.line_number);
        let holds = lines.iter().flat_map(|line| holds(draft, line, now, who)).collect();
        Ok(Prepared { order, lines, holds, call })
    }
}

/// What bars the lines of a new order.
fn barriers(rules: &RuleSet, draft: &Draft) -> Barriers {
    let of_customer = rules.held_customers.get(&draft.customer).copied().unwrap_or_default();
    of_customer.with_holds(HoldTarget::Line, draft.holds.iter().map(|hold| hold.blocks_allocation))
}

/// The holds with which a line begins.
fn holds<'a>(
    draft: &'a Draft,
    line: &'a order_line::Model,
    now: Timestamp,
    who: &'a Who,
) -> impl Iterator<Item = Hold> + 'a {
    draft.holds.iter().map(move |hold| Hold {
        target: Target::Line(line.order_id.clone(), line.line_number),
        hold_type: convert::hold_type(hold.hold_type).as_str_name().to_owned(),
        blocks_allocation: hold.blocks_allocation,
        actor: who.actor.clone(),
        reason_code: who.reason_code.clone(),
        note: who.note.clone(),
        set_at: columns::micros(now),
        until_at: hold.until.map(columns::micros),
    })
}

fn order_row(
    draft: &Draft,
    order_id: &str,
    placing: Placing,
    ordered_at: Timestamp,
    now: Timestamp,
    who: &Who,
) -> customer_order::Model {
    let currency = draft.lines.iter().find_map(|line| line.price).map(|price| price.currency.to_string());
    customer_order::Model {
        id: order_id.to_owned(),
        customer: draft.customer.clone(),
        customer_tier: draft.tier.clone(),
        channel: draft.channel.clone(),
        ship_to: draft.ship_to.clone(),
        destination_zone: draft.destination_zone.clone(),
        service: draft.service.clone(),
        ordered_at: columns::micros(ordered_at),
        currency_code: currency.unwrap_or_default(),
        company_rate_nanos: draft.company_rate_nanos,
        state: backorder_domain::order::state::OrderState::Reserving.as_str().to_owned(),
        quote_expires_at: match placing {
            Placing::Firm => None,
            Placing::Quote { expires_at } => Some(columns::micros(expires_at)),
        },
        // The id that was made for a draft without one is no part of its content.
        draft_hash: command_hash(&draft.message, |message| message.order_id.clear()),
        kits: String::new(),
        lines_active: 0,
        lines_shipped: 0,
        busy_step: None,
        claims_pending: false,
        actor: who.actor.clone(),
        reason_code: who.reason_code.clone(),
        note: who.note.clone(),
        version: 0,
        created_at: columns::micros(now),
        updated_at: columns::micros(now),
    }
}

/// The day, zone and basis that a line asks for.
struct Wanted {
    date: Date,
    basis: DateBasis,
    zone: TimeZone,
    zone_name: String,
    order_date: Date,
}

impl Basis<'_> {
    pub(super) fn line_row(
        &self,
        line: &DraftLine,
        index: usize,
        violations: &mut Violations,
    ) -> Option<order_line::Model> {
        let item = self.items.get(line.item.as_str())?;
        // What a kit holds of an item is no matter of the packs in which the item is sold alone.
        let stands = self.quantities_stand || line.part.is_some();
        let (quantity, unit, base_units) = line.base_quantity(item, stands, index, violations)?;
        let policy = self.policy_for(line, item);
        let locations: &[LocationId] = match policy {
            Some(policy) if line.locations.is_empty() => &policy.locations,
            Some(_) | None => &line.locations,
        };
        let wanted = self.wanted(line, locations);
        let terms = policy::terms(policy, line.instruction);
        let wait = policy::wait(policy, self.ordered_at, wanted.date, &wanted.zone);
        let mut row = self.bare_row(line, quantity.get(), base_units, &wanted);
        unit.clone_into(&mut row.ordered_unit);
        row.barriers = self.barriers.bits();
        put_terms(&mut row, line, policy, &terms, wait);
        row.locations = texts::locations(locations);
        let release = self.release(item).max(self.kit_of(line).and_then(|kit| self.release(kit)));
        row.release_date = release.map(columns::date_text);
        let routes = Routes::of(self.order, self.places, &wanted.zone);
        row.latest_ship_date = routes.latest_ship_date(&row, None).ok().flatten().map(columns::date_text);
        row.reservation_horizon_days = item.reservation_horizon_days.map(i32::from);
        put_horizon(&mut row, civil_date_in(self.now, &wanted.zone)).ok()?;
        let (cost_nanos, cost_currency) = frozen_cost(line, item);
        row.cost_nanos = cost_nanos;
        row.cost_currency = cost_currency;
        if let Some(part) = &line.part {
            put_part(&mut row, part);
        }
        row.queue_key =
            queue_key(&self.rules.sequence, self.order, &row, wanted.date, self.ordered_at, wanted.order_date);
        Some(row)
    }

    /// The kit of which a line is a component.
    fn kit_of(&self, line: &DraftLine) -> Option<&ItemCopy> {
        self.items.get(line.part.as_ref()?.item.as_str()).map(Arc::as_ref)
    }

    fn release(&self, item: &ItemCopy) -> Option<Date> {
        release_date(&item.releases, &self.order.channel, &self.order.destination_zone)
    }

    fn policy_for(&self, line: &DraftLine, item: &ItemCopy) -> Option<&BackorderPolicy> {
        // The customer ordered the kit, and its terms are those of all its components.
        let item = self.kit_of(line).unwrap_or(item);
        let location = line.locations.first().or_else(|| self.places.first_serving());
        let zone = location.and_then(|location| self.places.get(location.as_str()));
        let day = civil_date_in(self.ordered_at, zone.map_or(&TimeZone::UTC, |place| &place.zone));
        let subject = LineSubject {
            item: line.part.as_ref().map_or(&line.item, |part| &part.item),
            category: &item.category,
            tier: &self.order.customer_tier,
            channel: &self.order.channel,
            location,
        };
        policy::fitting(&self.rules.policies, &subject, day).into_iter().next()
    }

    fn wanted(&self, line: &DraftLine, locations: &[LocationId]) -> Wanted {
        let first = locations.first().or_else(|| self.places.first_serving());
        let place = first.and_then(|location| self.places.get(location.as_str()));
        let asked = line.requested.as_ref();
        let named = asked.filter(|asked| !asked.time_zone.is_empty());
        let zone_name = match (named, place) {
            (Some(asked), _) => asked.time_zone.clone(),
            (None, Some(place)) => place.zone_name.clone(),
            (None, None) => "UTC".to_owned(),
        };
        let zone = time_zone(&zone_name).unwrap_or(TimeZone::UTC);
        let order_date = civil_date_in(self.ordered_at, &zone);
        Wanted {
            date: asked.map_or(order_date, |asked| asked.date),
            basis: asked.map_or(DateBasis::Ship, |asked| asked.basis),
            zone,
            zone_name,
            order_date,
        }
    }

    fn bare_row(&self, line: &DraftLine, quantity: i64, base_units: i64, wanted: &Wanted) -> order_line::Model {
        order_line::Model {
            order_id: self.order.id.clone(),
            line_number: line.number,
            item_id: line.item.to_string(),
            ordered_unit_quantity: line.quantity.get(),
            base_units_per_unit: base_units,
            ordered: quantity,
            open: quantity,
            queue_time: columns::micros(self.ordered_at),
            time_zone: wanted.zone_name.clone(),
            requested_date: columns::date_text(wanted.date),
            requested_basis: wanted.basis.as_str_name().to_owned(),
            promised_zone: wanted.zone_name.clone(),
            wait_started_at: columns::micros(self.ordered_at),
            ship_set: line.ship_set.clone(),
            price_nanos: line.price.map(|price| price.nanos),
            shortage_instruction: convert::shortage_instruction(line.instruction).as_str_name().to_owned(),
            substitution_allowed: line.substitution_allowed,
            notify_before_short: line.notify_before_short,
            batch: line.wish.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
            shelf_life_days: i32::from(line.wish.shelf_life_days),
            may_wait: true,
            split_allowed: true,
            parts: 1,
            updated_at: self.order.updated_at,
            ..order_line::Model::default()
        }
    }
}

/// What is special of a component.
fn put_part(row: &mut order_line::Model, part: &Part) {
    row.kit_line = Some(part.kit);
    row.kit_units = part.units;
    row.kit_price_nanos = part.price_nanos;
}

fn put_terms(
    row: &mut order_line::Model,
    line: &DraftLine,
    policy: Option<&BackorderPolicy>,
    terms: &LineTerms,
    wait: Wait,
) {
    row.policy_id = policy.map(|policy| policy.id.to_string()).unwrap_or_default();
    row.after_wait =
        convert::after_wait(policy.map(|policy| policy.after_wait).unwrap_or_default()).as_str_name().to_owned();
    let ask = policy.map(|policy| policy.ask).unwrap_or_default();
    row.ask_days_before = i32::from(ask.days_before);
    row.answer_days = i32::from(ask.answer_days);
    row.after_silence = convert::after_silence(ask.after_silence).as_str_name().to_owned();
    row.wait_near_days = i32::from(policy.map_or(NEAR_DAYS_DEFAULT, |policy| policy.wait_near_days));
    row.promise_later_days = i32::from(terms.promise_rule.later_days);
    row.promise_earlier_days = i32::from(terms.promise_rule.earlier_days);
    row.promise_stable_hours = i32::from(terms.promise_rule.stable_hours);
    row.may_wait = terms.may_wait;
    row.loss_reason = convert::loss_reason(terms.loss).as_str_name().to_owned();
    row.waiting_limit = terms.waiting_limit.map(Quantity::get);
    row.split_allowed = terms.split_allowed;
    row.minimum_per_location = terms.minimum_per_location.get();
    row.set_days = i32::from(terms.ship_set_days);
    row.wait_started_at = columns::micros(wait.start);
    row.wait_limit_date = wait.limit.filter(|_| line.instruction.waits()).map(columns::date_text);
}

/// Which lines go together. A set goes by the fewest days of its lines' policies.
fn put_sets<'a>(wanted: impl Iterator<Item = &'a DraftLine>, lines: &mut [order_line::Model]) {
    let wishes = wanted.map(|line| LineWish {
        number: line.number,
        ship_set: &line.ship_set,
        instruction: line.instruction,
        kit: line.part.as_ref().map(|part| part.kit),
    });
    let sets = sets_of(&wishes.collect::<Vec<_>>());
    let mut days: BTreeMap<&str, i32> = BTreeMap::new();
    for line in lines.iter() {
        if let Some(set) = sets.get(&line.line_number) {
            let fewest = days.entry(set).or_insert(line.set_days);
            *fewest = line.set_days.min(*fewest);
        }
    }
    for line in lines {
        let set = sets.get(&line.line_number).map(String::as_str).unwrap_or_default();
        set.clone_into(&mut line.set_name);
        line.set_days = days.get(set).copied().unwrap_or_default();
    }
}

fn frozen_cost(line: &DraftLine, item: &ItemCopy) -> (Option<i64>, String) {
    match (&line.cost, &item.cost) {
        (Some(cost), _) => (Some(cost.nanos), cost.currency.to_string()),
        (None, Some((nanos, currency))) => (Some(*nanos), currency.clone()),
        (None, None) => (None, String::new()),
    }
}

/// The place of a line in the queue, by its frozen values.
pub(crate) fn queue_key(
    sequence: &ServingSequence,
    order: &customer_order::Model,
    row: &order_line::Model,
    requested_date: Date,
    queue_time: Timestamp,
    order_date: Date,
) -> String {
    sequence.queue_key(&LineAttributes {
        tier: &order.customer_tier,
        channel: &order.channel,
        requested_date,
        queue_time,
        order_date,
        // What was refused counts too, so that the place does not depend on whether inventory has decided already.
        worth: Worth::of(
            row.price_nanos,
            row.cost_nanos,
            order.company_rate_nanos,
            row.ordered.saturating_add(row.refused),
        ),
    })
}

fn reserve_call(
    order: &customer_order::Model,
    lines: &[order_line::Model],
    placing: Placing,
    who: &Who,
) -> inventory::ReserveStockRequest {
    let lines = lines.iter().map(|line| reserve_line(line, placing)).collect();
    inventory::ReserveStockRequest {
        lines,
        effective_time: columns::instant(order.ordered_at, "customer_order").ok().map(encode::timestamp),
        context: Some(who.message()),
        characteristics: characteristics_of(order),
        ..inventory::ReserveStockRequest::default()
    }
}

/// What the lines of an order say of themselves, by which they belong to groups of their items: `tier`, `channel` and
/// `customer`, those that the order has.
pub(crate) fn characteristics_of(order: &customer_order::Model) -> Vec<inventory::Characteristic> {
    let values = [("tier", &order.customer_tier), ("channel", &order.channel), ("customer", &order.customer)];
    // Inventory takes no longer ones, and nobody can name them in a group.
    let sayable = values.into_iter().filter(|(_, value)| !value.trim().is_empty() && value.len() <= TEXT_BYTES_MAX);
    sayable.map(|(name, value)| inventory::Characteristic { name: name.to_owned(), value: value.clone() }).collect()
}

/// A row that was not written here is kept from stock, and told by `VerifyOrders`.
fn may_take_stock(line: &order_line::Model) -> bool {
    Barriers::from_bits(line.barriers).is_some_and(Barriers::may_take_stock)
}

/// What a line asks inventory for with its first part.
pub(crate) fn reserve_line(line: &order_line::Model, placing: Placing) -> inventory::ReserveLine {
    let shortfall = if line.may_wait { inventory::Shortfall::Backorder } else { inventory::Shortfall::Keep };
    let (strength, expires_at) = match placing {
        Placing::Firm => (inventory::ReservationStrength::Firm, None),
        Placing::Quote { expires_at } => (inventory::ReservationStrength::Soft, Some(expires_at)),
    };
    // Inventory counts the day on which goods leave.
    let requested = leaves(line).ok();
    inventory::ReserveLine {
        line: demand_line(&line.order_id, line.line_number, expires_at.is_some()),
        part: 1,
        item: format!("items/{}", line.item_id),
        quantity: line.ordered,
        locations: texts::locations_of(&line.locations).map(|id| format!("locations/{id}")).collect(),
        split_allowed: line.split_allowed,
        minimum_per_location: line.minimum_per_location,
        shortfall: shortfall.into(),
        strength: strength.into(),
        expire_time: expires_at.map(encode::timestamp),
        all_or_nothing_group: line.set_name.clone(),
        wait_whole: line.kit_line.is_some(),
        eligible: may_take_stock(line),
        queue_key: line.queue_key.clone(),
        queue_time: columns::instant(line.queue_time, "order_line").ok().map(encode::timestamp),
        requested_date: requested.map(encode::date),
        waiting_limit: line.waiting_limit,
        takes_over_line: String::new(),
        take_at_most: None,
        batch: String::new(),
        wish: wishes::message(line),
        // The request says it of all lines of an order.
        characteristics: Vec::new(),
    }
}
