//! Open orders of another system, and going live with them.

use backorder_proto::{
    allocation::v1::{
        BacklogImport, BacklogImportState, ConfirmGoLiveRequest, GetBacklogImportRequest, GoLiveLine, GoLiveSummary,
        ImportOpenOrdersRequest, OpenLine, OpenOrder, OpenOrderResult, OrderDraft, OrderLineDraft,
        PreviewGoLiveRequest,
    },
    convert::encode,
};
use backorder_testkit::eventually;
use jiff::{SignedDuration, Timestamp, civil};
use tonic::Status;

use crate::world::{World, because, date, money, request_id, ship_date};

/// An open order that is being written: one line.
#[derive(Clone)]
pub struct Open {
    world: World,
    pub order: OpenOrder,
}

impl Open {
    /// Ordered so many days ago, in units of an item that wait.
    pub fn new(world: &World, order: &str, (item, quantity): (&str, i64), days_ago: i64) -> Self {
        let draft = OrderDraft {
            order_id: world.id(order),
            customer: "a-customer".to_owned(),
            order_time: Some(encode::timestamp(ago(world, days_ago))),
            lines: vec![OrderLineDraft {
                line_number: 1,
                item: world.item_name(item),
                quantity,
                unit_price: Some(money(5)),
                requested_date: Some(ship_date(world.day(-days_ago))),
                ..Default::default()
            }],
            ..Default::default()
        };
        let line = OpenLine { line_number: 1, ..Default::default() };
        Self { world: world.clone(), order: OpenOrder { order: Some(draft), lines: vec![line] } }
    }

    fn last(&mut self) -> &mut OpenLine {
        self.order.lines.last_mut().expect("an open order has a line")
    }

    #[must_use]
    pub fn shipped(mut self, quantity: i64, on: civil::Date) -> Self {
        self.last().shipped = quantity;
        self.last().ship_date = Some(date(on));
        self
    }

    #[must_use]
    pub fn cancelled(mut self, quantity: i64) -> Self {
        self.last().cancelled = quantity;
        self
    }

    #[must_use]
    pub fn reserved(mut self, quantity: i64) -> Self {
        self.last().reserved = quantity;
        self
    }

    /// The first day that the customer was told, and the last one.
    #[must_use]
    pub fn promised(mut self, original: civil::Date, last: civil::Date) -> Self {
        self.last().original_promised_date = Some(date(original));
        self.last().promised_date = Some(date(last));
        self
    }

    #[must_use]
    pub fn queued(mut self, days_ago: i64) -> Self {
        let at = ago(&self.world, days_ago);
        self.last().queue_time = Some(encode::timestamp(at));
        self
    }

    #[must_use]
    pub fn requested(mut self, day: civil::Date) -> Self {
        let draft = self.order.order.as_mut().expect("an open order has a draft");
        draft.lines.last_mut().expect("a line").requested_date = Some(ship_date(day));
        self
    }
}

fn ago(world: &World, days: i64) -> Timestamp {
    world.now().checked_sub(SignedDuration::from_hours(24 * days)).expect("a time")
}

impl World {
    pub fn open(&self, order: &str, units: (&str, i64), days_ago: i64) -> Open {
        Open::new(self, order, units, days_ago)
    }

    pub fn import_name(&self, import: &str) -> String {
        format!("imports/{}", self.id(import))
    }

    pub fn import_request(&self, import: &str, orders: Vec<Open>) -> ImportOpenOrdersRequest {
        ImportOpenOrdersRequest {
            request_id: request_id(),
            import: self.import_name(import),
            orders: orders.into_iter().map(|open| open.order).collect(),
            context: because("migration"),
        }
    }

    pub async fn import(&self, import: &str, orders: Vec<Open>) -> Vec<OpenOrderResult> {
        self.try_import(self.import_request(import, orders)).await.expect("taken over")
    }

    pub async fn try_import(&self, request: ImportOpenOrdersRequest) -> Result<Vec<OpenOrderResult>, Status> {
        Ok(self.allocation.go_live.clone().import_open_orders(request).await?.into_inner().results)
    }

    pub async fn backlog_import(&self, import: &str) -> BacklogImport {
        let request = GetBacklogImportRequest { name: self.import_name(import) };
        self.allocation.go_live.clone().get_backlog_import(request).await.expect("the import is there").into_inner()
    }

    pub async fn preview_go_live(&self, import: &str) -> (Vec<GoLiveLine>, GoLiveSummary) {
        let request = PreviewGoLiveRequest { name: self.import_name(import) };
        let mut stream =
            self.allocation.go_live.clone().preview_go_live(request).await.expect("previewed").into_inner();
        let (mut lines, mut summary) = (Vec::new(), None);
        while let Some(part) = stream.message().await.expect("a part") {
            lines.extend(part.lines);
            summary = part.summary;
        }
        (lines, summary.expect("the last part has the summary"))
    }

    pub async fn try_confirm_go_live(&self, import: &str) -> Result<BacklogImport, Status> {
        let request = ConfirmGoLiveRequest {
            request_id: request_id(),
            name: self.import_name(import),
            context: because("cut-over"),
        };
        Ok(self.allocation.go_live.clone().confirm_go_live(request).await?.into_inner())
    }

    /// Confirms and waits until all lines are live.
    pub async fn go_live(&self, import: &str) {
        self.try_confirm_go_live(import).await.expect("confirmed");
        eventually("all lines are live", || async {
            self.backlog_import(import).await.state() == BacklogImportState::Live
        })
        .await;
        self.idle().await;
    }
}
