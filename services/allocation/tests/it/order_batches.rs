//! Orders that come while a transaction is under way are begun together in the next one, and recorded together. Each is
//! answered for itself.

use std::{sync::Arc, time::Duration};

use backorder_proto::{allocation::v1::*, common::v1::ErrorReason};
use backorder_service_kit::group::GroupLoad;
use backorder_storage::StorageError;
use backorder_testkit::{Backend, eventually, on_each_backend};
use futures::future::join_all;
use sea_orm::{ConnectionTrait as _, DbBackend};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};
use tonic::{Code, Request, Response, Status};

use crate::{
    scripted::REFUSED_ITEM,
    world::{World, refusal},
};

type Answer = Result<PlaceOrderResponse, Status>;

/// A world in which nobody can write an order until [`Held::go_on`], so that all that come are one batch. The transactions
/// that may be under way are.
struct Held {
    world: World,
    gate: Arc<Semaphore>,
    holding: JoinHandle<()>,
    before: Vec<JoinHandle<Answer>>,
    waiting: usize,
}

impl Held {
    /// A hundred of `a` are free, and the item is known.
    async fn new(world: World) -> Self {
        let (gate, is_held) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let holding = tokio::spawn(hold(world.app.store().clone(), Arc::clone(&gate), Arc::clone(&is_held)));
        is_held.notified().await;
        let mut held = Self { world, gate, holding, before: Vec::new(), waiting: 0 };
        let batches = if held.world.app.store().backend() == DbBackend::Postgres { 2 } else { 1 };
        for running in 1..=batches {
            let order = held.send(held.order(&format!("before-{running}"), 1));
            held.before.push(order);
            held.has(GroupLoad { waiting: 0, running }).await;
        }
        held
    }

    fn order(&self, id: &str, quantity: i64) -> PlaceOrderRequest {
        order(&self.world, id, quantity)
    }

    fn send(&self, request: PlaceOrderRequest) -> JoinHandle<Answer> {
        tokio::spawn(place(&self.world.clients, request, None))
    }

    /// Sends an order and waits until it is in the queue.
    async fn queue(&mut self, request: PlaceOrderRequest) -> JoinHandle<Answer> {
        let answer = self.send(request);
        self.is_queued().await;
        answer
    }

    async fn is_queued(&mut self) {
        self.waiting += 1;
        self.has(GroupLoad { waiting: self.waiting, running: self.before.len() }).await;
    }

    async fn has(&self, load: GroupLoad) {
        eventually("the order is queued", || async { self.world.app.new_orders() == load }).await;
    }

    /// Lets all go on, and answers the world.
    async fn go_on(self) -> World {
        self.gate.add_permits(1);
        self.holding.await.unwrap();
        for order in self.before {
            order.await.unwrap().unwrap();
        }
        self.world
    }
}

async fn hold(store: backorder_storage::Store, gate: Arc<Semaphore>, is_held: Arc<Notify>) {
    let work = store.write("hold", |tx| {
        let (gate, is_held) = (Arc::clone(&gate), Arc::clone(&is_held));
        Box::pin(async move {
            // On SQLite the transaction is the only writer.
            if tx.backend() == DbBackend::Postgres {
                tx.execute_unprepared("LOCK TABLE customer_order IN SHARE MODE").await?;
            }
            is_held.notify_one();
            gate.acquire().await.unwrap().forget();
            Ok::<_, StorageError>(())
        })
    });
    work.await.unwrap();
}

fn order(world: &World, id: &str, quantity: i64) -> PlaceOrderRequest {
    let draft = OrderDraft { order_id: id.to_owned(), ..world.order("a", quantity) };
    PlaceOrderRequest { request_id: world.id(), order: Some(draft), ..PlaceOrderRequest::default() }
}

fn place(
    clients: &backorder_service_kit::clients::AllocationClients,
    request: PlaceOrderRequest,
    deadline: Option<Duration>,
) -> impl Future<Output = Answer> + use<> {
    let mut orders = clients.orders.clone();
    let mut request = Request::new(request);
    deadline.into_iter().for_each(|deadline| request.set_timeout(deadline));
    async move { orders.place_order(request).await.map(Response::into_inner) }
}

