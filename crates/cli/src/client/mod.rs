//! The program as a client: one bundle with a client per gRPC service, over sockets or inside this process.

pub mod requests;

use std::{sync::Arc, time::Duration};

use backorder_domain::ids::IdProvider;
use backorder_proto::{
    allocation::v1::{
        allocation_operations_service_client::AllocationOperationsServiceClient,
        allocation_policy_service_client::AllocationPolicyServiceClient,
        allocation_run_service_client::AllocationRunServiceClient, backlog_service_client::BacklogServiceClient,
        consent_service_client::ConsentServiceClient, drop_ship_service_client::DropShipServiceClient,
        exception_service_client::ExceptionServiceClient, figure_period_service_client::FigurePeriodServiceClient,
        figure_service_client::FigureServiceClient, figure_target_service_client::FigureTargetServiceClient,
        fulfilment_feed_service_client::FulfilmentFeedServiceClient, go_live_service_client::GoLiveServiceClient,
        hold_service_client::HoldServiceClient, order_service_client::OrderServiceClient,
        override_service_client::OverrideServiceClient, policy_service_client::PolicyServiceClient,
        refund_service_client::RefundServiceClient, release_service_client::ReleaseServiceClient,
        serving_service_client::ServingServiceClient, shipment_service_client::ShipmentServiceClient,
        shortage_service_client::ShortageServiceClient,
    },
    inventory::v1::{
        availability_service_client::AvailabilityServiceClient, catalog_service_client::CatalogServiceClient,
        drop_ship_stock_service_client::DropShipStockServiceClient, group_service_client::GroupServiceClient,
        inventory_operations_service_client::InventoryOperationsServiceClient,
        receipt_service_client::ReceiptServiceClient, stock_service_client::StockServiceClient,
        supply_service_client::SupplyServiceClient, warehouse_feed_service_client::WarehouseFeedServiceClient,
    },
};
use backorder_service_kit::clients::{InvalidAddress, ServiceChannel, connect};
use uuid::Uuid;

/// The name under which this program calls, so that its request ids are its own.
pub const CALLER: &str = "backorder-cli";

/// Answers may be larger than tonic's default of 4 MiB: a page of 1,000 orders with all their lines.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A client for every service. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Items and locations.
    pub catalog: CatalogServiceClient<ServiceChannel>,
    /// Stock and its movements.
    pub stock: StockServiceClient<ServiceChannel>,
    /// Receipts that were booked.
    pub receipts: ReceiptServiceClient<ServiceChannel>,
    /// Dated supply.
    pub supply: SupplyServiceClient<ServiceChannel>,
    /// Availability now and later.
    pub availability: AvailabilityServiceClient<ServiceChannel>,
    /// The books of inventory.
    pub inventory_operations: InventoryOperationsServiceClient<ServiceChannel>,
    /// Orders.
    pub orders: OrderServiceClient<ServiceChannel>,
    /// The taking over of open orders from another system.
    pub go_live: GoLiveServiceClient<ServiceChannel>,
    /// What keeps orders from moving.
    pub holds: HoldServiceClient<ServiceChannel>,
    /// Decisions of people against the rules.
    pub overrides: OverrideServiceClient<ServiceChannel>,
    /// The gate between orders and the warehouse.
    pub releases: ReleaseServiceClient<ServiceChannel>,
    /// What left together, and what arrived.
    pub shipments: ShipmentServiceClient<ServiceChannel>,
    /// What customers say when not all is there.
    pub shortages: ShortageServiceClient<ServiceChannel>,
    /// What suppliers are asked to ship themselves.
    pub drop_ship: DropShipServiceClient<ServiceChannel>,
    /// What suppliers report that they could ship themselves.
    pub drop_ship_stock: DropShipStockServiceClient<ServiceChannel>,
    /// What groups of demand may take of items.
    pub groups: GroupServiceClient<ServiceChannel>,
    /// Documents about orders and shipments of warehouses and carriers.
    pub fulfilment_feed: FulfilmentFeedServiceClient<ServiceChannel>,
    /// Documents about stock of warehouses.
    pub warehouse_feed: WarehouseFeedServiceClient<ServiceChannel>,
    /// Who waits and why.
    pub backlog: BacklogServiceClient<ServiceChannel>,
    /// When held units are shared.
    pub serving: ServingServiceClient<ServiceChannel>,
    /// What needs a planner.
    pub exceptions: ExceptionServiceClient<ServiceChannel>,
    /// What customers say about their waits.
    pub consents: ConsentServiceClient<ServiceChannel>,
    /// What is to be given back.
    pub refunds: RefundServiceClient<ServiceChannel>,
    /// How well demand was served, and what shortage cost.
    pub figures: FigureServiceClient<ServiceChannel>,
    /// Closed months of service figures.
    pub figure_periods: FigurePeriodServiceClient<ServiceChannel>,
    /// What service figures should reach.
    pub figure_targets: FigureTargetServiceClient<ServiceChannel>,
    /// Simulated allocation runs.
    pub runs: AllocationRunServiceClient<ServiceChannel>,
    /// Policies of allocation runs.
    pub allocation_policies: AllocationPolicyServiceClient<ServiceChannel>,
    /// Policies and the serving sequence.
    pub policies: PolicyServiceClient<ServiceChannel>,
    /// The books of allocation.
    pub allocation_operations: AllocationOperationsServiceClient<ServiceChannel>,
}

