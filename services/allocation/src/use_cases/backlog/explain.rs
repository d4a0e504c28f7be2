//! Explains the promise of one line in data.

use std::collections::BTreeSet;

use backorder_domain::time::civil_date_in;
use backorder_proto::{
    allocation::v1 as pb,
    common::v1 as common,
    convert::{Violations, decode, encode},
    inventory::v1 as inventory,
};
use backorder_storage::columns;
use jiff::civil::Date;

use crate::{
    catalog::{PlaceKind, Places},
    error::Error,
    order::{key::demand_line, message, texts},
    store::{
        backlog::{self, WaitingLine},
        entity::promise,
    },
    use_cases::UseCases,
};

/// Neighbours and supplies that are named at most.
const NAMED_MAX: usize = 100;

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
                    Ok::<_, Error>((found, backlog::promises(&**tx, order, line).await?))
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
        let item = format!("items/{}", row.item_id);
        let places = self.catalog().places().await?;
        let is_quote = waiting.order.state == backorder_domain::order::state::OrderState::Quoted.as_str();
        let own = demand_line(&row.order_id, row.line_number, is_quote);
        let claims = self.inventory().waiting_claims(&item, "", |_| false).await.map_err(Error::Unanswered)?;
        let queue = Queue::of(&claims, &own, &serving(&row.locations, &places), &places);
        let supplies = self.inventory().open_supplies(&item, usize::MAX).await.map_err(Error::Unanswered)?;
        let supplies = self.expected(&supplies, &queue, &places);
        let line = message::line(&waiting.order.currency_code, row, waiting.holds.clone())?;
        let binding = binding(waiting, &line, &supplies)?;
        Ok(pb::ExplainPromiseResponse {
            summary: summary(&line, binding, &queue),
            binding_constraint: binding.into(),
            ahead: queue.nearest(),
            lines_ahead: i32::try_from(queue.ahead.len()).unwrap_or(i32::MAX),
            units_ahead: queue.ahead.iter().map(|claim| claim.waiting).fold(0, i64::saturating_add),
            supplies: supplies.into_iter().take(NAMED_MAX).collect(),
            history: history.iter().map(message::promise).collect::<Result<_, _>>()?,
            line: Some(line),
        })
    }

    /// Open supply at the line's locations, with what the line and others are pegged to.
    fn expected(&self, supplies: &[inventory::Supply], queue: &Queue<'_>, places: &Places) -> Vec<pb::ExpectedSupply> {
        let at_locations = supplies.iter().filter(|supply| queue.serves(&supply.location));
        let expected = at_locations.map(|supply| {
            let own = queue.own_pegs().filter(|peg| peg.supply == supply.name);
            let pegged_to_line = own.map(|peg| peg.quantity).sum::<i64>();
            let zone = supply.location.strip_prefix("locations/").and_then(|id| places.get(id));
            let today = zone.map(|place| civil_date_in(self.now(), &place.zone));
            let expected = date_of(supply.expected_date.as_ref());
            pb::ExpectedSupply {
                supply: supply.name.clone(),
                location: supply.location.clone(),
                open: supply.open,
                pegged_to_line,
                pegged_to_others: supply.pegged.saturating_sub(pegged_to_line).max(0),
                agreed_date: supply.agreed_date,
                expected_date: supply.expected_date,
                past_due: expected.zip(today).is_some_and(|(expected, today)| expected < today),
            }
        });
        let mut expected: Vec<_> = expected.collect();
        expected.sort_by_key(|supply| (date_of(supply.expected_date.as_ref()), supply.supply.clone()));
        expected
    }
}

fn date_of(date: Option<&common::Date>) -> Option<Date> {
    decode::date(date, "", &mut Violations::new())
}

/// The resource names of the locations that may serve the line.
fn serving(locations: &str, places: &Places) -> BTreeSet<String> {
    let named: BTreeSet<String> = texts::locations_of(locations).map(|id| format!("locations/{id}")).collect();
    if named.is_empty() { default_locations(places) } else { named }
}

fn default_locations(places: &Places) -> BTreeSet<String> {
    let by_default = places.all().filter(|place| place.kind != PlaceKind::DropShipSupplier);
    by_default.map(|place| encode::location_name(&place.id)).collect()
}

