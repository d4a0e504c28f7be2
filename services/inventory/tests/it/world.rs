//! A service on a fresh database with a manual clock and seeded ids, and short ways to call it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use backorder_domain::ids::IdProvider;
use backorder_inventory::{App, Config, SOURCE};
use backorder_messaging::EmbeddedBus;
use backorder_proto::{
    common::v1::{Activity, Date, ErrorReason, WriteContext},
    inventory::v1::{self as pb, *},
};
use backorder_service_kit::{
    clients::{InventoryClients, in_process},
    ids::SeededIds,
    jobs::Jobs,
    problem::reason_of,
    server::ServiceSet,
    time::ManualClock,
};
use backorder_storage::{Store, StoreOptions};
use backorder_testkit::{Backend, FreshDatabase, eventually, fresh_url, seed};
use tonic::{Code, Status};

pub struct World {
    pub clients: InventoryClients,
    pub clock: Arc<ManualClock>,
    _jobs: Jobs,
    pub app: App,
    ids: SeededIds,
    lines: AtomicU32,
    database: FreshDatabase,
}

impl World {
    /// Items `a`, `b`, `c`, and locations `main` (rank 1) and `north` (rank 2), without stock.
    pub async fn new(backend: Backend) -> Self {
        Self::on_catalog(backend, Config::default()).await
    }

    /// The same with settings of its own.
    pub async fn on_catalog(backend: Backend, config: Config) -> Self {
        let world = Self::configured(backend, config).await;
        for (id, rank) in [("main", 1), ("north", 2)] {
            world.location(id, LocationKind::Warehouse, rank).await;
        }
        let items = ["a", "b", "c"].map(|id| Item { name: format!("items/{id}"), ..Item::default() });
        let request = BatchPutItemsRequest { request_id: world.id(), items: items.to_vec() };
        world.clients.catalog.clone().batch_put_items(request).await.unwrap();
        world
    }

    pub async fn empty(backend: Backend) -> Self {
        Self::configured(backend, Config::default()).await
    }

    /// Nothing, with settings of its own.
    pub async fn configured(backend: Backend, config: Config) -> Self {
        let database = fresh_url(backend).await;
        let store = Store::connect(StoreOptions::from_url(database.url())).await.unwrap();
        let clock = Arc::new(ManualClock::new("2026-03-02T12:00:00Z".parse().unwrap()));
        let bus = EmbeddedBus::new();
        bus.register(SOURCE, store.clone());
        let ids = Arc::new(SeededIds::scoped(seed(), "service"));
        let app = App::build(config, store, clock.clone(), ids, Arc::new(bus)).await.unwrap();
        let mut services = ServiceSet::new();
        app.add_services(&mut services);
        let jobs = Jobs::new();
        app.spawn_jobs(&jobs);
        let clients = InventoryClients::new(
            in_process(services).with_caller("test").with_deadline_default(std::time::Duration::from_secs(60)),
        );
        let ids = SeededIds::scoped(seed(), "test");
        Self { clients, clock, _jobs: jobs, app, ids, lines: AtomicU32::new(0), database }
    }

    /// The clients of another process on the same database.
    pub async fn another_instance(&self) -> InventoryClients {
        let store = Store::connect(StoreOptions::from_url(self.database.url())).await.unwrap();
        let (bus, ids) = (Arc::new(EmbeddedBus::new()), Arc::new(SeededIds::scoped(seed(), "another service")));
        let app = App::build(Config::default(), store, self.clock.clone(), ids, bus).await.unwrap();
        let mut services = ServiceSet::new();
        app.add_services(&mut services);
        InventoryClients::new(in_process(services).with_caller("test"))
    }

    /// Another process on the same database with its jobs, which end with what is answered.
    pub async fn working_instance(&self, config: Config) -> (InventoryClients, Jobs) {
        let store = Store::connect(StoreOptions::from_url(self.database.url())).await.unwrap();
        let bus = EmbeddedBus::new();
        bus.register(SOURCE, store.clone());
        let ids = Arc::new(SeededIds::scoped(seed(), "a working service"));
        let app = App::build(config, store, self.clock.clone(), ids, Arc::new(bus)).await.unwrap();
        let (mut services, jobs) = (ServiceSet::new(), Jobs::new());
        app.add_services(&mut services);
        app.spawn_jobs(&jobs);
        let deadline = std::time::Duration::from_secs(60);
        (InventoryClients::new(in_process(services).with_caller("test").with_deadline_default(deadline)), jobs)
    }

