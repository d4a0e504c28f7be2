//! Follows inventory: claims that changed, free units that wait for a run, and the master data
//! of which copies are kept.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use backorder_messaging::{Envelope, EventHandler, HandlerError, Subscription};
use backorder_proto::inventory::v1 as pb;
use backorder_storage::{StorageError, WriteTx, columns};
use prost::Message;

use crate::{
    catalog::{CalendarCopy, ItemCopy, LaneCopy, Place, PlaceCopies},
    error::Error,
    store::{
        catalog::{items as items_in, put_items_in_tx, put_places_in_tx},
        runs,
    },
    use_cases::{UseCases, claims::ClaimNews},
};

/// The name under which the progress is kept.
pub const CONSUMER: &str = "allocation";

const CLAIM_CHANGED: &str = "backorder.inventory.v1.ClaimChanged";
const HOLD_CHANGED: &str = "backorder.inventory.v1.HoldChanged";
const ITEM_CHANGED: &str = "backorder.inventory.v1.ItemChanged";
const LOCATION_CHANGED: &str = "backorder.inventory.v1.LocationChanged";
const CALENDAR_CHANGED: &str = "backorder.inventory.v1.WorkingCalendarChanged";
const LANE_CHANGED: &str = "backorder.inventory.v1.LaneChanged";

/// How long news waits for steps that may know it already.
const STEPS_PATIENCE: Duration = Duration::from_secs(1);

/// The events that matter here.
#[must_use]
pub fn subscription() -> Subscription {
    Subscription::new(CONSUMER, "inventory").only([
        CLAIM_CHANGED,
        HOLD_CHANGED,
        ITEM_CHANGED,
        LOCATION_CHANGED,
        CALENDAR_CHANGED,
        LANE_CHANGED,
    ])
}

/// Applies inventory's events.
pub struct FollowInventory(pub UseCases);

/// What a batch of events says.
#[derive(Default)]
struct News {
    claims: Vec<ClaimNews>,
    pools: BTreeSet<runs::Pool>,
    items: Vec<ItemCopy>,
    copies: PlaceCopies,
}

#[async_trait]
impl EventHandler for FollowInventory {
    fn wants(&self, event: &Envelope) -> bool {
        // The first state of a claim is in the answer to the step that made it, and the step is kept until it is recorded.
        event.event_type != CLAIM_CHANGED
            || (event.sequence > 1 && !self.0.claim_memory().knows(&event.aggregate, event.sequence))
    }

    /// News of a claim can overtake the answer to the step that changed it. The order would be marked, and the end of its
    /// step would load it whole; a moment later there is nothing left to do.
    async fn before_batch(&self, events: &[Envelope]) {
        if events.iter().any(|event| event.event_type == HOLD_CHANGED) {
            // Who serves what is read here, outside the transaction; what fails is read inside it.
            let _ = self.0.rules().current().await;
        }
        let wait = async {
            for event in events.iter().filter(|event| event.event_type == CLAIM_CHANGED) {
                if self.wants(event)
                    && let Some(order) = order_of(&event.aggregate)
                {
                    self.0.in_flight().order_is_free(order).await;
                }
            }
        };
        // What takes longer is marked.
        let _ = tokio::time::timeout(STEPS_PATIENCE, wait).await;
    }

    async fn handle_in_tx(&self, tx: &WriteTx<'_>, events: &[Envelope]) -> Result<(), HandlerError> {
        let news = self.read(events)?;
        let now = self.0.now();
        let traceparent = events.last().and_then(|event| event.traceparent.clone());
        let items = last_of_each(&news.items, |item| item.id.as_str());
        let released = with_other_days(tx, &items).await?;
        put_items_in_tx(tx, &items).await?;
        let copies = PlaceCopies {
            places: last_of_each(&news.copies.places, |place| place.id.as_str()),
            calendars: last_of_each(&news.copies.calendars, |calendar| calendar.id.as_str()),
            lanes: last_of_each(&news.copies.lanes, |lane| lane.id.as_str()),
        };
        put_places_in_tx(tx, &copies).await?;
        if !released.is_empty() {
            let followed = self.0.follow_releases_in_tx(tx, &released, now, traceparent.clone()).await;
            followed.map_err(handler_error)?;
        }
        if !news.claims.is_empty() {
            let followed = self.0.follow_claims_in_tx(tx, &news.claims, &news.pools, now, traceparent).await;
            followed.map_err(handler_error)?;
        }
        let put_off = self.0.wait_for_planner_in_tx(tx, &news.pools).await?;
        runs::request_in_tx(tx, &news.pools, &put_off, columns::micros(now)).await?;
        Ok(())
    }