async fn world(backend: Backend) -> World {
    let world = World::new(backend).await;
    world.inventory.books().items.insert(REFUSED_ITEM.to_owned(), String::new());
    world.free("a", 100);
    for item in ["a", "refused"] {
        // The first order of an item takes it over, which is a write.
        drop(
            place(
                &world.clients,
                PlaceOrderRequest { order: Some(world.order(item, 1)), ..order(&world, "", 1) },
                None,
            )
            .await,
        );
    }
    world
}

/// The order's only line: open, reserved.
fn of_line(answer: Answer) -> (String, i64, i64) {
    let order = answer.unwrap().order.unwrap();
    let [line] = order.lines.as_slice() else { panic!("one line: {order:?}") };
    (order.name, line.open, line.reserved)
}

impl World {
    async fn order_named(&self, id: &str) -> Result<Order, Status> {
        let request = GetOrderRequest { name: format!("orders/{id}") };
        self.clients.orders.clone().get_order(request).await.map(Response::into_inner)
    }

    async fn is_done(&self) {
        assert_eq!(self.activity().await.steps_unfinished, 0);
        let proof = self.verify().await;
        assert!(proof.balanced && proof.orders_left_out == 0, "{proof:?}");
    }
}

async fn each_order_of_a_batch_gets_its_own_answer(backend: Backend) {
    let world = world(backend).await;
    let known = order(&world, "known", 5);
    place(&world.clients, known.clone(), None).await.unwrap();
    let mut held = Held::new(world).await;

    let with_id = |request: &PlaceOrderRequest, id: String| PlaceOrderRequest { request_id: id, ..request.clone() };
    let good = held.queue(held.order("good", 7)).await;
    let again = held.queue(with_id(&known, held.world.id())).await;
    let taken = held.queue(held.order("known", 6)).await;
    let reused = held.queue(with_id(&held.order("new", 1), known.request_id.clone())).await;
    // It waits for the one before, which has its request id, and not in the queue.
    let repeated = held.send(known);
    let mut draft = held.order("refused", 1);
    draft.order.as_mut().unwrap().lines[0].item = REFUSED_ITEM.to_owned();
    let refused = held.queue(draft).await;
    let last = held.queue(held.order("last", 2)).await;

    let world = held.go_on().await;
    assert_eq!(of_line(good.await.unwrap()), ("orders/good".to_owned(), 0, 7));
    assert_eq!(of_line(again.await.unwrap()), ("orders/known".to_owned(), 0, 5));
    assert_eq!(refusal(taken.await.unwrap()), (Code::AlreadyExists, ErrorReason::AlreadyExists));
    assert_eq!(refusal(reused.await.unwrap()), (Code::InvalidArgument, ErrorReason::RequestIdReused));
    assert_eq!(of_line(repeated.await.unwrap()), ("orders/known".to_owned(), 0, 5));
    assert_eq!(refused.await.unwrap().unwrap_err().code(), Code::NotFound);
    assert_eq!(of_line(last.await.unwrap()), ("orders/last".to_owned(), 0, 2));
    for gone in ["new", "refused"] {
        assert_eq!(world.order_named(gone).await.unwrap_err().code(), Code::NotFound, "{gone}");
    }
    world.is_done().await;
}

async fn an_order_that_comes_twice_is_placed_once(backend: Backend) {
    let mut held = Held::new(world(backend).await).await;
    let first = held.order("twice", 3);
    let other_request = PlaceOrderRequest { request_id: held.world.id(), ..first.clone() };
    let other_order = held.order("twice", 4);
    let one = held.queue(first.clone()).await;
    // The same request waits for its own step, and not in the queue.
    let same = held.send(first);
    let two = held.queue(other_request).await;
    let three = held.queue(other_order).await;

    let world = held.go_on().await;
    let expected = ("orders/twice".to_owned(), 0, 3);
    for answer in [one, same, two] {
        assert_eq!(of_line(answer.await.unwrap()), expected);
    }
    assert_eq!(refusal(three.await.unwrap()), (Code::AlreadyExists, ErrorReason::AlreadyExists));
    let claims = world.inventory.books().claims.keys().filter(|(line, _)| line.starts_with("orders/twice/")).count();
    assert_eq!(claims, 1);
    world.is_done().await;
}