macro_rules! client {
    ($client:ident, $channel:expr) => {
        $client::new($channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    };
}

impl Clients {
    /// Clients over two channels, which may be the same one.
    #[must_use]
    pub fn over(inventory: &ServiceChannel, allocation: &ServiceChannel) -> Self {
        Self {
            catalog: client!(CatalogServiceClient, inventory),
            stock: client!(StockServiceClient, inventory),
            receipts: client!(ReceiptServiceClient, inventory),
            supply: client!(SupplyServiceClient, inventory),
            availability: client!(AvailabilityServiceClient, inventory),
            inventory_operations: client!(InventoryOperationsServiceClient, inventory),
            orders: client!(OrderServiceClient, allocation),
            go_live: client!(GoLiveServiceClient, allocation),
            holds: client!(HoldServiceClient, allocation),
            overrides: client!(OverrideServiceClient, allocation),
            releases: client!(ReleaseServiceClient, allocation),
            shipments: client!(ShipmentServiceClient, allocation),
            shortages: client!(ShortageServiceClient, allocation),
            drop_ship: client!(DropShipServiceClient, allocation),
            drop_ship_stock: client!(DropShipStockServiceClient, inventory),
            groups: client!(GroupServiceClient, inventory),
            fulfilment_feed: client!(FulfilmentFeedServiceClient, allocation),
            warehouse_feed: client!(WarehouseFeedServiceClient, inventory),
            backlog: client!(BacklogServiceClient, allocation),
            serving: client!(ServingServiceClient, allocation),
            exceptions: client!(ExceptionServiceClient, allocation),
            consents: client!(ConsentServiceClient, allocation),
            refunds: client!(RefundServiceClient, allocation),
            figures: client!(FigureServiceClient, allocation),
            figure_periods: client!(FigurePeriodServiceClient, allocation),
            figure_targets: client!(FigureTargetServiceClient, allocation),
            runs: client!(AllocationRunServiceClient, allocation),
            allocation_policies: client!(AllocationPolicyServiceClient, allocation),
            policies: client!(PolicyServiceClient, allocation),
            allocation_operations: client!(AllocationOperationsServiceClient, allocation),
        }
    }
}

/// Who calls, where to, and with which ids.
#[derive(Clone)]
pub struct Session {
    /// The services.
    pub clients: Clients,
    ids: Arc<dyn IdProvider>,
    request_id: Option<Uuid>,
}

/// Where the services are.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where every service answers.
    pub all: String,
    /// Where inventory answers, when it is not where the others are.
    pub inventory: Option<String>,
}

impl Session {
    /// A session over sockets. Nothing is connected before the first call.
    ///
    /// # Errors
    /// [`InvalidAddress`] when an address is none.
    pub fn connect(
        addresses: &Addresses,
        timeout: Duration,
        ids: Arc<dyn IdProvider>,
        request_id: Option<Uuid>,
    ) -> Result<Self, InvalidAddress> {
        let channel = |address: &str, target: &str| -> Result<ServiceChannel, InvalidAddress> {
            let named = format!("{target} at {address}");
            Ok(connect(address)?.with_caller(CALLER).with_target(&named).with_deadline_default(timeout))
        };
        let allocation = channel(&addresses.all, "allocation")?;
        let inventory = channel(addresses.inventory.as_ref().unwrap_or(&addresses.all), "inventory")?;
        Ok(Self { clients: Clients::over(&inventory, &allocation), ids, request_id })
    }

    /// A new request id, for a write of many that one command makes.
    #[must_use]
    pub fn new_request_id(&self) -> String {
        self.ids.next_uuid().to_string()
    }

    /// The request id of a write: the one that the caller named, else a new one.
    #[must_use]
    pub fn request_id(&self) -> String {
        self.request_id.unwrap_or_else(|| self.ids.next_uuid()).to_string()
    }
}
