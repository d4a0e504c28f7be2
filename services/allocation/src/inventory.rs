//! The typed way to inventory, and what its refusals mean here.
//!
//! Writes carry ids derived from the step that makes them, so sending one again has no second effect. This module must
//! not decide what to do about a refusal.

use backorder_domain::ids::derived_uuid;
use backorder_proto::common::v1::{self as common, ErrorReason};
use backorder_proto::inventory::v1::{
    self as pb, catalog_service_client::CatalogServiceClient, reservation_service_client::ReservationServiceClient,
};
use backorder_service_kit::{
    clients::{InventoryClients, ServiceChannel},
    problem::reason_of,
    retry::{self, RetryPolicy},
};
use prost_types::FieldMask;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;

use crate::saga::{Call, CallAnswer, call::Kind as CallKind};

/// Claims in one answer of inventory at most.
const CLAIMS_PAGE: i32 = 1_000;

/// Inventory as this service uses it. Clones share the connection and the retry budget.
#[derive(Debug, Clone)]
pub struct Inventory {
    clients: InventoryClients,
    retries: RetryPolicy,
}

/// A call that did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// Inventory decided that it will not do it; the same call will be refused again.
    Refused(Status),
    /// It is not known whether it was done, or it may be done later: send it again with the same id.
    Unanswered(Status),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented => Self::Refused(status),
            // What a call was bound to has changed, and stays so.
            Code::Aborted if reason_of(&status) == Some(ErrorReason::VersionMismatch) => Self::Refused(status),
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => Self::Unanswered(status),
        }
    }
}

impl Inventory {
    /// Inventory behind its clients.
    #[must_use]
    pub fn new(clients: InventoryClients) -> Self {
        Self { clients, retries: RetryPolicy::default() }
    }

    fn reservations(&self) -> ReservationServiceClient<ServiceChannel> {
        self.clients.reservations.clone()
    }

    fn catalog(&self) -> CatalogServiceClient<ServiceChannel> {
        self.clients.catalog.clone()
    }

    /// Does one call of a step. Its request id is derived from the step and the call's place in it.
    pub async fn perform(&self, step: Uuid, place: usize, call: &Call) -> Result<CallAnswer, Failure> {
        let request_id = derived_uuid(step, &format!("{} {place}", call.name())).to_string();
        let answer = retry::call(&self.retries, || self.perform_once(request_id.clone(), call)).await?;
        Ok(answer)
    }

    async fn perform_once(&self, request_id: String, call: &Call) -> Result<CallAnswer, Status> {
        match call.kind.clone() {
            Some(CallKind::Reserve(request)) => {
                let request = pb::ReserveStockRequest { request_id, ..request };
                Ok(CallAnswer::Reserved(self.reservations().reserve_stock(request).await?.into_inner()))
            }
            Some(CallKind::Release(request)) => {
                let request = pb::ReleaseClaimsRequest { request_id, ..request };
                Ok(CallAnswer::Released(self.reservations().release_claims(request).await?.into_inner()))
            }
            Some(CallKind::Post(request)) => {
                let request = pb::PostReservationsRequest { request_id, ..request };
                Ok(CallAnswer::Posted(self.reservations().post_reservations(request).await?.into_inner()))
            }
            Some(CallKind::UpdateQueue(request)) => {
                let request = pb::UpdateQueueRequest { request_id, ..request };
                Ok(CallAnswer::Requeued(self.reservations().update_queue(request).await?.into_inner()))
            }
            Some(CallKind::TakeBack(request)) => {
                let request = pb::ReceiveReturnRequest { request_id, ..request };
                self.clients.stock.clone().receive_return(request).await?;
                Ok(CallAnswer::TakenBack)
            }
            Some(CallKind::HandOver(request)) => {
                let request = pb::ReleaseToWarehouseRequest { request_id, ..request };
                Ok(CallAnswer::AtWarehouse(
                    self.clients.warehouse.clone().release_to_warehouse(request).await?.into_inner(),
                ))
            }
            Some(CallKind::Recall(request)) => {
                let request = pb::RecallFromWarehouseRequest { request_id, ..request };
                Ok(CallAnswer::AtWarehouse(
                    self.clients.warehouse.clone().recall_from_warehouse(request).await?.into_inner(),
                ))
            }
            Some(CallKind::ShortPick(request)) => {
                let request = pb::ReportShortPickRequest { request_id, ..request };
                Ok(CallAnswer::AtWarehouse(
                    self.clients.warehouse.clone().report_short_pick(request).await?.into_inner(),
                ))
            }
            Some(CallKind::Assign(request)) => {
                let request = pb::AssignByHandRequest { request_id, ..request };
                let claims = self.reservations().assign_by_hand(request).await?.into_inner().claims;
                Ok(CallAnswer::Requeued(pb::UpdateQueueResponse { claims, holds: Vec::new() }))
            }
            None => Ok(CallAnswer::TakenBack),
        }
    }

