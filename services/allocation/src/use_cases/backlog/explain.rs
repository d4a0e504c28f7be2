//! Explains the promise of one line in data, out of what inventory says now.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::LocationId,
    order::{
        eligibility::Barriers,
        explanation::{Binding, Situation, binding},
        promise::{self as rules, Cover},
        route::{DateStep, DateStepKind, date_steps},
        state::OrderState,
    },
    quantity::Quantity,
    time::civil_date_in,
};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1 as common,
    convert::{Violations, decode, encode},
    inventory::v1 as inventory,
};
use backorder_storage::columns;
use jiff::{Timestamp, civil::Date};

use super::{
    queue::Queue,
    summary::{origin_summary, summary, wait_summary},
};
use crate::{
    catalog::{PlaceKind, Places},
    error::Error,
    order::{Routes, horizon, key::demand_line, message, routes::line_dates, texts},
    store::{
        backlog::{self, WaitingLine},
        entity::promise,
    },
    use_cases::UseCases,
};

/// Neighbours and supplies that are named at most.
const NAMED_MAX: usize = 100;
/// Open supplies of one item that are looked at at most.
const SUPPLIES_MAX: usize = 10_000;

impl UseCases {
    /// What binds the promise of a line, which supply covers it, who is ahead of it, and how it came about.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Unanswered`] when inventory does not answer.
    pub async fn explain_promise(&self, order: &str, line: i32) -> Result<pb::ExplainPromiseResponse, Error> {
        let (found, history) = self
            .store()
            .snapshot("explain_promise", |tx| {
                Box::pin(async move {
                    let found = backlog::line_with_order(&**tx, order, line).await?;
                    let explained = found.as_ref().and_then(|(_, waiting)| waiting.as_ref());
                    let number = explained.map_or(line, |waiting| waiting.line.line_number);
                    Ok::<_, Error>((found, backlog::promises(&**tx, order, number).await?))
                })
            })
            .await?;
        let (_, waiting) = found.ok_or_else(|| Error::no_order(order))?;
        let waiting = waiting.ok_or_else(|| Error::no_line(order, line))?;
        self.explained(&waiting, &history).await
    }

    async fn explained(
        &self,
        waiting: &WaitingLine,
        history: &[promise::Model],
    ) -> Result<pb::ExplainPromiseResponse, Error> {
        let row = &waiting.line;
        let (item, now) = (format!("items/{}", row.item_id), self.now());
        let places = self.catalog().places().await?;
        let is_quote = waiting.order.state == OrderState::Quoted.as_str();
        let name = demand_line(&row.order_id, row.line_number, is_quote);
        let own = self.inventory().claims_of(vec![name.clone()]).await.map_err(Error::Unanswered)?;
        let serving = serving(&row.locations, &places);
        let queue = self.queue_ahead(&item, &name, &own, &serving).await?;
        let supplies = self.inventory().open_supplies(&item, SUPPLIES_MAX).await.map_err(Error::Unanswered)?;
        let supplies = expected(&supplies, &own, &serving, &places, now);
        let line = message::line(&waiting.order.currency_code, row, waiting.holds.clone())?;
        let set = self.set_of(waiting, &places, now).await?;
        let mut situation = situation(waiting, &own, &supplies, &places, now)?;
        situation.is_kept_by_set = set.as_ref().is_some_and(|set| set.keeps(&line.name));
        let constraint = binding(&situation);
        Ok(pb::ExplainPromiseResponse {
            summary: format!(
                "{}{}{}",
                summary(&situation, constraint, &queue, &waiting.holds, set.as_ref()),
                wait_summary(row)?,
                origin_summary(waiting)?
            ),
            binding_constraint: message_of(constraint).into(),
            lines_ahead: i32::try_from(queue.lines()).unwrap_or(i32::MAX),
            units_ahead: queue.units(),
            ahead: queue.into_nearest(NAMED_MAX),
            supplies: supplies.into_iter().take(NAMED_MAX).collect(),
            date_steps: steps(waiting, &own, history, &places)?.into_iter().map(step_message).collect(),
            promise_review_time: columns::optional_instant(row.promise_review_at, "order_line")?.map(encode::timestamp),
            history: history.iter().map(message::promise).collect::<Result<_, _>>()?,
            line: Some(line),
            ship_set: set.map(|set| set.message),
        })
    }

