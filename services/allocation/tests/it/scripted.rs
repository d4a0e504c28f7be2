//! Inventory as far as these tests need it: it reserves what its script says is there, lets the rest wait, and keeps the
//! queue. It knows nothing of time, holds and pegs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use backorder_proto::inventory::v1::{
    self as pb, catalog_service_server::CatalogService, reservation_service_server::ReservationService,
    supply_service_server::SupplyService, *,
};
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// The script and what became of it. Clones share it.
#[derive(Clone, Default)]
pub struct Scripted {
    books: Arc<Mutex<Books>>,
    holds_back: watch::Sender<bool>,
}

#[derive(Default)]
pub struct Books {
    /// Items by name with their categories; others are not there.
    pub items: HashMap<String, String>,
    /// Free units by item name.
    pub free: HashMap<String, i64>,
    /// Open dated supply.
    pub supplies: Vec<Supply>,
    /// By demand line and part.
    pub claims: BTreeMap<(String, i32), Claim>,
    /// The items that were asked about with `ReadItems`, call by call.
    pub items_read: Vec<Vec<String>>,
    /// The calls of `UpdateQueue`, those that were refused included.
    pub queue_calls: Vec<UpdateQueueRequest>,
    /// How many calls of `UpdateQueue` are still to be answered with UNAVAILABLE.
    pub queue_outages: usize,
    /// The answers to `ReserveStock` by request id.
    pub reserved: HashMap<String, ReserveStockResponse>,
    /// Whether the answers to `ReserveStock` are lost: it is decided and answered with UNAVAILABLE.
    pub loses_answers: bool,
    /// The answers to `ReleaseClaims` by request id.
    pub given_back: HashMap<String, Vec<Claim>>,
    /// The answers to `PostReservations` by request id.
    pub posted: HashMap<String, PostReservationsResponse>,
    /// The calls of `CommitRun`, those that were sent again included.
    pub commit_calls: Vec<CommitRunRequest>,
    /// The answers to `CommitRun` by request id.
    pub committed: HashMap<String, CommitRunResponse>,
}

/// Inventory refuses every reservation of this item.
pub const REFUSED_ITEM: &str = "items/refused";

type Answer<T> = Result<Response<T>, Status>;

impl Scripted {
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    async fn may_answer(&self) {
        // It ends only with the script, which is still here.
        let _ = self.holds_back.subscribe().wait_for(|holds_back| !holds_back).await;
    }

    /// From now on `ReserveStock`, `PostReservations` and `CommitRun` are decided and not answered.
    pub fn hold_answers_back(&self) {
        self.holds_back.send_replace(true);
    }

    /// All answers that were held back are given, and later ones at once.
    pub fn let_answers_go(&self) {
        self.holds_back.send_replace(false);
    }
}

impl Books {
    fn reserve(&mut self, line: ReserveLine) -> ReserveResult {
        let free = self.free.entry(line.item.clone()).or_default();
        let reserved = line.quantity.min(*free);
        *free -= reserved;
        let rest = line.quantity - reserved;
        let waits = line.shortfall() == Shortfall::Backorder;
        let part = line.part.max(1);
        let claim = Claim {
            line: line.line.clone(),
            part,
            item: line.item,
            reserved,
            waiting: if waits { rest } else { 0 },
            eligible: line.eligible,
            queue_key: line.queue_key,
            queue_time: line.queue_time,
            locations: line.locations,
            reservations: (reserved > 0).then(|| reservation(reserved)).into_iter().collect(),
            requested_date: line.requested_date,
            version: 1,
            ..Claim::default()
        };
        self.claims.insert((line.line.clone(), part), claim);
        let refused = if waits { 0 } else { rest };
        if waits {
            self.peg((line.line.clone(), part), rest);
        }
        let reason = if refused > 0 { RefusalReason::NotAvailable } else { RefusalReason::Unspecified };
        let claim = self.claims.get(&(line.line.clone(), part)).cloned();
        ReserveResult {
            line: line.line,
            part,
            claim,
            refused,
            refusal_reason: reason.into(),
            free: Vec::new(),
            limited_by: 0,
        }
    }

    /// Reserves what a request asks for, once for each request id.
    fn reserve_all(&mut self, request: ReserveStockRequest) -> Result<ReserveStockResponse, Status> {
        if let Some(unknown) = request.lines.iter().find(|line| line.item == REFUSED_ITEM) {
            return Err(Status::not_found(unknown.item.clone()));
        }
        let answer = match self.reserved.get(&request.request_id) {
            Some(answer) => answer.clone(),
            None => {
                let results = request.lines.into_iter().map(|line| self.reserve(line)).collect();
                let answer = ReserveStockResponse { results };
                self.reserved.insert(request.request_id, answer.clone());
                answer
            }
        };
        if self.loses_answers { Err(Status::unavailable("the answer is lost")) } else { Ok(answer) }
    }

