//! What a story can do and see, in the words of the glossary. Every method is one RPC, or waits for one to answer so.

use std::sync::Arc;

use backorder_proto::{
    allocation::v1::{self as allocation, Order, OrderLine},
    common::v1::{Date, DateBasis, Money, WriteContext, ZonedDate},
    inventory::v1::{self as inventory, Hold, Position, Supply},
};
use backorder_service_kit::{
    clients::{AllocationClients, InventoryClients},
    time::ManualClock,
};
use backorder_testkit::eventually;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::TimeZone};
use tonic::Status;
use uuid::Uuid;

use crate::world::draft::Draft;

pub mod allocation_policies;
pub mod draft;
pub mod drop_ship;
pub mod feeds;
pub mod going_live;
pub mod holds;
pub mod kits;
pub mod overrides;
pub mod runs;
pub mod shipping;
pub mod warehouse;

/// The zone of every location in the stories.
pub const ZONE: &str = "Europe/London";

/// A cluster as a story sees it. Names of items, locations, orders and supplies are made unique per story, so that many
/// stories can share one cluster.
#[derive(Clone)]
pub struct World {
    pub inventory: InventoryClients,
    pub allocation: AllocationClients,
    /// The clock of the services, where they run in this process.
    pub clock: Option<Arc<ManualClock>>,
    story: String,
}

impl World {
    pub fn new(
        inventory: InventoryClients,
        allocation: AllocationClients,
        clock: Option<Arc<ManualClock>>,
        story: &str,
    ) -> Self {
        Self { inventory, allocation, clock, story: story.to_owned() }
    }

    /// The same cluster for another story.
    #[must_use]
    pub fn told_as(&self, story: &str) -> Self {
        Self { story: story.to_owned(), ..self.clone() }
    }

    /// The id that this story uses for `short`.
    pub fn id(&self, short: &str) -> String {
        format!("{}.{short}", self.story)
    }

    pub fn item_name(&self, item: &str) -> String {
        format!("items/{}", self.id(item))
    }

    pub fn location_name(&self, location: &str) -> String {
        format!("locations/{}", self.id(location))
    }

    pub fn order_name(&self, order: &str) -> String {
        format!("orders/{}", self.id(order))
    }

    pub fn line_name(&self, order: &str, line: u32) -> String {
        format!("{}/lines/{line}", self.order_name(order))
    }

    pub fn supply_name(&self, supply: &str) -> String {
        format!("supplies/{}", self.id(supply))
    }

    /// The business time of the services.
    pub fn now(&self) -> Timestamp {
        match &self.clock {
            Some(clock) => backorder_domain::time::Clock::now(clock.as_ref()),
            None => backorder_domain::time::Clock::now(&backorder_service_kit::time::SystemClock),
        }
    }