    async fn after_commit(&self, events: &[Envelope]) {
        let Ok(news) = self.read(events) else { return };
        self.0.catalog().renew(news.items, news.copies);
        // A promise may have been put off for a run that was done at the same moment.
        if !news.pools.is_empty() || !news.claims.is_empty() {
            self.0.wakes().runs.wake();
        }
    }
}

impl FollowInventory {
    fn read(&self, events: &[Envelope]) -> Result<News, HandlerError> {
        let mut news = News::default();
        for event in events.iter().filter(|event| self.wants(event)) {
            match event.event_type.as_str() {
                CLAIM_CHANGED => {
                    let changed: pb::ClaimChanged = decode(event)?;
                    if let Some(claim) = &changed.claim {
                        news.claims.extend(ClaimNews::of(claim, &changed.cause).map_err(handler_error)?);
                    }
                }
                HOLD_CHANGED => news.pools.extend(decode::<pb::HoldChanged>(event)?.hold.and_then(open_pool)),
                ITEM_CHANGED => {
                    let item = decode::<pb::ItemChanged>(event)?.item.unwrap_or_default();
                    let copy = ItemCopy::of_message(&item).map(|copy| ItemCopy { version: event.sequence, ..copy });
                    news.items.extend(copy);
                }
                LOCATION_CHANGED => {
                    let location = decode::<pb::LocationChanged>(event)?.location.unwrap_or_default();
                    let place = Place::of_message(&location);
                    let place = place.ok_or_else(|| {
                        HandlerError::rejected(format!("{} has no known kind or zone", location.name))
                    })?;
                    news.copies.places.push(Place { version: event.sequence, ..place });
                }
                CALENDAR_CHANGED => {
                    let calendar = decode::<pb::WorkingCalendarChanged>(event)?.working_calendar.unwrap_or_default();
                    let copy = CalendarCopy::of_message(&calendar);
                    let copy =
                        copy.ok_or_else(|| HandlerError::rejected(format!("{} makes no calendar", calendar.name)))?;
                    news.copies.calendars.push(CalendarCopy { version: event.sequence, ..copy });
                }
                LANE_CHANGED => {
                    let lane = decode::<pb::LaneChanged>(event)?.lane.unwrap_or_default();
                    let copy = LaneCopy::of_message(&lane);
                    let copy = copy.ok_or_else(|| HandlerError::rejected(format!("{} makes no lane", lane.name)))?;
                    news.copies.lanes.push(LaneCopy { version: event.sequence, ..copy });
                }
                _ => {}
            }
        }
        Ok(news)
    }
}

/// Those of the new copies that have other release dates or another horizon than the copies before them.
async fn with_other_days(tx: &WriteTx<'_>, items: &[ItemCopy]) -> Result<Vec<ItemCopy>, StorageError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let before = items_in(tx, items.iter().map(|item| item.id.as_str())).await?;
    let is_another = |item: &ItemCopy| match before.iter().find(|old| old.id == item.id) {
        Some(old) => old.releases != item.releases || old.reservation_horizon_days != item.reservation_horizon_days,
        None => !item.releases.is_empty() || item.reservation_horizon_days.is_some(),
    };
    Ok(items.iter().filter(|item| is_another(item)).cloned().collect())
}

/// The order of a claim's resource name, `claims/orders/{order}/lines/…`.
fn order_of(aggregate: &str) -> Option<&str> {
    aggregate.strip_prefix("claims/orders/")?.split_once("/lines/").map(|(order, _)| order)
}

/// The pool of a hold that still holds units.
pub(super) fn open_pool(hold: pb::Hold) -> Option<runs::Pool> {
    let item = hold.item.strip_prefix("items/")?.to_owned();
    let location = hold.location.strip_prefix("locations/")?.to_owned();
    (hold.quantity > 0).then_some((item, location))
}

fn decode<M: Message + Default>(event: &Envelope) -> Result<M, HandlerError> {
    M::decode(event.payload.clone()).map_err(HandlerError::rejected)
}

/// One statement may touch a row only once, so of several states the last one stands.
fn last_of_each<T: Clone>(copies: &[T], key: impl Fn(&T) -> &str) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let mut kept: Vec<T> = copies.iter().rev().filter(|copy| seen.insert(key(copy).to_owned())).cloned().collect();
    kept.sort_by(|a, b| key(a).cmp(key(b)));
    kept
}

fn handler_error(error: Error) -> HandlerError {
    if let Error::Storage(error) = error { HandlerError::Storage(error) } else { HandlerError::rejected(error) }
}