    /// Pegs waiting units to the first supply that has all of them.
    fn peg(&mut self, claim: (String, i32), quantity: i64) {
        let claim = self.claims.get_mut(&claim).unwrap();
        let covers = |supply: &&mut Supply| supply.item == claim.item && supply.open - supply.pegged >= quantity;
        if let Some(supply) = self.supplies.iter_mut().find(covers) {
            supply.pegged += quantity;
            claim.pegged = quantity;
            claim.pegs.push(Peg {
                supply: supply.name.clone(),
                location: supply.location.clone(),
                quantity,
                expected_date: supply.expected_date,
            });
        }
    }

    /// Ships units of first parts, once for each request id.
    fn post(&mut self, request: PostReservationsRequest) -> PostReservationsResponse {
        if let Some(answer) = self.posted.get(&request.request_id) {
            return answer.clone();
        }
        let mut answer = PostReservationsResponse::default();
        for PostLine { line, quantity, .. } in request.lines {
            let claim = self.change(&line, |claim| {
                claim.reserved -= quantity;
                claim.posted += quantity;
            });
            let (part, location) = (claim.part, "locations/main".to_owned());
            answer.posted.push(PostedUnits { line, part, location, quantity, ..Default::default() });
            answer.claims.push(claim);
        }
        self.posted.insert(request.request_id, answer.clone());
        answer
    }

    /// Gives units of first parts back, waiting ones first, once for each request id.
    fn give_back(&mut self, request: ReleaseClaimsRequest) -> Vec<Claim> {
        if let Some(answer) = self.given_back.get(&request.request_id) {
            return answer.clone();
        }
        let given_back = request.lines.into_iter().map(|ReleaseLine { line, quantity, .. }| {
            self.change(&line, |claim| {
                let waiting = quantity.min(claim.waiting);
                claim.waiting -= waiting;
                claim.reserved -= quantity - waiting;
            })
        });
        let claims: Vec<Claim> = given_back.collect();
        self.given_back.insert(request.request_id, claims.clone());
        claims
    }

    /// Takes reserved units of a line's first part away, as a count would that finds fewer: they wait again.
    pub fn lose(&mut self, line: &str, quantity: i64) -> Claim {
        self.change(line, |claim| {
            claim.reserved -= quantity;
            claim.waiting += quantity;
        })
    }

    /// Reserves units of a line's first part that wait, as a run would that nobody here has asked for.
    pub fn serve(&mut self, line: &str, quantity: i64) -> Claim {
        self.change(line, |claim| {
            claim.waiting -= quantity;
            claim.reserved += quantity;
        })
    }

    fn change(&mut self, line: &str, change: impl FnOnce(&mut Claim)) -> Claim {
        let claim = self.claims.get_mut(&(line.to_owned(), 1)).unwrap();
        change(claim);
        claim.reservations = (claim.reserved > 0).then(|| reservation(claim.reserved)).into_iter().collect();
        claim.version += 1;
        claim.clone()
    }

    fn change_queue(&mut self, change: &QueueChange) -> Result<Vec<Claim>, Status> {
        let keys: Vec<(String, i32)> = self.claims.keys().filter(|(line, _)| *line == change.line).cloned().collect();
        let keys = keys.into_iter().filter(|(_, part)| change.part == 0 || change.part == *part);
        let mut changed = Vec::new();
        for key in keys {
            let claim = self.claims.get_mut(&key).unwrap();
            if let Some(queue_key) = &change.queue_key {
                claim.queue_key.clone_from(queue_key);
            }
            claim.version += 1;
            changed.push(claim.clone());
        }
        if changed.is_empty() { Err(Status::not_found(change.line.clone())) } else { Ok(changed) }
    }
}

pub fn reservation(quantity: i64) -> Reservation {
    Reservation { location: "locations/main".to_owned(), quantity, ..Reservation::default() }
}

fn main_location() -> Location {
    Location {
        name: "locations/main".to_owned(),
        kind: LocationKind::Warehouse.into(),
        time_zone: "Europe/London".to_owned(),
        rank: 1,
        etag: "1".to_owned(),
        ..Location::default()
    }
}

#[async_trait]
impl CatalogService for Scripted {
    async fn get_item(&self, request: Request<GetItemRequest>) -> Answer<Item> {
        let name = request.into_inner().name;
        let category = self.books().items.get(&name).cloned();
        let category = category.ok_or_else(|| Status::not_found(name.clone()))?;
        let etag = "1".to_owned();
        Ok(Response::new(Item { name, category, base_unit: "EA".to_owned(), pack_size: 1, etag, ..Item::default() }))
    }

