//! Who loses what by an assignment: inventory is asked how the claims would stand, and the lines are settled on it.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::quantity::Quantity;
use backorder_proto::{
    allocation::v1 as pb,
    common::v1 as common,
    convert::{
        allocation::{claim_of_line, line_name},
        encode,
    },
    inventory::v1 as inventory,
};
use backorder_service_kit::idempotency::command_hash;
use backorder_storage::columns;

use super::AssignByHand;
use crate::{
    error::Error,
    order::{Book, Cause, Command, LineKey, Moment, key::demand_line, kits, message, sets::free_text, settle::settle},
    saga::units_of,
    store::{entity::order_line, orders::load_lines_in_tx},
    use_cases::{UseCases, claims::FreeForLines},
};

/// What an assignment would do.
#[derive(Debug, Clone)]
pub(super) struct Preview {
    /// The call that does it, bound to the claims as they are.
    pub call: inventory::AssignByHandRequest,
    /// What becomes of which line, the line itself first.
    pub effects: Vec<pb::OverrideEffect>,
    /// What the units are worth, in company currency.
    pub value: Option<common::Money>,
    /// Whether another person has to decide.
    pub needs_approval: bool,
    /// Names all of this.
    pub etag: String,
}

type Key = (String, i32);

/// How the claims would stand.
struct After {
    claims: Vec<inventory::Claim>,
    /// What would be free for lines of ship sets that could not be covered.
    free: FreeForLines,
}

impl UseCases {
    /// What an assignment would do now. Nothing is kept.
    pub(super) async fn preview_of(&self, wanted: &AssignByHand) -> Result<Preview, Error> {
        let to: Key = (wanted.order.clone(), wanted.line);
        let named: BTreeSet<Key> = wanted.taken.iter().map(|share| share.key()).chain([to.clone()]).collect();
        let lines = self.lines_now(&named).await?;
        for (order, line) in &named {
            let found = lines.orders.get(order).ok_or_else(|| Error::no_order(order))?;
            found.lines.get(line).ok_or_else(|| Error::no_line(order, *line))?;
        }
        refuse_sets(&lines, wanted)?;
        let names: Vec<String> = named.iter().map(|(order, line)| demand_line(order, *line, false)).collect();
        let claims = self.inventory().claims_of(names).await.map_err(Error::Unanswered)?;
        let call = call(wanted, &claims);
        let after = self.after(&call).await?;
        let mut effects = self.effects(&to, &after).await?;
        self.add_put_aside(&mut effects, wanted, &call, &claims).await?;
        let line = lines.line(&wanted.order, wanted.line).map(|line| &line.row);
        let rate = lines.orders.get(&wanted.order).map_or(0, |order| order.row.company_rate_nanos);
        let value = line.and_then(|line| value(line, rate, wanted.quantity));
        let is_promised = |share: &super::Share| {
            lines.line(&share.order, share.line).is_some_and(|line| line.row.current_promised_date.is_some())
        };
        let max = self.config().override_value_max;
        let is_worth_much = value.as_ref().zip(max).is_some_and(|(value, max)| value.units >= max);
        let shown = pb::Override {
            effects: effects.clone(),
            quantity: wanted.quantity.get(),
            location: wanted.location.clone(),
            ..pb::Override::default()
        };
        let of_call = command_hash(&call, |call| call.context = None);
        let etag = command_hash(&shown, |_| {}).into_iter().chain(of_call).map(|byte| format!("{byte:02x}")).collect();
        Ok(Preview {
            needs_approval: is_worth_much || wanted.taken.iter().any(is_promised),
            call,
            effects,
            value,
            etag,
        })
    }

    async fn lines_now(&self, keys: &BTreeSet<Key>) -> Result<Book, Error> {
        Ok(self
            .store()
            .write("preview_override", move |tx| Box::pin(async move { load_lines_in_tx(tx, keys).await }))
            .await?)
    }