    /// A fresh request id.
    pub fn id(&self) -> String {
        self.ids.next_uuid().to_string()
    }

    /// A fresh demand line.
    pub fn line(&self) -> String {
        format!("orders/o/lines/{}", self.lines.fetch_add(1, Ordering::Relaxed))
    }

    pub async fn location(&self, id: &str, kind: LocationKind, rank: i32) {
        let location = Location {
            name: format!("locations/{id}"),
            kind: i32::from(kind),
            time_zone: "Europe/London".to_owned(),
            rank,
            ..Location::default()
        };
        let request = CreateLocationRequest { request_id: self.id(), location: Some(location) };
        self.clients.catalog.clone().create_location(request).await.unwrap();
    }

    pub async fn receive(&self, item: &str, location: &str, accepted: i64) -> ReceiveStockResponse {
        self.receive_from(item, location, accepted, "").await.unwrap()
    }

    pub async fn receive_from(
        &self,
        item: &str,
        location: &str,
        accepted: i64,
        supply: &str,
    ) -> Result<ReceiveStockResponse, Status> {
        let line = ReceiptLine {
            item: format!("items/{item}"),
            location: format!("locations/{location}"),
            supply: if supply.is_empty() { String::new() } else { format!("supplies/{supply}") },
            accepted,
            ..ReceiptLine::default()
        };
        let request = ReceiveStockRequest {
            request_id: self.id(),
            lines: vec![line],
            document: "doc-1".to_owned(),
            ..ReceiveStockRequest::default()
        };
        Ok(self.clients.stock.clone().receive_stock(request).await?.into_inner())
    }

    pub async fn reserve(&self, lines: Vec<ReserveLine>) -> Result<Vec<ReserveResult>, Status> {
        let request = ReserveStockRequest { request_id: self.id(), lines, ..ReserveStockRequest::default() };
        Ok(self.clients.reservations.clone().reserve_stock(request).await?.into_inner().results)
    }

    /// Reserves one eligible line that may wait, and answers its claim.
    pub async fn backorder(&self, item: &str, quantity: i64) -> Claim {
        let results = self.reserve(vec![self.wants(item, quantity)]).await.unwrap();
        results[0].claim.clone().expect("a claim")
    }

    /// A fresh eligible line that may wait and may be split.
    pub fn wants(&self, item: &str, quantity: i64) -> ReserveLine {
        ReserveLine {
            line: self.line(),
            item: format!("items/{item}"),
            quantity,
            shortfall: i32::from(Shortfall::Backorder),
            eligible: true,
            split_allowed: true,
            ..ReserveLine::default()
        }
    }

    pub async fn position(&self, item: &str, location: &str) -> Position {
        let request = GetPositionRequest { item: format!("items/{item}"), location: format!("locations/{location}") };
        self.clients.stock.clone().get_position(request).await.unwrap().into_inner()
    }

    pub async fn claim(&self, line: &str) -> Claim {
        let request = BatchGetClaimsRequest { lines: vec![line.to_owned()] };
        let claims = self.clients.reservations.clone().batch_get_claims(request).await.unwrap().into_inner().claims;
        claims.into_iter().next().expect("a claim")
    }

    pub async fn holds(&self) -> Vec<Hold> {
        let request = ListHoldsRequest::default();
        self.clients.reservations.clone().list_holds(request).await.unwrap().into_inner().holds
    }

    pub async fn post(&self, line: &str, quantity: i64) -> Result<PostReservationsResponse, Status> {
        let lines = vec![PostLine { line: line.to_owned(), quantity, ..PostLine::default() }];
        let request = PostReservationsRequest { request_id: self.id(), lines, ..PostReservationsRequest::default() };
        Ok(self.clients.reservations.clone().post_reservations(request).await?.into_inner())
    }

