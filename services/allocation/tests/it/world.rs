//! The service on a fresh database with a manual clock and seeded ids, inventory by a script, and short ways to call it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use backorder_allocation::{App, Config, SOURCE};
use backorder_domain::ids::IdProvider;
use backorder_messaging::EmbeddedBus;
use backorder_proto::{
    allocation::v1::*,
    common::v1::{Activity, Date, ErrorReason, WriteContext, ZonedDate},
    inventory::v1::{
        Claim, ClaimChanged, Item, ItemChanged, availability_service_server::AvailabilityServiceServer,
        catalog_service_server::CatalogServiceServer, reservation_service_server::ReservationServiceServer,
        supply_service_server::SupplyServiceServer,
    },
};
use backorder_service_kit::{
    clients::{AllocationClients, InventoryClients, in_process},
    ids::SeededIds,
    jobs::Jobs,
    problem::reason_of,
    server::ServiceSet,
    time::ManualClock,
};
use backorder_storage::{
    StorageError, Store, StoreOptions,
    outbox::{self, NewEvent},
};
use backorder_testkit::{Backend, FreshDatabase, eventually, fresh_url, seed};
use prost::Message as _;
use prost_types::Timestamp;
use sea_orm::ConnectionTrait as _;
use tonic::{Code, Status};

use crate::scripted::Scripted;

/// The business time at which every world begins.
pub const NOW: &str = "2026-03-02T12:00:00Z";

pub struct World {
    pub clients: AllocationClients,
    pub inventory: Scripted,
    pub jobs: Jobs,
    pub app: App,
    pub clock: Arc<ManualClock>,
    ids: SeededIds,
    orders: AtomicU32,
    database: FreshDatabase,
}

impl World {
    /// Items `a` and `b` of the category `china`, the location `main`, no stock. Jobs do not run yet.
    pub async fn new(backend: Backend) -> Self {
        Self::with(backend, Config::default()).await
    }

    /// The same in a service with other settings.
    pub async fn with(backend: Backend, config: Config) -> Self {
        let database = fresh_url(backend).await;
        let inventory = Scripted::default();
        for item in ["items/a", "items/b"] {
            inventory.books().items.insert(item.to_owned(), "china".to_owned());
        }
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        let (app, clients) = instance(&database, config, &inventory, ("service", &clock)).await;
        let ids = SeededIds::scoped(seed(), "test");
        let (jobs, orders) = (Jobs::new(), AtomicU32::new(0));
        Self { clients, inventory, jobs, app, clock, ids, orders, database }
    }

    /// Clients of another instance of the service on the same database.
    pub async fn another_instance(&self) -> AllocationClients {
        instance(&self.database, Config::default(), &self.inventory, ("another", &self.clock)).await.1
    }

    /// A fresh request id.
    pub fn id(&self) -> String {
        self.ids.next_uuid().to_string()
    }

    pub fn free(&self, item: &str, units: i64) {
        self.inventory.books().free.insert(format!("items/{item}"), units);
    }

    /// Places an order; what is not named is as usual.
    pub async fn place(&self, order: OrderDraft) -> PlaceOrderResponse {
        let request = PlaceOrderRequest { request_id: self.id(), order: Some(order), ..PlaceOrderRequest::default() };
        self.clients.orders.clone().place_order(request).await.unwrap().into_inner()
    }

    /// A draft of the next order, `A-1`, `A-2` and so on, of one line.
    pub fn order(&self, item: &str, quantity: i64) -> OrderDraft {
        let number = self.orders.fetch_add(1, Ordering::Relaxed) + 1;
        OrderDraft {
            order_id: format!("A-{number}"),
            customer: "c".to_owned(),
            lines: vec![OrderLineDraft { item: format!("items/{item}"), quantity, ..OrderLineDraft::default() }],
            ..OrderDraft::default()
        }
    }

    pub async fn backorders(&self, request: ListBackordersRequest) -> Vec<String> {
        let answer = self.clients.backlog.clone().list_backorders(request).await.unwrap().into_inner();
        answer.backorders.into_iter().map(|backorder| backorder.line.unwrap().name).collect()
    }

    pub async fn sequence(&self) -> ServingSequence {
        let request = GetServingSequenceRequest {};
        self.clients.policies.clone().get_serving_sequence(request).await.unwrap().into_inner()
    }

    pub async fn serve_by(&self, sequence: ServingSequence) -> Result<ServingSequence, Status> {
        let request = UpdateServingSequenceRequest {
            request_id: self.id(),
            sequence: Some(sequence),
            ..UpdateServingSequenceRequest::default()
        };
        Ok(self.clients.policies.clone().update_serving_sequence(request).await?.into_inner())
    }

