//! News of a claim that overtakes the answer to the step that changed it: it waits for the step, but not for long.
//!
//! How long is measured on a clock that stands still while anybody has something to do. Only a runtime of one thread has
//! that, and only SQLite works inside of it.

use std::{collections::BTreeSet, time::Duration};

use backorder_proto::{allocation::v1::*, inventory::v1::Claim};
use backorder_storage::{feed, sql};
use backorder_testkit::{Backend, eventually, on_each_backend};
use sea_orm::{ConnectionTrait as _, QueryResult, Value};
use tokio::{task::JoinHandle, time::sleep};
use tonic::{Request, Response, Status};

use crate::world::World;

/// Of this line 3 units are shipped and 2 wait.
const SHIPPED: &str = "orders/A-1/lines/1";
/// This line of the same order waits.
const BESIDE: &str = "orders/A-1/lines/2";
/// This line of another order waits.
const OTHER: &str = "orders/A-2/lines/1";

/// A moment before news no longer waits for a step, and until a moment after.
const ALMOST: Duration = Duration::from_millis(990);
const A_MOMENT: Duration = Duration::from_millis(20);
/// The deadline of a caller that waits for the answer, and of one that does not: longer than news waits as well.
const PATIENT: Duration = Duration::from_secs(60);
const IMPATIENT: Duration = Duration::from_secs(2);

/// A shipment that inventory has decided and not answered.
struct Shipment {
    world: World,
    request: ShipOrderLinesRequest,
    under_way: JoinHandle<Result<ShipOrderLinesResponse, Status>>,
    /// The claim as the shipment left it.
    claim: Claim,
}

impl Shipment {
    async fn decided(backend: Backend, deadline: Duration) -> Self {
        let world = World::new(backend).await;
        world.free("a", 3);
        let mut order = world.order("a", 5);
        order.lines.extend(world.order("b", 4).lines);
        world.place(order).await;
        world.place(OrderDraft { order_id: "A-2".to_owned(), ..world.order("b", 6) }).await;
        world.app.spawn_jobs(&world.jobs);
        world.idle().await;

        world.inventory.hold_answers_back();
        let lines = vec![LineQuantity { name: SHIPPED.to_owned(), quantity: 3 }];
        let request = ShipOrderLinesRequest { request_id: world.id(), lines, ..ShipOrderLinesRequest::default() };
        let under_way = tokio::spawn(send(&world, request.clone(), deadline));
        eventually("inventory has decided", || async { world.inventory.books().posted.len() == 1 }).await;
        let claim = world.claim(SHIPPED);
        Self { world, request, under_way, claim }
    }

    /// Waits until the news that was told last is copied, though the shipment is not answered. Its order follows later.
    async fn outlived_by(&self, news: &Claim) {
        let world = &self.world;
        eventually("the news is taken", || async { world.news_taken(&news.line).await == Some(news.version) }).await;
        assert!(world.claims_are_pending().await);
        assert_eq!(world.quantities(SHIPPED).await, (2, 3, 0));
        let proof = world.verify().await;
        assert_eq!((proof.balanced, proof.orders_left_out), (true, 1), "{:?}", proof.differences);
    }
}

fn send(
    world: &World,
    request: ShipOrderLinesRequest,
    deadline: Duration,
) -> impl Future<Output = Result<ShipOrderLinesResponse, Status>> + use<> {
    let mut orders = world.clients.orders.clone();
    let mut request = Request::new(request);
    request.set_timeout(deadline);
    async move { orders.ship_order_lines(request).await.map(Response::into_inner) }
}

impl World {
    fn claim(&self, line: &str) -> Claim {
        self.inventory.books().claims[&(line.to_owned(), 1)].clone()
    }

    async fn row(&self, text: &'static str, values: impl IntoIterator<Item = Value>) -> Option<QueryResult> {
        let reader = self.app.store().reader();
        reader.query_one_raw(sql::statement(reader, text, values)).await.unwrap()
    }

    /// The newest version of a line's claim that was taken from an event.
    async fn news_taken(&self, line: &str) -> Option<i64> {
        let text = "SELECT sequence FROM inbox WHERE consumer = 'allocation' AND aggregate = ?";
        let row = self.row(text, [Value::from(format!("claims/{line}/parts/1"))]).await;
        row.map(|row| row.try_get("", "sequence").unwrap())
    }

    /// Whether the end of the shipment has to load its order whole.
    async fn claims_are_pending(&self) -> bool {
        let row = self.row("SELECT claims_pending FROM customer_order WHERE id = 'A-1'", []).await;
        row.unwrap().try_get("", "claims_pending").unwrap()
    }

    /// Units of a line that are open, reserved and shipped.
    async fn quantities(&self, line: &str) -> (i64, i64, i64) {
        let order = line.split_once("/lines/").unwrap().0.to_owned();
        let order = self.clients.orders.clone().get_order(GetOrderRequest { name: order }).await.unwrap().into_inner();
        let line = order.lines.into_iter().find(|candidate| candidate.name == line).unwrap();
        (line.open, line.reserved, line.shipped)
    }

    /// How often the service told that a line changed.
    async fn changes_told(&self, line: &str) -> usize {
        feed::stamp(self.app.store()).await.unwrap();
        let events = feed::read_after(self.app.store(), 0, 500).await.unwrap();
        events.iter().filter(|event| event.aggregate == line).count()
    }

    async fn is_balanced(&self) {
        let proof = self.verify().await;
        assert!(proof.balanced, "{:?}", proof.differences);
    }
}