    async fn get_location(&self, request: Request<GetLocationRequest>) -> Answer<Location> {
        let name = request.into_inner().name;
        if name == "locations/main" { Ok(Response::new(main_location())) } else { Err(Status::not_found(name)) }
    }

    async fn list_locations(&self, _request: Request<ListLocationsRequest>) -> Answer<ListLocationsResponse> {
        Ok(Response::new(ListLocationsResponse { locations: vec![main_location()], next_page_token: String::new() }))
    }

    async fn list_items(&self, _request: Request<ListItemsRequest>) -> Answer<ListItemsResponse> {
        Err(not_scripted())
    }

    async fn create_item(&self, _request: Request<CreateItemRequest>) -> Answer<Item> {
        Err(not_scripted())
    }

    async fn update_item(&self, _request: Request<UpdateItemRequest>) -> Answer<Item> {
        Err(not_scripted())
    }

    async fn batch_put_items(&self, _request: Request<BatchPutItemsRequest>) -> Answer<BatchPutItemsResponse> {
        Err(not_scripted())
    }

    async fn create_location(&self, _request: Request<CreateLocationRequest>) -> Answer<Location> {
        Err(not_scripted())
    }

    async fn update_location(&self, _request: Request<UpdateLocationRequest>) -> Answer<Location> {
        Err(not_scripted())
    }

    async fn get_working_calendar(&self, _request: Request<GetWorkingCalendarRequest>) -> Answer<WorkingCalendar> {
        Err(not_scripted())
    }

    async fn create_working_calendar(
        &self,
        _request: Request<CreateWorkingCalendarRequest>,
    ) -> Answer<WorkingCalendar> {
        Err(not_scripted())
    }

    async fn update_working_calendar(
        &self,
        _request: Request<UpdateWorkingCalendarRequest>,
    ) -> Answer<WorkingCalendar> {
        Err(not_scripted())
    }

    async fn get_lane(&self, _request: Request<GetLaneRequest>) -> Answer<Lane> {
        Err(not_scripted())
    }

    async fn create_lane(&self, _request: Request<CreateLaneRequest>) -> Answer<Lane> {
        Err(not_scripted())
    }

    async fn update_lane(&self, _request: Request<UpdateLaneRequest>) -> Answer<Lane> {
        Err(not_scripted())
    }

    async fn list_working_calendars(
        &self,
        _request: Request<ListWorkingCalendarsRequest>,
    ) -> Answer<ListWorkingCalendarsResponse> {
        Ok(Response::new(ListWorkingCalendarsResponse::default()))
    }

    async fn list_lanes(&self, _request: Request<ListLanesRequest>) -> Answer<ListLanesResponse> {
        Ok(Response::new(ListLanesResponse::default()))
    }
}

#[async_trait]
impl ReservationService for Scripted {
    type StreamReservationsStream = futures::stream::Empty<Result<StreamReservationsResponse, Status>>;

    async fn stream_reservations(
        &self,
        _request: Request<Streaming<StreamReservationsRequest>>,
    ) -> Answer<Self::StreamReservationsStream> {
        Err(not_scripted())
    }

    async fn batch_get_claims(&self, request: Request<BatchGetClaimsRequest>) -> Answer<BatchGetClaimsResponse> {
        let lines = request.into_inner().lines;
        let claims = self.books().claims.values().filter(|claim| lines.contains(&claim.line)).cloned().collect();
        Ok(Response::new(BatchGetClaimsResponse { claims }))
    }

    async fn list_waiting_claims(
        &self,
        request: Request<ListWaitingClaimsRequest>,
    ) -> Answer<ListWaitingClaimsResponse> {
        let ListWaitingClaimsRequest { item, decided_as_sets, .. } = request.into_inner();
        let books = self.books();
        let waiting = books.claims.values().filter(|claim| claim.item == item && claim.waiting > 0);
        let waiting = waiting.filter(|claim| !decided_as_sets || claim.in_set || claim.wish.is_some());
        let mut claims: Vec<Claim> = waiting.cloned().collect();
        let time = |claim: &Claim| claim.queue_time.map(|time| (time.seconds, time.nanos));
        claims.sort_by(|a, b| (&a.queue_key, time(a), &a.line, a.part).cmp(&(&b.queue_key, time(b), &b.line, b.part)));
        Ok(Response::new(ListWaitingClaimsResponse { claims, next_page_token: String::new() }))
    }