    /// Tells news of claims, all in one transaction of inventory.
    pub async fn tell(&self, claims: &[Claim]) {
        let events: Vec<NewEvent> = claims.iter().map(|claim| self.news_of(claim)).collect();
        let work = self.app.store().write("tell", |tx| Box::pin(outbox::append_in_tx(tx, events.clone())));
        work.await.unwrap();
    }

    /// Tells that an item was changed.
    pub async fn tell_of_item(&self, item: Item) {
        let event = NewEvent {
            event_id: self.ids.next_uuid(),
            aggregate: item.name.clone(),
            sequence: 1,
            event_type: "backorder.inventory.v1.ItemChanged".to_owned(),
            payload: ItemChanged { item: Some(item) }.encode_to_vec(),
            occurred_at: NOW.parse().unwrap(),
            traceparent: None,
        };
        let work = self.app.store().write("tell", |tx| Box::pin(outbox::append_in_tx(tx, vec![event.clone()])));
        work.await.unwrap();
    }

    fn news_of(&self, claim: &Claim) -> NewEvent {
        let message = ClaimChanged { claim: Some(claim.clone()), cause: "the script".to_owned() };
        NewEvent {
            event_id: self.ids.next_uuid(),
            aggregate: format!("claims/{}/parts/{}", claim.line, claim.part),
            sequence: claim.version,
            event_type: "backorder.inventory.v1.ClaimChanged".to_owned(),
            payload: message.encode_to_vec(),
            occurred_at: NOW.parse().unwrap(),
            traceparent: None,
        }
    }

    /// Changes rows behind the service's back.
    pub async fn execute(&self, text: &'static str) {
        let work = self.app.store().write("behind_the_back", move |tx| {
            Box::pin(async move {
                tx.execute_unprepared(text).await?;
                Ok::<_, StorageError>(())
            })
        });
        work.await.unwrap();
    }

    pub async fn activity(&self) -> Activity {
        let request = GetActivityRequest {};
        self.clients.operations.clone().get_activity(request).await.unwrap().into_inner().activity.unwrap()
    }

    /// Waits until the service has nothing left to do by itself.
    pub async fn idle(&self) {
        eventually("the service is idle", || async {
            let activity = self.activity().await;
            activity == Activity { dead_letters: activity.dead_letters, ..Activity::default() }
        })
        .await;
    }

    pub async fn verify(&self) -> VerifyOrdersResponse {
        self.clients.operations.clone().verify_orders(VerifyOrdersRequest {}).await.unwrap().into_inner()
    }
}

/// The service on a database, with ids of its own.
async fn instance(
    database: &FreshDatabase,
    config: Config,
    inventory: &Scripted,
    (scope, clock): (&str, &Arc<ManualClock>),
) -> (App, AllocationClients) {
    let store = Store::connect(StoreOptions::from_url(database.url())).await.unwrap();
    let bus = EmbeddedBus::new();
    bus.register(SOURCE, store.clone());
    // The script tells no events by itself: the service's own feed stands in, with what a test tells.
    bus.register("inventory", store.clone());
    let ids = Arc::new(SeededIds::scoped(seed(), scope));
    let clients = InventoryClients::new(in_process(inventory_services(inventory)).with_caller("allocation"));
    let app = App::build(config, store, Arc::clone(clock) as _, ids, Arc::new(bus), clients).await.unwrap();
    let mut services = ServiceSet::new();
    app.add_services(&mut services);
    (app, AllocationClients::new(in_process(services).with_caller("test")))
}

fn inventory_services(inventory: &Scripted) -> ServiceSet {
    let mut services = ServiceSet::new();
    services
        .add(CatalogServiceServer::new(inventory.clone()))
        .add(AvailabilityServiceServer::new(inventory.clone()))
        .add(ReservationServiceServer::new(inventory.clone()))
        .add(SupplyServiceServer::new(inventory.clone()));
    services
}

pub fn because(reason: &str) -> Option<WriteContext> {
    Some(WriteContext { reason_code: reason.to_owned(), ..WriteContext::default() })
}

/// A day of March 2026.
pub const fn day(day: i32) -> Date {
    Date { year: 2026, month: 3, day }
}

pub fn wanted_on(date: Date) -> Option<ZonedDate> {
    Some(ZonedDate { date: Some(date), ..ZonedDate::default() })
}

/// An instant before the beginning of the world.
pub fn days_ago(days: i64) -> Option<Timestamp> {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    Some(Timestamp { seconds: now.as_second() - days * 24 * 60 * 60, nanos: 0 })
}

/// The code and the reason of a refusal.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, ErrorReason) {
    let status = result.expect_err("a refusal");
    (status.code(), reason_of(&status).unwrap_or(ErrorReason::Unspecified))
}