#[tokio::test(start_paused = true)]
async fn news_adds_nothing_to_a_step_that_is_answered_within_a_second() {
    let Shipment { world, under_way, claim, .. } = Shipment::decided(Backend::Sqlite, PATIENT).await;
    let beside = world.inventory.books().serve(BESIDE, 4);
    world.tell(&[claim, beside]).await;
    sleep(ALMOST).await;
    assert_eq!((world.news_taken(SHIPPED).await, world.news_taken(BESIDE).await), (None, None));
    world.inventory.let_answers_go();
    under_way.await.unwrap().unwrap();
    world.idle().await;
    // The news of the line beside it is nobody's answer.
    assert_eq!((world.news_taken(SHIPPED).await, world.news_taken(BESIDE).await), (None, Some(2)));
    assert_eq!((world.quantities(SHIPPED).await, world.quantities(BESIDE).await), ((2, 0, 3), (0, 4, 0)));
    assert_eq!(world.changes_told(SHIPPED).await, 2, "it was placed and shipped");
    world.is_balanced().await;
}

#[tokio::test(start_paused = true)]
async fn news_waits_a_second_for_a_step_that_is_not_answered_and_those_behind_wait_no_longer() {
    let Shipment { world, claim, .. } = Shipment::decided(Backend::Sqlite, PATIENT).await;
    let other = world.inventory.books().serve(OTHER, 6);
    world.tell(&[claim, other]).await;
    sleep(ALMOST).await;
    assert_eq!((world.news_taken(SHIPPED).await, world.news_taken(OTHER).await), (None, None));
    sleep(A_MOMENT).await;
    assert_eq!((world.news_taken(SHIPPED).await, world.news_taken(OTHER).await), (Some(2), Some(2)));
    assert_eq!(world.quantities(OTHER).await, (0, 6, 0), "an order without a step follows at once");
    assert!(world.claims_are_pending().await);
    assert_eq!(world.quantities(SHIPPED).await, (2, 3, 0), "an order with a step follows at its end");
}

async fn an_answer_that_is_older_than_the_news_takes_nothing_back(backend: Backend) {
    let shipment = Shipment::decided(backend, PATIENT).await;
    let newer = shipment.world.inventory.books().serve(SHIPPED, 2);
    shipment.world.tell(&[shipment.claim.clone(), newer.clone()]).await;
    shipment.outlived_by(&newer).await;

    let Shipment { world, under_way, .. } = shipment;
    world.inventory.let_answers_go();
    let answer = under_way.await.unwrap().unwrap();
    let line = &answer.lines[0];
    assert_eq!((line.open, line.reserved, line.shipped), (0, 2, 3));
    world.idle().await;
    assert_eq!(world.quantities(SHIPPED).await, (0, 2, 3));
    assert!(!world.claims_are_pending().await);
    assert_eq!(world.changes_told(SHIPPED).await, 2, "what the step and the news did is told once");
    world.is_balanced().await;
}

async fn a_step_that_is_resumed_after_the_news_has_its_effect_once(backend: Backend) {
    let shipment = Shipment::decided(backend, IMPATIENT).await;
    let newer = shipment.world.inventory.books().serve(SHIPPED, 2);
    shipment.world.tell(&[shipment.claim.clone(), newer.clone()]).await;
    shipment.outlived_by(&newer).await;

    let Shipment { world, request, under_way, .. } = shipment;
    under_way.await.unwrap().expect_err("the deadline passes first");
    assert_eq!(world.activity().await.steps_unfinished, 1);
    world.inventory.let_answers_go();
    world.idle().await;
    assert_eq!(world.quantities(SHIPPED).await, (0, 2, 3));
    assert!(!world.claims_are_pending().await);
    assert_eq!(world.changes_told(SHIPPED).await, 2, "what the step and the news did is told once");
    let again = send(&world, request, PATIENT).await.unwrap();
    assert_eq!(again.shipped.iter().map(|units| units.quantity).sum::<i64>(), 3);
    assert_eq!(world.inventory.books().posted.len(), 1, "it was asked for under one id");
    world.is_balanced().await;
}

async fn an_order_with_a_step_is_left_out_of_the_proof_and_no_other(backend: Backend) {
    let Shipment { world, under_way, .. } = Shipment::decided(backend, PATIENT).await;
    let found = async || {
        let proof = world.verify().await;
        assert_eq!(proof.balanced, proof.differences.is_empty());
        let lines: BTreeSet<String> = proof.differences.into_iter().map(|difference| difference.line).collect();
        (lines.into_iter().collect::<Vec<_>>(), proof.orders_left_out)
    };
    assert_eq!(found().await, (vec![], 1), "what inventory decided is still to be recorded");

    // Inventory and the copies differ for good: of the order with the step, and of another one.
    world.inventory.books().serve(BESIDE, 1);
    let other = world.inventory.books().serve(OTHER, 1);
    assert_eq!(found().await, (vec![OTHER.to_owned()], 1));

    world.inventory.let_answers_go();
    under_way.await.unwrap().unwrap();
    world.tell(&[other]).await;
    world.idle().await;
    assert_eq!(found().await, (vec![BESIDE.to_owned()], 0), "it is hidden no longer than the step takes");
}

on_each_backend!(
    an_order_with_a_step_is_left_out_of_the_proof_and_no_other,
    an_answer_that_is_older_than_the_news_takes_nothing_back,
    a_step_that_is_resumed_after_the_news_has_its_effect_once,
);