    /// How the claims would stand: where the assignment changes claims of ship sets, those are decided about afterwards, and
    /// runs share what they give back.
    async fn after(&self, call: &inventory::AssignByHandRequest) -> Result<After, Error> {
        let answer = self.inventory().preview_assignment(call.clone()).await.map_err(Error::Refused)?;
        let (claims, mut free) = (answer.claims, FreeForLines::new());
        let touched = claims.iter().filter(|claim| claim.in_set);
        let touched = touched.filter_map(|claim| LineKey::of_claim(&claim.line, claim.part));
        let touched: BTreeSet<Key> = touched.map(|key| (key.order, key.line)).collect();
        let sets = self.sets_of(&touched).await?;
        let asked = self.asked_ahead(&sets, "").await?;
        let Some(item) = claims.first().map(|claim| claim.item.clone()).filter(|_| !asked.sets.is_empty()) else {
            return Ok(After { claims, free });
        };
        let request = inventory::PreviewServingRequest {
            item,
            assignment: Some(call.clone()),
            sets: asked.sets,
            keep_held_items: asked.keep_held_items,
            ..inventory::PreviewServingRequest::default()
        };
        let shown = self.inventory().preview_serving(request).await.map_err(Error::Refused)?;
        for there in &shown.free {
            let Some(key) = LineKey::of_claim(&there.line, there.part) else { continue };
            free.entry((key.order, key.line)).or_default().extend(units_of(&there.units)?);
        }
        Ok(After { claims: shown.claims, free })
    }

    /// The lines whose units or expected day would change with their claims, or with those of their ship sets.
    async fn effects(&self, to: &Key, after: &After) -> Result<Vec<pb::OverrideEffect>, Error> {
        let mut news = Vec::new();
        for claim in &after.claims {
            if let Some(key) = LineKey::of_claim(&claim.line, claim.part) {
                news.push((key, claim_of_line(claim).map_err(|violations| Error::Contract(violations.to_string()))?));
            }
        }
        let claimed = news.iter().map(|(key, _)| (key.order.clone(), key.line));
        let keys: BTreeSet<Key> = claimed.chain(after.free.keys().cloned()).collect();
        // With the other lines of their sets, which hear of it.
        let mut book = self.lines_now(&keys).await?;
        let before = book.clone();
        for (key, claim) in &news {
            book.take_claim(key, claim);
        }
        for ((order, number), units) in &after.free {
            let line = book.orders.get_mut(order).and_then(|order| order.lines.get_mut(number));
            if let Some(line) = line {
                line.free_told = Some(free_text(units)?);
            }
        }
        let places = self.catalog().places().await?;
        let moment = Moment { now: self.now(), places: &places };
        let mut effects = Vec::new();
        let lines: Vec<Key> =
            book.orders.iter().flat_map(|(id, order)| order.lines.keys().map(|n| (id.clone(), *n))).collect();
        for (order, number) in lines {
            let Some(record) = book.orders.get_mut(&order) else { continue };
            let view = record.set_view_of(number, moment)?;
            let Some(line) = record.lines.get_mut(&number) else { continue };
            settle(&record.row, line, Command::Follow, &Cause { reason: None, text: String::new() }, moment, view)?;
            let Some(old) = before.line(&order, number) else { continue };
            let effect = effect(&record.row.customer, &old.row, &line.row)?;
            if (order.as_str(), number) == (to.0.as_str(), to.1) {
                effects.insert(0, effect);
            } else if effect.reserved_change != 0 || effect.expected_before != effect.expected_after {
                effects.push(effect);
            }
        }
        Ok(effects)
    }

    /// Adds what lines, and ship sets with them, would have got of the units that are put aside for the queue and are taken.
    async fn add_put_aside(
        &self,
        effects: &mut Vec<pb::OverrideEffect>,
        wanted: &AssignByHand,
        call: &inventory::AssignByHandRequest,
        claims: &[inventory::Claim],
    ) -> Result<(), Error> {
        let Some(item) = claims.first().map(|claim| claim.item.clone()) else { return Ok(()) };
        if call.from_free == 0 {
            return Ok(());
        }
        let there = self.inventory().position(&item, &wanted.location).await.map_err(Error::Unanswered)?;
        if call.from_free <= there.available || there.held == 0 {
            return Ok(());
        }
        let waiting = self.waiting_for(&item, &wanted.location, there.held).await?;
        let sets = self.sets_that_wait(&waiting).await?;
        let asked = self.asked_ahead(&sets, item.strip_prefix("items/").unwrap_or(&item)).await?;
        let shared = inventory::PreviewServingRequest {
            item,
            location: wanted.location.clone(),
            sets: asked.sets,
            keep_held_items: asked.keep_held_items,
            ..inventory::PreviewServingRequest::default()
        };
        let after = inventory::PreviewServingRequest { assignment: Some(call.clone()), ..shared.clone() };
        let before = self.inventory().preview_serving(shared).await.map_err(Error::Unanswered)?;
        let after = gains(&self.inventory().preview_serving(after).await.map_err(Error::Refused)?);
        for (key, had) in gains(&before) {
            let lost = had.max(0) - after.get(&key).copied().unwrap_or_default().max(0);
            let name = line_name(&key.0, key.1);
            if lost <= 0 || key == (wanted.order.clone(), wanted.line) {
                continue;
            }
            match effects.iter_mut().find(|effect| effect.line == name) {
                Some(effect) => effect.put_aside_lost = lost,
                None => effects.push(pb::OverrideEffect { line: name, put_aside_lost: lost, ..Default::default() }),
            }
        }
        Ok(())
    }
}