    /// Asks what reserving would answer, and keeps nothing.
    pub async fn inquire(&self, request: pb::ReserveStockRequest) -> Result<pb::ReserveStockResponse, Status> {
        let request = pb::ReserveStockRequest { validate_only: true, ..request };
        retry::call(&self.retries, || async {
            Ok(self.reservations().reserve_stock(request.clone()).await?.into_inner())
        })
        .await
    }

    /// How the claims would stand after an assignment. Keeps nothing.
    pub async fn preview_assignment(
        &self,
        request: pb::AssignByHandRequest,
    ) -> Result<pb::AssignByHandResponse, Status> {
        let request = pb::AssignByHandRequest { validate_only: true, ..request };
        retry::call(&self.retries, || async {
            Ok(self.reservations().assign_by_hand(request.clone()).await?.into_inner())
        })
        .await
    }

    /// The stock of an item at a location.
    pub async fn position(&self, item: &str, location: &str) -> Result<pb::Position, Status> {
        retry::call(&self.retries, || async {
            let pair = pb::ItemLocation { item: item.to_owned(), location: location.to_owned() };
            let request = pb::BatchGetAvailabilityRequest {
                pairs: vec![pair],
                read_mask: Some(FieldMask { paths: vec!["position".to_owned()] }),
                consistency: pb::ReadConsistency::Exact.into(),
            };
            let answer = self.clients.availability.clone().batch_get_availability(request).await?.into_inner();
            let first = answer.availabilities.into_iter().next();
            Ok(first.and_then(|availability| availability.position).unwrap_or_default())
        })
        .await
    }

    /// What a supplier last reported of an item; `None` when it never did.
    pub async fn drop_ship_stock(&self, item: &str, supplier: &str) -> Result<Option<pb::DropShipStock>, Status> {
        retry::call(&self.retries, || async {
            let request = pb::ListDropShipStockRequest {
                item: item.to_owned(),
                supplier: supplier.to_owned(),
                page_size: 1,
                ..pb::ListDropShipStockRequest::default()
            };
            let answer = self.clients.drop_ship_stock.clone().list_drop_ship_stock(request).await?.into_inner();
            Ok(answer.stock.into_iter().next())
        })
        .await
    }

    /// One item.
    pub async fn item(&self, name: &str) -> Result<pb::Item, Status> {
        retry::call(&self.retries, || async {
            let request = pb::GetItemRequest { name: name.to_owned() };
            Ok(self.catalog().get_item(request).await?.into_inner())
        })
        .await
    }

    /// One location.
    pub async fn location(&self, name: &str) -> Result<pb::Location, Status> {
        retry::call(&self.retries, || async {
            let request = pb::GetLocationRequest { name: name.to_owned() };
            Ok(self.catalog().get_location(request).await?.into_inner())
        })
        .await
    }