    async fn list_open_claims(&self, _request: Request<ListOpenClaimsRequest>) -> Answer<ListOpenClaimsResponse> {
        let books = self.books();
        let open = books.claims.values().filter(|claim| claim.reserved + claim.waiting > 0);
        Ok(Response::new(ListOpenClaimsResponse { claims: open.cloned().collect(), next_page_token: String::new() }))
    }

    async fn list_holds(&self, _request: Request<ListHoldsRequest>) -> Answer<ListHoldsResponse> {
        Ok(Response::new(ListHoldsResponse::default()))
    }

    async fn preview_serving(&self, _request: Request<PreviewServingRequest>) -> Answer<PreviewServingResponse> {
        Err(not_scripted())
    }

    async fn repeg_items(&self, _request: Request<RepegItemsRequest>) -> Answer<RepegItemsResponse> {
        Err(not_scripted())
    }

    async fn reserve_stock(&self, request: Request<ReserveStockRequest>) -> Answer<ReserveStockResponse> {
        let answer = self.books().reserve_all(request.into_inner())?;
        self.may_answer().await;
        Ok(Response::new(answer))
    }

    async fn update_queue(&self, request: Request<UpdateQueueRequest>) -> Answer<UpdateQueueResponse> {
        let request = request.into_inner();
        let mut books = self.books();
        books.queue_calls.push(request.clone());
        if books.queue_outages > 0 {
            books.queue_outages -= 1;
            return Err(Status::unavailable("out"));
        }
        if let Some(gone) = request.changes.iter().find(|change| !books.claims.keys().any(|key| key.0 == change.line)) {
            return Err(Status::not_found(gone.line.clone()));
        }
        let mut claims = Vec::new();
        for change in &request.changes {
            claims.extend(books.change_queue(change)?);
        }
        Ok(Response::new(UpdateQueueResponse { claims, holds: Vec::new() }))
    }

    async fn post_reservations(&self, request: Request<PostReservationsRequest>) -> Answer<PostReservationsResponse> {
        let answer = self.books().post(request.into_inner());
        self.may_answer().await;
        Ok(Response::new(answer))
    }

    async fn release_claims(&self, request: Request<ReleaseClaimsRequest>) -> Answer<ReleaseClaimsResponse> {
        let claims = self.books().give_back(request.into_inner());
        Ok(Response::new(ReleaseClaimsResponse { claims, holds: Vec::new() }))
    }

    async fn assign_by_hand(&self, _: Request<AssignByHandRequest>) -> Result<Response<AssignByHandResponse>, Status> {
        Err(not_scripted())
    }

    async fn reassign_reservation(
        &self,
        _request: Request<ReassignReservationRequest>,
    ) -> Answer<ReassignReservationResponse> {
        Err(not_scripted())
    }

    async fn apply_allocation(&self, _request: Request<ApplyAllocationRequest>) -> Answer<ApplyAllocationResponse> {
        Err(not_scripted())
    }

    async fn commit_run(&self, request: Request<CommitRunRequest>) -> Answer<CommitRunResponse> {
        let answer = self.books().commit_run(request.into_inner())?;
        self.may_answer().await;
        Ok(Response::new(answer))
    }

    async fn cover_sets(&self, _request: Request<CoverSetsRequest>) -> Answer<CoverSetsResponse> {
        Err(not_scripted())
    }
}

#[async_trait]
impl SupplyService for Scripted {
    async fn list_supplies(&self, request: Request<ListSuppliesRequest>) -> Answer<ListSuppliesResponse> {
        let item = request.into_inner().item;
        let supplies = self.books().supplies.iter().filter(|supply| supply.item == item).cloned().collect();
        Ok(Response::new(ListSuppliesResponse { supplies, next_page_token: String::new() }))
    }

    async fn get_supply(&self, _request: Request<GetSupplyRequest>) -> Answer<pb::Supply> {
        Err(not_scripted())
    }

    async fn batch_create_supplies(
        &self,
        _request: Request<BatchCreateSuppliesRequest>,
    ) -> Answer<BatchCreateSuppliesResponse> {
        Err(not_scripted())
    }

    async fn update_supply(&self, _request: Request<UpdateSupplyRequest>) -> Answer<UpdateSupplyResponse> {
        Err(not_scripted())
    }

    async fn cancel_supply(&self, _request: Request<CancelSupplyRequest>) -> Answer<CancelSupplyResponse> {
        Err(not_scripted())
    }

    async fn advise_shipment(&self, _request: Request<AdviseShipmentRequest>) -> Answer<AdviseShipmentResponse> {
        Err(not_scripted())
    }
}

pub fn not_scripted() -> Status {
    Status::unimplemented("not in the script")
}