    /// The lines that are served before the last waiting part of the line. Nobody is ahead of a line that does not wait.
    async fn queue_ahead(
        &self,
        item: &str,
        name: &str,
        own: &[inventory::Claim],
        serving: &BTreeSet<String>,
    ) -> Result<Queue, Error> {
        let mut parts_to_come = own.iter().filter(|claim| claim.waiting > 0).count();
        if parts_to_come == 0 {
            return Ok(Queue::default());
        }
        let is_last_part = |claim: &inventory::Claim| {
            parts_to_come -= usize::from(claim.line == name && parts_to_come > 0);
            parts_to_come == 0
        };
        let claims = self.inventory().waiting_claims(item, "", is_last_part).await.map_err(Error::Unanswered)?;
        Ok(Queue::ahead_of(name, claims, serving))
    }
}

/// The resource names of the locations that may serve the line.
fn serving(locations: &str, places: &Places) -> BTreeSet<String> {
    let named: BTreeSet<String> = texts::locations_of(locations).map(|id| format!("locations/{id}")).collect();
    if !named.is_empty() {
        return named;
    }
    let by_default = places.all().filter(|place| place.kind != PlaceKind::DropShipSupplier);
    by_default.map(|place| encode::location_name(&place.id)).collect()
}

/// Open supply at the line's locations, earliest first, with what the line and others are pegged to.
fn expected(
    supplies: &[inventory::Supply],
    own: &[inventory::Claim],
    serving: &BTreeSet<String>,
    places: &Places,
    now: Timestamp,
) -> Vec<pb::ExpectedSupply> {
    let at_locations = supplies.iter().filter(|supply| serving.contains(&supply.location));
    let expected = at_locations.map(|supply| {
        let pegs = own.iter().flat_map(|claim| &claim.pegs).filter(|peg| peg.supply == supply.name);
        let pegged_to_line = pegs.map(|peg| peg.quantity).fold(0, i64::saturating_add);
        let place = supply.location.strip_prefix("locations/").and_then(|id| places.get(id));
        let today = place.map(|place| civil_date_in(now, &place.zone));
        pb::ExpectedSupply {
            supply: supply.name.clone(),
            location: supply.location.clone(),
            open: supply.open,
            pegged_to_line,
            pegged_to_others: supply.pegged.saturating_sub(pegged_to_line).max(0),
            agreed_date: supply.agreed_date,
            expected_date: supply.expected_date,
            past_due: date_of(supply.expected_date.as_ref()).zip(today).is_some_and(|(date, today)| date < today),
        }
    });
    let mut expected: Vec<_> = expected.collect();
    expected.sort_by_cached_key(|supply| (date_of(supply.expected_date.as_ref()), supply.supply.clone()));
    expected
}

fn situation(
    waiting: &WaitingLine,
    own: &[inventory::Claim],
    supplies: &[pb::ExpectedSupply],
    places: &Places,
    now: Timestamp,
) -> Result<Situation, Error> {
    let row = &waiting.line;
    let zone = places.zone_named(&row.time_zone);
    let routes = Routes::of(&waiting.order, places, &zone);
    let route = |location: &LocationId| routes.from(location);
    let dates = line_dates(row, now, &zone, &route)?;
    let pegs = own.iter().flat_map(|claim| &claim.pegs);
    let leaves = |peg: &inventory::Peg| {
        let schedule = routes.from(&location_of(&peg.location)?).schedule;
        Some(schedule.supply_ships(date_of(peg.expected_date.as_ref())?, now)?.ship)
    };
    let confirmations = texts::confirmations_of(&row.confirmations)?;
    let promised_from = rules::promised(&confirmations).and_then(|(_, last)| last.location.clone());
    let ships_from = promised_from.or_else(|| routes.first_location(row));
    let due = ships_from.map_or(dates.requested, |location| dates.due(&location));
    let holds = waiting.holds.iter().filter(|hold| hold.blocks_allocation);
    let until = |micros| columns::optional_instant(micros, "line_hold");
    let ends: Vec<Option<Timestamp>> = holds.map(|hold| until(hold.until_at)).collect::<Result<_, _>>()?;
    Ok(Situation {
        waiting: units(own.iter().map(|claim| claim.waiting)),
        pegged: units(own.iter().map(|claim| claim.pegged)),
        reserved: units(own.iter().map(|claim| claim.reserved)),
        last_pegged_date: pegs.filter_map(leaves).max(),
        awaits_go_live: row.barriers & Barriers::GO_LIVE_BIT != 0,
        is_kept_by_set: false,
        asks_batch: !row.batch.is_empty(),
        asks_shelf_life: row.shelf_life_days > 0,
        is_held: ends.iter().any(|end| end.is_none_or(|end| end > now)),
        horizon_opens: horizon::opens_later(row, civil_date_in(now, &zone))?,
        has_supply: supplies.iter().any(|supply| supply.open > 0 && !supply.past_due),
        requested_date: due,
        today: civil_date_in(now, &zone),
    })
}