    /// All locations, by rank and id.
    pub async fn locations(&self) -> Result<Vec<pb::Location>, Status> {
        let mut locations = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = retry::call(&self.retries, || async {
                let request = pb::ListLocationsRequest { page_size: CLAIMS_PAGE, page_token: page_token.clone() };
                Ok(self.catalog().list_locations(request).await?.into_inner())
            })
            .await?;
            locations.extend(page.locations);
            if page.next_page_token.is_empty() {
                return Ok(locations);
            }
            page_token = page.next_page_token;
        }
    }

    /// All working calendars, by id.
    pub async fn calendars(&self) -> Result<Vec<pb::WorkingCalendar>, Status> {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = retry::call(&self.retries, || async {
                let request =
                    pb::ListWorkingCalendarsRequest { page_size: CLAIMS_PAGE, page_token: page_token.clone() };
                Ok(self.catalog().list_working_calendars(request).await?.into_inner())
            })
            .await?;
            found.extend(page.working_calendars);
            if page.next_page_token.is_empty() {
                return Ok(found);
            }
            page_token = page.next_page_token;
        }
    }

    /// All lanes, by id.
    pub async fn lanes(&self) -> Result<Vec<pb::Lane>, Status> {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = retry::call(&self.retries, || async {
                let request = pb::ListLanesRequest { page_size: CLAIMS_PAGE, page_token: page_token.clone() };
                Ok(self.catalog().list_lanes(request).await?.into_inner())
            })
            .await?;
            found.extend(page.lanes);
            if page.next_page_token.is_empty() {
                return Ok(found);
            }
            page_token = page.next_page_token;
        }
    }

    /// All that decides who of up to 100 items gets what, as it is at one moment.
    pub async fn items_now(&self, items: Vec<String>) -> Result<Streaming<pb::ReadItemsResponse>, Status> {
        retry::call(&self.retries, || async {
            let request = pb::ReadItemsRequest { items: items.clone() };
            Ok(self.clients.availability.clone().read_items(request).await?.into_inner())
        })
        .await
    }

    /// Claims that wait for an item, in the order of the queue, until `enough` says so. `location` empty means all.
    pub async fn waiting_claims(
        &self,
        item: &str,
        location: &str,
        mut enough: impl FnMut(&pb::Claim) -> bool,
    ) -> Result<Vec<pb::Claim>, Status> {
        let mut claims = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = self.waiting_page(item, location, page_token, false).await?;
            for claim in page.claims {
                let is_enough = enough(&claim);
                claims.push(claim);
                if is_enough {
                    return Ok(claims);
                }
            }
            if page.next_page_token.is_empty() {
                return Ok(claims);
            }
            page_token = page.next_page_token;
        }
    }

    /// One page of the claims that wait for an item, in the order of the queue. `location` empty means all;
    /// `decided_as_sets` leaves those out that runs serve alone.
    pub async fn waiting_page(
        &self,
        item: &str,
        location: &str,
        page_token: String,
        decided_as_sets: bool,
    ) -> Result<pb::ListWaitingClaimsResponse, Status> {
        let request = pb::ListWaitingClaimsRequest {
            item: item.to_owned(),
            location: location.to_owned(),
            page_size: CLAIMS_PAGE,
            page_token,
            decided_as_sets,
        };
        retry::call(&self.retries, || async {
            Ok(self.reservations().list_waiting_claims(request.clone()).await?.into_inner())
        })
        .await
    }

    /// All open holds, or those of one item.
    pub async fn holds(&self, item: &str) -> Result<Vec<pb::Hold>, Status> {
        let mut holds = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = retry::call(&self.retries, || async {
                let request = pb::ListHoldsRequest {
                    page_size: CLAIMS_PAGE,
                    page_token: page_token.clone(),
                    item: item.to_owned(),
                };
                Ok(self.reservations().list_holds(request).await?.into_inner())
            })
            .await?;
            holds.extend(page.holds);
            if page.next_page_token.is_empty() {
                return Ok(holds);
            }
            page_token = page.next_page_token;
        }
    }

    /// Applies one chunk of a run.
    pub async fn apply(&self, request: pb::ApplyAllocationRequest) -> Result<pb::ApplyAllocationResponse, Status> {
        retry::call(&self.retries, || async {
            Ok(self.reservations().apply_allocation(request.clone()).await?.into_inner())
        })
        .await
    }

    /// Commits what a run decided about an item.
    pub async fn commit_run(&self, request: pb::CommitRunRequest) -> Result<pb::CommitRunResponse, Failure> {
        let answer = retry::call(&self.retries, || async {
            Ok(self.reservations().commit_run(request.clone()).await?.into_inner())
        });
        Ok(answer.await?)
    }

    /// How the claims on an item, and those of sets, would stand if what is asked about happened and runs shared what is free.
    pub async fn preview_serving(
        &self,
        request: pb::PreviewServingRequest,
    ) -> Result<pb::PreviewServingResponse, Status> {
        retry::call(&self.retries, || async {
            Ok(self.reservations().preview_serving(request.clone()).await?.into_inner())
        })
        .await
    }

    /// Pegs what waits for items anew, in the order of the queue.
    pub async fn repeg_items(&self, request: pb::RepegItemsRequest) -> Result<pb::RepegItemsResponse, Status> {
        retry::call(&self.retries, || async {
            Ok(self.reservations().repeg_items(request.clone()).await?.into_inner())
        })
        .await
    }

    /// Decides about sets of lines.
    pub async fn cover_sets(&self, request: pb::CoverSetsRequest) -> Result<pb::CoverSetsResponse, Status> {
        retry::call(&self.retries, || async { Ok(self.reservations().cover_sets(request.clone()).await?.into_inner()) })
            .await
    }

    /// Changes places in the queue.
    pub async fn update_queue(&self, request: pb::UpdateQueueRequest) -> Result<pb::UpdateQueueResponse, Status> {
        retry::call(&self.retries, || async {
            Ok(self.reservations().update_queue(request.clone()).await?.into_inner())
        })
        .await
    }

    /// The claims of up to 1,000 demand lines.
    pub async fn claims_of(&self, lines: Vec<String>) -> Result<Vec<pb::Claim>, Status> {
        retry::call(&self.retries, || async {
            let request = pb::BatchGetClaimsRequest { lines: lines.clone() };
            Ok(self.reservations().batch_get_claims(request).await?.into_inner().claims)
        })
        .await
    }

    /// A page of the claims of which units are reserved or wait, of whatever demand, with the token of the next page.
    pub async fn open_claims(&self, page_token: String) -> Result<(Vec<pb::Claim>, String), Status> {
        let request = pb::ListOpenClaimsRequest { page_size: CLAIMS_PAGE, page_token };
        let page = retry::call(&self.retries, || async {
            Ok(self.reservations().list_open_claims(request.clone()).await?.into_inner())
        })
        .await?;
        Ok((page.claims, page.next_page_token))
    }

    /// What is free of an item at a location, over so many days.
    pub async fn availability_profile(
        &self,
        item: &str,
        location: &str,
        horizon_days: i32,
    ) -> Result<pb::GetAvailabilityProfileResponse, Status> {
        retry::call(&self.retries, || async {
            let (item, location) = (item.to_owned(), location.to_owned());
            let request = pb::GetAvailabilityProfileRequest { item, location, horizon_days, quantity: 0 };
            Ok(self.clients.availability.clone().get_availability_profile(request).await?.into_inner())
        })
        .await
    }

    /// Open dated supply of an item, by expected date, at most `limit`.
    pub async fn open_supplies(&self, item: &str, limit: usize) -> Result<Vec<pb::Supply>, Status> {
        let mut supplies = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = retry::call(&self.retries, || async {
                let request = pb::ListSuppliesRequest {
                    page_size: CLAIMS_PAGE,
                    page_token: page_token.clone(),
                    item: item.to_owned(),
                    location: String::new(),
                    open_only: true,
                    expected_before: None,
                };
                Ok(self.clients.supply.clone().list_supplies(request).await?.into_inner())
            })
            .await?;
            supplies.extend(page.supplies);
            if page.next_page_token.is_empty() || supplies.len() >= limit {
                return Ok(supplies);
            }
            page_token = page.next_page_token;
        }
    }

    /// Open dated supply that is expected before a day, at most 1,000.
    pub async fn supplies_before(&self, day: common::Date) -> Result<Vec<pb::Supply>, Status> {
        retry::call(&self.retries, || async {
            let request = pb::ListSuppliesRequest {
                page_size: CLAIMS_PAGE,
                open_only: true,
                expected_before: Some(day),
                ..pb::ListSuppliesRequest::default()
            };
            Ok(self.clients.supply.clone().list_supplies(request).await?.into_inner().supplies)
        })
        .await
    }

    /// What suppliers reported and is stale, by item, at most 1,000.
    pub async fn stale_drop_ship_stock(&self) -> Result<Vec<pb::DropShipStock>, Status> {
        retry::call(&self.retries, || async {
            let request = pb::ListDropShipStockRequest {
                page_size: CLAIMS_PAGE,
                stale_only: true,
                ..pb::ListDropShipStockRequest::default()
            };
            Ok(self.clients.drop_ship_stock.clone().list_drop_ship_stock(request).await?.into_inner().stock)
        })
        .await
    }

    /// One supply.
    pub async fn supply(&self, name: &str) -> Result<pb::Supply, Status> {
        retry::call(&self.retries, || async {
            let request = pb::GetSupplyRequest { name: name.to_owned() };
            Ok(self.clients.supply.clone().get_supply(request).await?.into_inner())
        })
        .await
    }

    /// Lines of receipts that await a decision, of all receipts or of one, at most 1,000.
    pub async fn receipts_in_review(&self, receipt: &str) -> Result<Vec<pb::ReceivedLine>, Status> {
        retry::call(&self.retries, || async {
            let request = pb::ListReceiptsRequest {
                page_size: CLAIMS_PAGE,
                in_review_only: true,
                receipt: receipt.to_owned(),
                ..pb::ListReceiptsRequest::default()
            };
            Ok(self.clients.receipts.clone().list_receipts(request).await?.into_inner().lines)
        })
        .await
    }
}