/// A line that goes with others gets and gives its units only together with them: inventory would take back what it got.
fn refuse_sets(lines: &Book, wanted: &AssignByHand) -> Result<(), Error> {
    let taken = wanted.taken.iter().enumerate();
    let taken = taken.map(|(index, share)| (format!("taken[{index}].line"), &share.order, share.line));
    for (field, order, line) in std::iter::once(("line".to_owned(), &wanted.order, wanted.line)).chain(taken) {
        if lines.line(order, line).is_some_and(|line| !line.row.set_name.is_empty()) {
            return Err(Error::invalid(field, "must not be in a ship set, which takes and gives its units together"));
        }
    }
    Ok(())
}

/// What each line gets.
fn gains(shown: &inventory::PreviewServingResponse) -> BTreeMap<Key, i64> {
    let mut gains: BTreeMap<Key, i64> = BTreeMap::new();
    for gain in &shown.gains {
        if let Some(key) = LineKey::of_claim(&gain.line, gain.part) {
            *gains.entry((key.order, key.line)).or_default() += gain.quantity;
        }
    }
    gains
}

fn effect(customer: &str, before: &order_line::Model, after: &order_line::Model) -> Result<pb::OverrideEffect, Error> {
    let date = |text: &Option<String>| -> Result<_, Error> {
        Ok(columns::optional_date(text.as_deref(), "order_line")?.map(encode::date))
    };
    Ok(pb::OverrideEffect {
        line: line_name(&before.order_id, before.line_number),
        customer: customer.to_owned(),
        reserved_change: after.reserved + after.released - before.reserved - before.released,
        put_aside_lost: 0,
        expected_before: date(&before.expected_ship_date)?,
        expected_after: date(&after.expected_ship_date)?,
        promised: date(&before.current_promised_date)?,
    })
}

/// The call that gives the line its units: to the part that waits for all of them, else to the one that waits for most;
/// from the part of each giver that has all of it, else from the one that has most.
fn call(wanted: &AssignByHand, claims: &[inventory::Claim]) -> inventory::AssignByHandRequest {
    let to = demand_line(&wanted.order, wanted.line, false);
    let own = claims.iter().filter(|claim| claim.line == to);
    let part = own.max_by_key(|claim| (claim.waiting.min(wanted.quantity.get()), -claim.part));
    let taken: Vec<inventory::TakenUnits> = wanted
        .taken
        .iter()
        .map(|share| {
            let line = demand_line(&share.order, share.line, false);
            let there = |claim: &&inventory::Claim| {
                let here = claim.reservations.iter().filter(|reserved| reserved.location == wanted.location);
                here.map(|reserved| reserved.quantity).sum::<i64>().min(share.quantity.get())
            };
            let giver = claims.iter().filter(|claim| claim.line == line).max_by_key(|claim| (there(claim), claim.part));
            inventory::TakenUnits {
                part: giver.map_or(1, |claim| claim.part),
                version: giver.map_or(0, |claim| claim.version),
                quantity: share.quantity.get(),
                line,
            }
        })
        .collect();
    let given: i64 = taken.iter().map(|taken| taken.quantity).sum();
    inventory::AssignByHandRequest {
        request_id: String::new(),
        to_part: part.map_or(1, |claim| claim.part),
        to_version: part.map_or(0, |claim| claim.version),
        to_line: to,
        location: wanted.location.clone(),
        from_free: (wanted.quantity.get() - given).max(0),
        taken,
        validate_only: false,
        context: Some(wanted.who.message()),
    }
}

/// Price times quantity in company currency. `None` without a price.
fn value(line: &order_line::Model, rate_nanos: i64, quantity: Quantity) -> Option<common::Money> {
    let nanos = kits::worth(line, quantity.get())? * i128::from(rate_nanos) / 1_000_000_000;
    let currency = if line.cost_currency.is_empty() { "XXX" } else { &line.cost_currency };
    message::money(currency, i64::try_from(nanos).ok())
}