    /// Moves the business time on. Only where the services run in this process.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.as_ref().expect("this story needs a clock that can be moved").advance(by);
    }

    /// The civil date `days` after today, in the zone of the locations.
    pub fn day(&self, days: i64) -> civil::Date {
        let zone = TimeZone::get(ZONE).unwrap();
        zone.to_datetime(self.now()).date().checked_add(days.days()).unwrap()
    }

    pub async fn warehouse(&self, location: &str, rank: i32) {
        let request = inventory::CreateLocationRequest {
            request_id: request_id(),
            location: Some(inventory::Location {
                name: self.location_name(location),
                display_name: location.to_owned(),
                kind: inventory::LocationKind::Warehouse.into(),
                time_zone: ZONE.to_owned(),
                rank,
                ..Default::default()
            }),
        };
        self.inventory.catalog.clone().create_location(request).await.expect("create a location");
    }

    pub async fn item(&self, item: &str) {
        let request = inventory::CreateItemRequest {
            request_id: request_id(),
            item: Some(inventory::Item {
                name: self.item_name(item),
                description: item.to_owned(),
                base_unit: "EA".to_owned(),
                pack_size: 1,
                category: self.id("category"),
                unit_cost: Some(money(2)),
                unit_price: Some(money(5)),
                ..Default::default()
            }),
        };
        self.inventory.catalog.clone().create_item(request).await.expect("create an item");
    }

    /// One warehouse `main` and one item `mug`: enough for most stories.
    pub async fn mug_at_main(&self) {
        self.warehouse("main", 1).await;
        self.item("mug").await;
    }

    pub async fn receive(&self, item: &str, location: &str, quantity: i64) -> Vec<Hold> {
        self.receive_line(inventory::ReceiptLine {
            item: self.item_name(item),
            location: self.location_name(location),
            accepted: quantity,
            ..Default::default()
        })
        .await
    }

    pub async fn receive_supply(&self, supply: &str, item: &str, location: &str, quantity: i64) -> Vec<Hold> {
        self.receive_line(inventory::ReceiptLine {
            item: self.item_name(item),
            location: self.location_name(location),
            supply: self.supply_name(supply),
            accepted: quantity,
            ..Default::default()
        })
        .await
    }

    /// Receives less than a supply promised, of which nothing more will come.
    pub async fn receive_short(&self, supply: &str, item: &str, location: &str, quantity: i64) -> Vec<Hold> {
        self.receive_line(inventory::ReceiptLine {
            item: self.item_name(item),
            location: self.location_name(location),
            supply: self.supply_name(supply),
            accepted: quantity,
            closes_supply: true,
            ..Default::default()
        })
        .await
    }

    async fn receive_line(&self, line: inventory::ReceiptLine) -> Vec<Hold> {
        let request =
            inventory::ReceiveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
        self.inventory.stock.clone().receive_stock(request).await.expect("receive stock").into_inner().holds
    }

    /// Creates a purchase order line that is agreed and expected on one day.
    pub async fn expect_supply(&self, supply: &str, item: &str, location: &str, quantity: i64, day: civil::Date) {
        let request = inventory::BatchCreateSuppliesRequest {
            request_id: request_id(),
            supplies: vec![Supply {
                name: self.supply_name(supply),
                item: self.item_name(item),
                location: self.location_name(location),
                kind: inventory::SupplyKind::PurchaseOrderLine.into(),
                ordered: quantity,
                agreed_date: Some(date(day)),
                expected_date: Some(date(day)),
                supplier: "a supplier".to_owned(),
                ..Default::default()
            }],
            context: None,
        };
        self.inventory.supply.clone().batch_create_supplies(request).await.expect("create supply");
    }

    pub async fn move_supply(&self, supply: &str, day: civil::Date) -> Supply {
        self.try_move_supply(supply, day).await.expect("move a supply")
    }

    pub async fn try_move_supply(&self, supply: &str, day: civil::Date) -> Result<Supply, Status> {
        let request = inventory::UpdateSupplyRequest {
            request_id: request_id(),
            supply: Some(Supply {
                name: self.supply_name(supply),
                expected_date: Some(date(day)),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["expected_date".to_owned()] }),
            expected_version: 0,
            context: None,
        };
        let answer = self.inventory.supply.clone().update_supply(request).await?;
        Ok(answer.into_inner().supply.expect("the supply is answered"))
    }

    pub async fn position(&self, item: &str, location: &str) -> Position {
        let request =
            inventory::GetPositionRequest { item: self.item_name(item), location: self.location_name(location) };
        self.inventory.stock.clone().get_position(request).await.expect("get a position").into_inner()
    }

    pub fn draft(&self, order: &str) -> Draft {
        Draft::new(self.clone(), order)
    }

    /// Places an order of one line with all defaults.
    pub async fn place(&self, order: &str, item: &str, quantity: i64) -> Order {
        self.draft(order).line(item, quantity).place().await.expect("place an order")
    }

    pub async fn order(&self, order: &str) -> Order {
        self.try_order(order).await.expect("the order is there")
    }

    /// The order, or nothing when there is none.
    pub async fn try_order(&self, order: &str) -> Option<Order> {
        let request = allocation::GetOrderRequest { name: self.order_name(order) };
        match self.allocation.orders.clone().get_order(request).await {
            Ok(order) => Some(order.into_inner()),
            Err(status) if reason(&status) == "ORDER_NOT_FOUND" => None,
            Err(status) => panic!("get an order: {status:?}"),
        }
    }

    pub async fn line(&self, order: &str, line: u32) -> OrderLine {
        let name = self.line_name(order, line);
        self.order(order).await.lines.into_iter().find(|candidate| candidate.name == name).expect("the line is there")
    }

    pub async fn ship(&self, order: &str, line: u32, quantity: i64) -> Result<Vec<OrderLine>, Status> {
        let request = allocation::ShipOrderLinesRequest {
            request_id: request_id(),
            lines: vec![allocation::LineQuantity { name: self.line_name(order, line), quantity }],
            ..Default::default()
        };
        Ok(self.allocation.orders.clone().ship_order_lines(request).await?.into_inner().lines)
    }

    pub async fn cancel(&self, order: &str, line: u32, quantity: i64) -> Result<Order, Status> {
        let request = allocation::CancelOrderLinesRequest {
            request_id: request_id(),
            name: self.order_name(order),
            lines: vec![allocation::LineQuantity { name: self.line_name(order, line), quantity }],
            context: because("customer"),
        };
        let answer = self.allocation.orders.clone().cancel_order_lines(request).await?.into_inner();
        Ok(answer.order.expect("the order is answered"))
    }

    /// Lets a moment pass, so that what is done next is done later. A real clock passes by itself.
    pub fn moment(&self) {
        if let Some(clock) = &self.clock {
            clock.advance(SignedDuration::from_secs(1));
        }
    }

    pub async fn amend(&self, order: &str, line: u32, quantity: i64) -> Result<Order, Status> {
        self.moment();
        let request = allocation::AmendOrderLineRequest {
            request_id: request_id(),
            name: self.line_name(order, line),
            quantity: Some(quantity),
            requested_date: None,
            context: because("customer"),
            unit: String::new(),
        };
        let answer = self.allocation.orders.clone().amend_order_line(request).await?.into_inner();
        Ok(answer.order.expect("the order is answered"))
    }

    pub async fn explain(&self, order: &str, line: u32) -> allocation::ExplainPromiseResponse {
        let request = allocation::ExplainPromiseRequest { name: self.line_name(order, line) };
        self.allocation.backlog.clone().explain_promise(request).await.expect("explain a promise").into_inner()
    }

    /// The waiting lines of one item, in the order of the queue.
    pub async fn backorders(&self, item: &str) -> Vec<allocation::Backorder> {
        let request = allocation::ListBackordersRequest { item: self.item_name(item), ..Default::default() };
        self.allocation.backlog.clone().list_backorders(request).await.expect("list backorders").into_inner().backorders
    }

    /// Waits until neither service has anything left to do by itself.
    pub async fn idle(&self) {
        eventually("both services are idle", || async { self.is_idle().await }).await;
    }

    /// Whether neither service has anything left to do by itself.
    pub async fn is_idle(&self) -> bool {
        // Twice in a row: an event may be between the two services while each of them looks idle.
        for _ in 0..2 {
            let inventory = self.inventory.operations.clone().get_activity(inventory::GetActivityRequest {}).await;
            let allocation = self.allocation.operations.clone().get_activity(allocation::GetActivityRequest {}).await;
            let (Ok(inventory), Ok(allocation)) = (inventory, allocation) else { return false };
            let idle =
                [inventory.into_inner().activity, allocation.into_inner().activity].into_iter().all(|activity| {
                    activity.is_some_and(|left| {
                        left.events_unstamped
                            + left.events_unhandled
                            + left.steps_unfinished
                            + left.runs_waiting
                            + left.holds_open
                            == 0
                    })
                });
            if !idle {
                return false;
            }
        }
        true
    }

    /// Whether both services answer.
    pub async fn answers(&self) -> bool {
        let inventory = self.inventory.operations.clone().get_activity(inventory::GetActivityRequest {}).await;
        let allocation = self.allocation.operations.clone().get_activity(allocation::GetActivityRequest {}).await;
        inventory.is_ok() && allocation.is_ok()
    }

    /// Waits for idleness, then proves the books of both services.
    pub async fn books_balance(&self) {
        self.idle().await;
        let books =
            self.inventory.operations.clone().verify_books(inventory::VerifyBooksRequest { digest: false }).await;
        let books = books.expect("verify the books").into_inner();
        assert!(books.balanced, "the books differ: {:#?}", books.differences);
        let orders = self.allocation.operations.clone().verify_orders(allocation::VerifyOrdersRequest {}).await;
        let orders = orders.expect("verify the orders").into_inner();
        assert!(orders.balanced, "the orders differ: {:#?}", orders.differences);
        assert_eq!(orders.orders_left_out, 0, "steps are under way though the services are idle");
    }
}

/// A new request id. Stories do not depend on its value.
#[expect(clippy::disallowed_methods, reason = "the caller of an RPC makes its own ids; no service is involved")]
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

pub fn date(day: civil::Date) -> Date {
    Date { year: day.year().into(), month: day.month().into(), day: day.day().into() }
}

pub fn ship_date(day: civil::Date) -> ZonedDate {
    ZonedDate { date: Some(date(day)), basis: DateBasis::Ship.into(), time_zone: ZONE.to_owned() }
}

pub fn money(units: i64) -> Money {
    Money { currency_code: "GBP".to_owned(), units, nanos: 0 }
}

pub fn because(reason: &str) -> Option<WriteContext> {
    Some(WriteContext { actor: "story".to_owned(), reason_code: reason.to_owned(), note: String::new() })
}

/// The reason of our own in an error.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// The fields that a refusal says are wrong.
pub fn fields(status: &Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    let violations = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}
