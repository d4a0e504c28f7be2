//! What can be missing, and how it is called then.

use backorder_proto::common::v1::ErrorReason;

/// Types of resources that can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An order.
    Order,
    /// A line of an order.
    Line,
    /// An item.
    Item,
    /// A location.
    Location,
    /// A backorder policy.
    Policy,
    /// A recall from the warehouse.
    Recall,
    /// A question to a customer.
    Question,
    /// An exception of the planner's list.
    Exception,
    /// A shipment.
    Shipment,
    /// A decision of a person against the rules.
    Override,
    /// An order to a warehouse.
    WarehouseOrder,
    /// An import of open orders.
    BacklogImport,
    /// A take of a supplier's stock.
    DropShipTake,
    /// A simulated allocation run.
    Run,
    /// A closed month of service figures.
    FigurePeriod,
    /// What a service figure should reach.
    FigureTarget,
    /// A schedule of allocation runs.
    RunSchedule,
    /// An allocation policy.
    AllocationPolicy,
    /// A supply.
    Supply,
    /// A parked event.
    DeadLetter,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Line => "line",
            Self::Item => "item",
            Self::Location => "location",
            Self::Policy => "policy",
            Self::Recall => "recall",
            Self::Question => "question",
            Self::Exception => "exception",
            Self::Shipment => "shipment",
            Self::Override => "override",
            Self::WarehouseOrder => "warehouse_order",
            Self::BacklogImport => "import",
            Self::DropShipTake => "drop_ship_take",
            Self::Run => "run",
            Self::FigurePeriod => "figure_period",
            Self::FigureTarget => "figure_target",
            Self::RunSchedule => "run_schedule",
            Self::AllocationPolicy => "allocation_policy",
            Self::Supply => "supply",
            Self::DeadLetter => "event",
        }
    }

    pub(crate) const fn reason(self) -> ErrorReason {
        match self {
            Self::Order => ErrorReason::OrderNotFound,
            Self::Line => ErrorReason::OrderLineNotFound,
            Self::Item => ErrorReason::ItemNotFound,
            Self::Location => ErrorReason::LocationNotFound,
            Self::Policy => ErrorReason::PolicyNotFound,
            Self::Recall => ErrorReason::RecallNotFound,
            Self::Question => ErrorReason::QuestionNotFound,
            Self::Exception => ErrorReason::ExceptionNotFound,
            Self::Shipment => ErrorReason::ShipmentNotFound,
            Self::Override => ErrorReason::OverrideNotFound,
            Self::WarehouseOrder => ErrorReason::WarehouseOrderNotFound,
            Self::BacklogImport => ErrorReason::BacklogImportNotFound,
            Self::DropShipTake => ErrorReason::DropShipTakeNotFound,
            Self::Run => ErrorReason::RunNotFound,
            Self::FigurePeriod => ErrorReason::FigurePeriodNotFound,
            Self::FigureTarget => ErrorReason::FigureTargetNotFound,
            Self::RunSchedule => ErrorReason::RunScheduleNotFound,
            Self::AllocationPolicy => ErrorReason::AllocationPolicyNotFound,
            Self::Supply => ErrorReason::SupplyNotFound,
            Self::DeadLetter => ErrorReason::DeadLetterNotFound,
        }
    }
}