/// Makes the database refuse rows of a table that are of the order `bad`.
async fn refuse_bad(world: &World, table: &str, column: &str) {
    let text = if world.app.store().backend() == DbBackend::Postgres {
        format!(
            "CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NEW.{column} = 'bad' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER refuse_bad BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_bad()"
        )
    } else {
        format!(
            "CREATE TRIGGER refuse_bad BEFORE INSERT ON {table} WHEN NEW.{column} = 'bad' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    };
    world.execute(text.leak()).await;
}

async fn an_order_that_the_database_refuses_fails_alone(backend: Backend) {
    let world = world(backend).await;
    refuse_bad(&world, "customer_order", "id").await;
    let mut held = Held::new(world).await;
    let mut good = Vec::new();
    for number in 0..3 {
        good.push(held.queue(held.order(&format!("good-{number}"), 2)).await);
    }
    let bad = held.queue(held.order("bad", 2)).await;
    good.push(held.queue(held.order("good-3", 2)).await);

    let world = held.go_on().await;
    for (number, answer) in good.into_iter().enumerate() {
        assert_eq!(of_line(answer.await.unwrap()), (format!("orders/good-{number}"), 0, 2));
    }
    assert_eq!(bad.await.unwrap().unwrap_err().code(), Code::Internal);
    assert_eq!(world.order_named("bad").await.unwrap_err().code(), Code::NotFound);
    world.is_done().await;
}

async fn an_outcome_that_the_database_refuses_is_recorded_later_and_alone(backend: Backend) {
    let world = world(backend).await;
    refuse_bad(&world, "line_claim", "order_id").await;
    let mut held = Held::new(world).await;
    // All of them come back from inventory at once.
    held.world.inventory.hold_answers_back();
    let first = held.queue(held.order("first", 2)).await;
    let bad = held.queue(held.order("bad", 2)).await;
    let last = held.queue(held.order("last", 2)).await;
    held.gate.add_permits(1);
    eventually("inventory has decided", || async {
        held.world.inventory.books().claims.len() >= 4 + held.before.len()
    })
    .await;
    held.world.inventory.let_answers_go();

    let world = held.go_on().await;
    assert_eq!(of_line(first.await.unwrap()), ("orders/first".to_owned(), 0, 2));
    assert_eq!(of_line(last.await.unwrap()), ("orders/last".to_owned(), 0, 2));
    assert_eq!(bad.await.unwrap().unwrap_err().code(), Code::Internal);
    assert_eq!(world.activity().await.steps_unfinished, 1);
    let drop_trigger = match backend {
        Backend::Postgres => "DROP TRIGGER refuse_bad ON line_claim",
        Backend::Sqlite => "DROP TRIGGER refuse_bad",
    };
    world.execute(drop_trigger).await;
    world.app.spawn_jobs(&world.jobs);
    world.idle().await;
    assert_eq!(world.order_named("bad").await.unwrap().lines[0].reserved, 2);
    world.is_done().await;
}

async fn answers_of_inventory_that_are_lost_are_looked_up_by_key(backend: Backend) {
    let world = world(backend).await;
    world.inventory.books().loses_answers = true;
    let requests: Vec<_> = (0..6).map(|number| order(&world, &format!("lost-{number}"), 3)).collect();
    let send_all = || join_all(requests.iter().map(|request| place(&world.clients, request.clone(), None)));
    for answer in send_all().await {
        assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(world.activity().await.steps_unfinished, 6);
    // Each may be asked again, and is still not known.
    assert!(send_all().await.into_iter().all(|answer| answer.is_err()));

    world.inventory.books().loses_answers = false;
    world.app.spawn_jobs(&world.jobs);
    world.idle().await;
    for (number, answer) in send_all().await.into_iter().enumerate() {
        assert_eq!(of_line(answer), (format!("orders/lost-{number}"), 0, 3));
    }
    assert_eq!(world.inventory.books().free["items/a"], 100 - 1 - 6 * 3, "each was reserved once");
    world.is_done().await;
}

async fn a_caller_that_is_gone_stops_nobody_and_gets_its_order(backend: Backend) {
    let mut held = Held::new(world(backend).await).await;
    let first = held.queue(held.order("first", 2)).await;
    let gone = held.queue(held.order("gone", 2)).await;
    let last = held.queue(held.order("last", 2)).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());

    let world = held.go_on().await;
    assert_eq!(of_line(first.await.unwrap()), ("orders/first".to_owned(), 0, 2));
    assert_eq!(of_line(last.await.unwrap()), ("orders/last".to_owned(), 0, 2));
    eventually("its order is placed", || async {
        world.order_named("gone").await.is_ok_and(|order| order.lines[0].reserved == 2)
    })
    .await;
    world.is_done().await;
}

async fn a_caller_that_is_late_is_left_out_of_the_batch(backend: Backend) {
    let mut held = Held::new(world(backend).await).await;
    let first = held.queue(held.order("first", 2)).await;
    let late = tokio::spawn(place(&held.world.clients, held.order("late", 2), Some(Duration::from_millis(500))));
    held.is_queued().await;
    let last = held.queue(held.order("last", 2)).await;
    assert_eq!(late.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);

    let world = held.go_on().await;
    assert_eq!(of_line(first.await.unwrap()), ("orders/first".to_owned(), 0, 2));
    assert_eq!(of_line(last.await.unwrap()), ("orders/last".to_owned(), 0, 2));
    assert_eq!(world.order_named("late").await.unwrap_err().code(), Code::NotFound);
    world.is_done().await;
}

async fn what_inventory_has_decided_is_recorded_though_the_callers_are_gone(backend: Backend) {
    let world = world(backend).await;
    world.inventory.hold_answers_back();
    let deadline = Some(Duration::from_secs(2));
    // More than can be in batches that are under way.
    let sent: Vec<_> = (0..6)
        .map(|number| tokio::spawn(place(&world.clients, order(&world, &format!("late-{number}"), 2), deadline)))
        .collect();
    eventually("inventory has decided", || async { world.inventory.books().claims.len() == 1 + 6 }).await;
    let (gate, is_held) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let holding = tokio::spawn(hold(world.app.store().clone(), Arc::clone(&gate), Arc::clone(&is_held)));
    is_held.notified().await;
    world.inventory.let_answers_go();
    for answer in sent {
        assert_eq!(answer.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    }
    gate.add_permits(1);
    holding.await.unwrap();
    // No job runs that could resume them.
    eventually("all are recorded", || async { world.activity().await.steps_unfinished == 0 }).await;
    for number in 0..6 {
        assert_eq!(world.order_named(&format!("late-{number}")).await.unwrap().lines[0].reserved, 2);
    }
    world.is_done().await;
}

on_each_backend!(
    what_inventory_has_decided_is_recorded_though_the_callers_are_gone,
    each_order_of_a_batch_gets_its_own_answer,
    an_order_that_comes_twice_is_placed_once,
    an_order_that_the_database_refuses_fails_alone,
    an_outcome_that_the_database_refuses_is_recorded_later_and_alone,
    answers_of_inventory_that_are_lost_are_looked_up_by_key,
    a_caller_that_is_gone_stops_nobody_and_gets_its_order,
    a_caller_that_is_late_is_left_out_of_the_batch,
);

/// Both instances get the same requests at once, and others for the same orders. SQLite has one instance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_place_an_order_once() {
    let world = world(Backend::Postgres).await;
    world.free("a", 1_000);
    let other = world.another_instance().await;
    for round in 0..10 {
        let same: Vec<_> = (0..8).map(|number| order(&world, &format!("same-{round}-{number}"), 2)).collect();
        let again = same.iter().map(|request| PlaceOrderRequest { request_id: world.id(), ..request.clone() });
        let again: Vec<_> = again.collect();
        let sent =
            [(&world.clients, &same), (&other, &same), (&other, &again)].into_iter().flat_map(|(clients, all)| {
                all.iter().map(|request| async {
                    let mut answer = place(clients, request.clone(), None).await;
                    // Who meets the other's step is told to come again.
                    while answer.as_ref().is_err_and(|status| status.code() == Code::Aborted) {
                        answer = place(clients, request.clone(), None).await;
                    }
                    answer
                })
            });
        for answer in join_all(sent).await {
            let (_, open, reserved) = of_line(answer);
            assert_eq!((open, reserved), (0, 2));
        }
    }
    assert_eq!(world.inventory.books().free["items/a"], 1_000 - 10 * 8 * 2, "each was reserved once");
    world.is_done().await;
}