/// The queue of the item as the line sees it.
struct Queue<'a> {
    own: Vec<&'a inventory::Claim>,
    /// Claims ahead of the line that wait for the same locations, in the order of the queue.
    ahead: Vec<&'a inventory::Claim>,
    locations: BTreeSet<String>,
}

impl<'a> Queue<'a> {
    /// The claims come in the order of the queue. A line whose claim does not wait has nobody ahead of it.
    fn of(claims: &'a [inventory::Claim], own: &str, locations: &BTreeSet<String>, places: &Places) -> Self {
        let first = claims.iter().position(|claim| claim.line == own);
        let all = default_locations(places);
        let shares = |claim: &&inventory::Claim| {
            let named = &claim.locations;
            if named.is_empty() {
                all.iter().any(|location| locations.contains(location))
            } else {
                named.iter().any(|location| locations.contains(location))
            }
        };
        let before = first.map_or(&[][..], |first| &claims[..first]);
        Self {
            own: claims.iter().filter(|claim| claim.line == own).collect(),
            ahead: before.iter().filter(shares).collect(),
            locations: locations.clone(),
        }
    }

    fn serves(&self, location: &str) -> bool {
        self.locations.contains(location)
    }

    fn own_pegs(&self) -> impl Iterator<Item = &inventory::Peg> {
        self.own.iter().flat_map(|claim| &claim.pegs)
    }

    fn nearest(&self) -> Vec<pb::QueueNeighbour> {
        let named = self.ahead.iter().take(NAMED_MAX);
        named
            .map(|claim| pb::QueueNeighbour {
                line: claim.line.clone(),
                waiting: claim.waiting,
                queue_time: claim.queue_time,
            })
            .collect()
    }
}

fn binding(
    waiting: &WaitingLine,
    line: &pb::OrderLine,
    supplies: &[pb::ExpectedSupply],
) -> Result<pb::PromiseConstraint, Error> {
    use pb::PromiseConstraint as Constraint;
    let row = &waiting.line;
    if waiting.holds.iter().any(|hold| hold.blocks_allocation) {
        return Ok(Constraint::Hold);
    }
    let requested = columns::date(&row.requested_date, "order_line")?;
    let confirmed = |source: pb::ConfirmationSource| line.confirmations.iter().filter(move |c| c.source() == source);
    if confirmed(pb::ConfirmationSource::None).next().is_some() {
        let open = supplies.iter().any(|supply| !supply.past_due && supply.open > 0);
        return Ok(if open { Constraint::Queue } else { Constraint::NoSupply });
    }
    let promised = columns::optional_date(row.expected_ship_date.as_deref(), "order_line")?;
    let latest = supplies.iter().filter(|supply| supply.pegged_to_line > 0);
    let latest = latest.filter_map(|supply| date_of(supply.expected_date.as_ref())).max();
    let today = civil_date_in(columns::instant(row.updated_at, "order_line")?, &jiff::tz::TimeZone::UTC);
    if row.open == 0 {
        let later = promised.is_some_and(|promised| promised == requested && promised > today);
        return Ok(if later { Constraint::RequestedDate } else { Constraint::None });
    }
    let wanted_later = latest.is_some_and(|latest| latest < requested);
    Ok(if wanted_later { Constraint::RequestedDate } else { Constraint::SupplyDate })
}

fn summary(line: &pb::OrderLine, binding: pb::PromiseConstraint, queue: &Queue<'_>) -> String {
    use pb::PromiseConstraint as Constraint;
    let date = line.expected_ship_date.as_ref().and_then(|zoned| date_of(zoned.date.as_ref()));
    let day = date.map_or_else(|| "an unknown day".to_owned(), |date| date.to_string());
    let open = line.open;
    match binding {
        Constraint::Unspecified | Constraint::None if line.reserved + line.released > 0 => {
            format!("all {} units that are not shipped are reserved", line.reserved + line.released)
        }
        Constraint::Unspecified | Constraint::None => "nothing is left to ship".to_owned(),
        Constraint::SupplyDate => format!("{open} units wait for dated supply and are expected to ship on {day}"),
        Constraint::NoSupply => format!("{open} units wait, and no open supply is expected for them"),
        Constraint::Queue => {
            format!("{open} units wait, and the {} lines ahead take all the supply that is expected", queue.ahead.len())
        }
        Constraint::Hold => format!("{open} units wait because of a hold on the line"),
        Constraint::RequestedDate => format!("the goods are wanted later: they ship on {day}"),
    }
}