    pub async fn release(&self, line: &str, quantity: i64) -> Result<ReleaseClaimsResponse, Status> {
        let lines = vec![ReleaseLine { line: line.to_owned(), quantity, ..ReleaseLine::default() }];
        let request = ReleaseClaimsRequest { request_id: self.id(), lines, ..ReleaseClaimsRequest::default() };
        Ok(self.clients.reservations.clone().release_claims(request).await?.into_inner())
    }

    /// Ships one unit of each line, together.
    pub async fn post_all(&self, lines: &[String]) {
        let lines =
            lines.iter().map(|line| PostLine { line: line.clone(), quantity: 1, ..PostLine::default() }).collect();
        let request = PostReservationsRequest { request_id: self.id(), lines, ..PostReservationsRequest::default() };
        self.clients.reservations.clone().post_reservations(request).await.unwrap();
    }

    /// Gives one unit of each line back, together.
    pub async fn release_all(&self, lines: Vec<String>) {
        let lines = lines.into_iter().map(|line| ReleaseLine { line, quantity: 1, ..ReleaseLine::default() }).collect();
        let request = ReleaseClaimsRequest { request_id: self.id(), lines, ..ReleaseClaimsRequest::default() };
        self.clients.reservations.clone().release_claims(request).await.unwrap();
    }

    /// Gives units of all open holds of one place to claims, and ends the run.
    pub async fn serve(&self, item: &str, location: &str, gains: &[(&Claim, i64)]) -> ApplyAllocationResponse {
        let holds = self.holds().await;
        let gains = gains.iter().map(|(claim, quantity)| AllocationGain {
            line: claim.line.clone(),
            part: claim.part,
            quantity: *quantity,
            expected_version: claim.version,
        });
        let request = ApplyAllocationRequest {
            request_id: self.id(),
            run: "runs/1".to_owned(),
            item: format!("items/{item}"),
            location: format!("locations/{location}"),
            holds: holds.into_iter().map(|hold| hold.name).collect(),
            gains: gains.collect(),
            final_chunk: true,
            ..ApplyAllocationRequest::default()
        };
        self.clients.reservations.clone().apply_allocation(request).await.unwrap().into_inner()
    }

    pub async fn supply(&self, id: &str, item: &str, location: &str, ordered: i64, expected: Date) -> pb::Supply {
        let supply = pb::Supply {
            name: format!("supplies/{id}"),
            item: format!("items/{item}"),
            location: format!("locations/{location}"),
            kind: i32::from(SupplyKind::PurchaseOrderLine),
            ordered,
            expected_date: Some(expected),
            ..pb::Supply::default()
        };
        let request = BatchCreateSuppliesRequest {
            request_id: self.id(),
            supplies: vec![supply],
            ..BatchCreateSuppliesRequest::default()
        };
        let answer = self.clients.supply.clone().batch_create_supplies(request).await.unwrap().into_inner();
        answer.supplies.into_iter().next().expect("the supply")
    }

    pub fn clock_now(&self) -> jiff::Timestamp {
        backorder_domain::time::Clock::now(self.clock.as_ref())
    }

    pub async fn activity(&self) -> Activity {
        let answer = self.clients.operations.clone().get_activity(GetActivityRequest {}).await.unwrap();
        answer.into_inner().activity.unwrap()
    }

    /// Waits until time has nothing more to do.
    pub async fn idle(&self) {
        eventually("the service is idle", async || self.activity().await.runs_waiting == 0).await;
    }

    pub async fn verify(&self) -> VerifyBooksResponse {
        let request = VerifyBooksRequest { digest: true };
        self.clients.operations.clone().verify_books(request).await.unwrap().into_inner()
    }

    /// Proves the books.
    pub async fn balanced(&self) {
        let books = self.verify().await;
        assert!(books.balanced, "{:?}", books.differences);
    }
}

pub fn because(reason: &str) -> Option<WriteContext> {
    Some(WriteContext { reason_code: reason.to_owned(), ..WriteContext::default() })
}

pub const fn day(day: i32) -> Date {
    Date { year: 2026, month: 3, day }
}

/// The code and the reason of a refusal.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, ErrorReason) {
    let status = result.expect_err("a refusal");
    (status.code(), reason_of(&status).unwrap_or(ErrorReason::Unspecified))
}