fn location_of(name: &str) -> Option<LocationId> {
    LocationId::try_new(name.strip_prefix("locations/")?).ok()
}

/// What moved the last promised day. A day out of stock was counted when the promise was made that has it now.
fn steps(
    waiting: &WaitingLine,
    own: &[inventory::Claim],
    history: &[promise::Model],
    places: &Places,
) -> Result<Vec<DateStep>, Error> {
    let row = &waiting.line;
    let zone = places.zone_named(&row.time_zone);
    let confirmations = texts::confirmations_of(&row.confirmations)?;
    let Some((promised, last)) = rules::promised(&confirmations) else { return Ok(Vec::new()) };
    let (Some(location), Some(made)) = (&last.location, history.last()) else { return Ok(Vec::new()) };
    let made_at = columns::instant(made.promised_at, "promise")?;
    let expected = match &last.cover {
        Cover::Stock | Cover::Unreserved | Cover::Free | Cover::None => None,
        Cover::Supply(supply) => {
            let name = format!("supplies/{supply}");
            let mut pegs = own.iter().flat_map(|claim| &claim.pegs);
            pegs.find(|peg| peg.supply == name).and_then(|peg| date_of(peg.expected_date.as_ref()))
        }
    };
    let release = columns::optional_date(row.release_date.as_deref(), "order_line")?;
    let route = Routes::of(&waiting.order, places, &zone).from(location);
    Ok(date_steps(&route, expected, release, made_at, promised))
}

fn step_message(step: DateStep) -> pb::DateStep {
    let kind = match step.kind {
        DateStepKind::CutOff => pb::DateStepKind::CutOff,
        DateStepKind::ClosedDay => pb::DateStepKind::ClosedDay,
        DateStepKind::DockToStock => pb::DateStepKind::DockToStock,
        DateStepKind::Handling => pb::DateStepKind::Handling,
        DateStepKind::RequestedDate => pb::DateStepKind::RequestedDate,
        DateStepKind::Transit => pb::DateStepKind::Transit,
        DateStepKind::ReleaseDate => pb::DateStepKind::ReleaseDate,
    };
    pb::DateStep { kind: kind.into(), from_date: Some(encode::date(step.from)), to_date: Some(encode::date(step.to)) }
}

fn units(quantities: impl Iterator<Item = i64>) -> Quantity {
    Quantity::try_new(quantities.fold(0, i64::saturating_add)).unwrap_or_default()
}

fn date_of(date: Option<&common::Date>) -> Option<Date> {
    decode::date(date, "", &mut Violations::new())
}

fn message_of(binding: Binding) -> pb::PromiseConstraint {
    match binding {
        Binding::Nothing => pb::PromiseConstraint::None,
        Binding::SupplyDate => pb::PromiseConstraint::SupplyDate,
        Binding::NoSupply => pb::PromiseConstraint::NoSupply,
        Binding::Queue => pb::PromiseConstraint::Queue,
        Binding::Hold => pb::PromiseConstraint::Hold,
        Binding::GoLive => pb::PromiseConstraint::GoLive,
        Binding::RequestedDate => pb::PromiseConstraint::RequestedDate,
        Binding::Horizon => pb::PromiseConstraint::Horizon,
        Binding::ShipSet => pb::PromiseConstraint::ShipSet,
        Binding::Batch => pb::PromiseConstraint::Batch,
        Binding::ShelfLife => pb::PromiseConstraint::ShelfLife,
    }
}
