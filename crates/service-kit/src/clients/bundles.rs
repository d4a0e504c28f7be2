//! The clients of one service together, over one channel.

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
        receipt_service_client::ReceiptServiceClient, reservation_service_client::ReservationServiceClient,
        stock_service_client::StockServiceClient, supply_service_client::SupplyServiceClient,
        warehouse_feed_service_client::WarehouseFeedServiceClient, warehouse_service_client::WarehouseServiceClient,
    },
};

use super::ServiceChannel;

/// A client that takes every answer, however large: one that gave up reading would say OUT_OF_RANGE of what the service has done,
/// and be taken for a refusal. What is asked is bounded, so answers are, too.
macro_rules! client {
    ($client:ident, $channel:expr) => {
        $client::new($channel.clone()).max_decoding_message_size(usize::MAX)
    };
}

/// The clients of `inventory`. Clones are cheap; generated clients are called through a clone of their own.
#[derive(Debug, Clone)]
pub struct InventoryClients {
    /// Items and locations.
    pub catalog: CatalogServiceClient<ServiceChannel>,
    /// Stock and movements.
    pub stock: StockServiceClient<ServiceChannel>,
    /// Receipts that were booked.
    pub receipts: ReceiptServiceClient<ServiceChannel>,
    /// Dated inbound supply.
    pub supply: SupplyServiceClient<ServiceChannel>,
    /// Claims on supply: reservations, waiting rows and holds.
    pub reservations: ReservationServiceClient<ServiceChannel>,
    /// The gate to the warehouse.
    pub warehouse: WarehouseServiceClient<ServiceChannel>,
    /// What suppliers report that they could ship themselves.
    pub drop_ship_stock: DropShipStockServiceClient<ServiceChannel>,
    /// The groups of items.
    pub groups: GroupServiceClient<ServiceChannel>,
    /// Documents about stock of warehouses' own systems.
    pub feed: WarehouseFeedServiceClient<ServiceChannel>,
    /// What can be had, now and later.
    pub availability: AvailabilityServiceClient<ServiceChannel>,
    /// Activity, books and dead letters.
    pub operations: InventoryOperationsServiceClient<ServiceChannel>,
}

impl InventoryClients {
    /// The clients over a channel.
    #[must_use]
    pub fn new(channel: ServiceChannel) -> Self {
        let channel = channel.with_target("inventory");
        Self {
            catalog: client!(CatalogServiceClient, channel),
            stock: client!(StockServiceClient, channel),
            receipts: client!(ReceiptServiceClient, channel),
            supply: client!(SupplyServiceClient, channel),
            reservations: client!(ReservationServiceClient, channel),
            warehouse: client!(WarehouseServiceClient, channel),
            drop_ship_stock: client!(DropShipStockServiceClient, channel),
            groups: client!(GroupServiceClient, channel),
            feed: client!(WarehouseFeedServiceClient, channel),
            availability: client!(AvailabilityServiceClient, channel),
            operations: client!(InventoryOperationsServiceClient, channel),
        }
    }
}

/// The clients of `allocation`. Clones are cheap; generated clients are called through a clone of their own.
#[derive(Debug, Clone)]
pub struct AllocationClients {
    /// Orders and their lines.
    pub orders: OrderServiceClient<ServiceChannel>,
    /// What waits, and why.
    pub backlog: BacklogServiceClient<ServiceChannel>,
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
    /// When held units are shared.
    pub serving: ServingServiceClient<ServiceChannel>,
    /// What needs a planner.
    pub exceptions: ExceptionServiceClient<ServiceChannel>,
    /// What customers say about their waits.
    pub consents: ConsentServiceClient<ServiceChannel>,
    /// What is to be given back.
    pub refunds: RefundServiceClient<ServiceChannel>,
    /// What suppliers are asked to ship themselves.
    pub drop_ship: DropShipServiceClient<ServiceChannel>,
    /// Documents about orders and shipments of warehouses' and carriers' own systems.
    pub feed: FulfilmentFeedServiceClient<ServiceChannel>,
    /// How well demand was served, and what shortage cost.
    pub figures: FigureServiceClient<ServiceChannel>,
    /// Closed months of service figures.
    pub figure_periods: FigurePeriodServiceClient<ServiceChannel>,
    /// What service figures should reach.
    pub figure_targets: FigureTargetServiceClient<ServiceChannel>,
    /// Simulated allocation runs, and what changes would do.
    pub runs: AllocationRunServiceClient<ServiceChannel>,
    /// Policies of allocation runs, and which is in force.
    pub allocation_policies: AllocationPolicyServiceClient<ServiceChannel>,
    /// Backorder policies and the serving sequence.
    pub policies: PolicyServiceClient<ServiceChannel>,
    /// Activity, totals, checks and dead letters.
    pub operations: AllocationOperationsServiceClient<ServiceChannel>,
}

impl AllocationClients {
    /// The clients over a channel.
    #[must_use]
    pub fn new(channel: ServiceChannel) -> Self {
        let channel = channel.with_target("allocation");
        Self {
            orders: client!(OrderServiceClient, channel),
            backlog: client!(BacklogServiceClient, channel),
            go_live: client!(GoLiveServiceClient, channel),
            holds: client!(HoldServiceClient, channel),
            overrides: client!(OverrideServiceClient, channel),
            releases: client!(ReleaseServiceClient, channel),
            shipments: client!(ShipmentServiceClient, channel),
            shortages: client!(ShortageServiceClient, channel),
            serving: client!(ServingServiceClient, channel),
            exceptions: client!(ExceptionServiceClient, channel),
            consents: client!(ConsentServiceClient, channel),
            refunds: client!(RefundServiceClient, channel),
            drop_ship: client!(DropShipServiceClient, channel),
            feed: client!(FulfilmentFeedServiceClient, channel),
            figures: client!(FigureServiceClient, channel),
            figure_periods: client!(FigurePeriodServiceClient, channel),
            figure_targets: client!(FigureTargetServiceClient, channel),
            runs: client!(AllocationRunServiceClient, channel),
            allocation_policies: client!(AllocationPolicyServiceClient, channel),
            policies: client!(PolicyServiceClient, channel),
            operations: client!(AllocationOperationsServiceClient, channel),
        }
    }
}
