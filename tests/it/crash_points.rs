//! A write dies at every point between its steps in two services. After a restart the step is resumed with the same ids:
//! it is done once, and the caller who sends the same request again gets its answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use backorder_allocation::{CRASH_POINTS, Config, CrashPoint};
use backorder_proto::allocation::v1::{
    AmendOrderLineRequest, AnswerRecallRequest, BacklogImportState, CancelOrderLinesRequest,
    ConfirmDropShipmentRequest, ConfirmQuoteRequest, ConsentToShortShipmentRequest, DecideOverrideRequest, Disposition,
    LineQuantity, OrderLine, OverrideState, ReleaseLinesRequest, ReportShortPickRequest, ReturnOrderLinesRequest,
    ReturnedLine, ShipOrderLinesRequest, ShortPick, ShortageInstruction, SubstituteLineRequest,
};
use backorder_testkit::{Backend, counts, on_each_backend};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, because, draft::Draft, overrides::by, request_id},
};
use futures::future::join_all;
use tonic::Status;

async fn a_write_that_dies_at_any_point_is_done_once(backend: Backend) {
    for round in 1..=counts::cases("crash_points") {
        for point in CRASH_POINTS {
            println!("{point}, round {round}");
            die_at(backend, point).await;
        }
    }
}

on_each_backend!(a_write_that_dies_at_any_point_is_done_once);

async fn die_at(backend: Backend, point: &'static str) {
    let armed = Arc::new(AtomicBool::new(false));
    let died = Arc::new(AtomicBool::new(false));
    let cluster = InProcess::start_with(backend, dying_at(point, &armed, &died)).await;
    let world = cluster.world("crash");
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let write = Write::of(point);
    write.prepare(&world).await;
    world.idle().await;

    armed.store(true, Ordering::SeqCst);
    let request_id = request_id();
    drop(write.send(&world, &request_id).await);
    assert!(died.load(Ordering::SeqCst), "the fault was not seen: nothing passed {point}");

    let cluster = cluster.restart_with(Config::default()).await;
    let world = cluster.world("crash");
    // The resumed step is finished without the caller; only then the caller asks again.
    world.idle().await;
    let first = write.outcome(&world).await;
    backorder_testkit::eventually("the caller gets the answer", || async {
        write.send(&world, &request_id).await.is_ok()
    })
    .await;
    world.idle().await;
    let line = write.outcome(&world).await;
    assert_eq!(line.shipped + line.released + line.reserved + line.open + line.cancelled, line.ordered);
    assert_eq!(write.of_interest(&line), write.expected(), "after {point}: {line:#?}");
    if !point.ends_with("begun") {
        assert_eq!(write.of_interest(&first), write.expected(), "resumed by itself after {point}");
    }
    let order = world.order("ann").await;
    assert_eq!(order.lines.len(), write.lines_expected(), "after {point}: {order:#?}");
    world.books_balance().await;
    cluster.stop().await;
}

/// Orders that come at once are begun together and recorded together. Every other one dies at the point, and then the services
/// are started anew: each is placed once, and each caller gets its answer.
async fn orders_of_one_batch_that_die_at_any_point_are_placed_once(backend: Backend) {
    for point in ["place.begun", "place.decided", "place.recorded", "quote.begun", "quote.decided", "quote.recorded"] {
        let passes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&passes);
        let is_armed = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&is_armed);
        let crash_point = CrashPoint::new(move |passed| {
            passed == point && armed.load(Ordering::SeqCst) && counted.fetch_add(1, Ordering::SeqCst).is_multiple_of(2)
        });
        let config = Config { crash_point: Some(crash_point), ..Config::default() };
        let cluster = InProcess::start_with(backend, config).await;
        let world = cluster.world("crash");
        world.mug_at_main().await;
        world.receive("mug", "main", 25).await;
        world.place("zoe", "mug", 1).await;
        world.idle().await;

        is_armed.store(true, Ordering::SeqCst);
        let drafts: Vec<_> = (0..8).map(|number| world.draft(&format!("ann-{number}")).line("mug", 4)).collect();
        let quotes = point.starts_with("quote");
        let send_all = |drafts: &[Draft]| {
            let sent = drafts.iter().cloned().map(|draft| async move {
                if quotes { draft.quote(3_600).await.map(drop) } else { draft.place().await.map(drop) }
            });
            join_all(sent.collect::<Vec<_>>())
        };
        drop(send_all(&drafts).await);
        assert!(passes.load(Ordering::SeqCst) >= 8, "the fault was not seen: nothing passed {point}");

        let cluster = cluster.restart_with(Config::default()).await;
        let world = cluster.world("crash");
        world.idle().await;
        let drafts: Vec<_> = drafts.into_iter().map(|draft| draft.in_world(&world)).collect();
        for answer in send_all(&drafts).await {
            answer.expect("the caller gets the answer");
        }
        world.idle().await;
        let mut reserved = 0;
        for number in 0..8 {
            let line = world.line(&format!("ann-{number}"), 1).await;
            assert_eq!((line.ordered, line.open + line.reserved), (4, 4), "after {point}: {line:#?}");
            reserved += line.reserved;
        }
        assert_eq!(reserved, 24, "after {point}");
        world.books_balance().await;
        cluster.stop().await;
    }
}

on_each_backend!(orders_of_one_batch_that_die_at_any_point_are_placed_once);

fn dying_at(point: &'static str, armed: &Arc<AtomicBool>, died: &Arc<AtomicBool>) -> Config {
    let (armed, died) = (Arc::clone(armed), Arc::clone(died));
    let crash_point = CrashPoint::new(move |passed| {
        let dies = passed == point && armed.load(Ordering::SeqCst);
        if dies {
            died.store(true, Ordering::SeqCst);
        }
        dies
    });
    Config { crash_point: Some(crash_point), ..Config::default() }
}

/// The warehouse sends its document: the same one, under a new request each time.
async fn advise(world: &World) -> Result<(), Status> {
    world.confirm_shipment("945", vec![world.confirmed("ann", [3, 1, 1])]).await.map(drop)
}

/// The customer takes the quote.
async fn confirm_quote(world: &World, request_id: String) -> Result<(), Status> {
    let request = ConfirmQuoteRequest { request_id, name: world.order_name("ann"), context: None };
    world.allocation.orders.clone().confirm_quote(request).await.map(drop)
}

/// The supplier ships what it confirmed.
async fn drop_ship(world: &World, request_id: String) -> Result<(), Status> {
    let name = world.takes().await.remove(0).name;
    let request = ConfirmDropShipmentRequest { request_id, name, quantity: 2, ..Default::default() };
    world.allocation.drop_ship.clone().confirm_drop_shipment(request).await.map(drop)
}

/// A write of the order service, as the part of a crash point's name before the full stop.
#[derive(Clone, Copy)]
enum Write {
    Place,
    Quote,
    Confirm,
    Amend,
    Cancel,
    Release,
    Recall,
    Short,
    Consent,
    Ship,
    Advice,
    DropShip,
    Return,
    Import,
    Override,
    Substitute,
}

impl Write {
    fn of(point: &str) -> Self {
        match point.split('.').next().expect("a name") {
            "place" => Self::Place,
            "quote" => Self::Quote,
            "confirm" => Self::Confirm,
            "amend" => Self::Amend,
            "cancel" => Self::Cancel,
            "release" => Self::Release,
            "recall" => Self::Recall,
            "short" => Self::Short,
            "consent" => Self::Consent,
            "ship" => Self::Ship,
            "advice" => Self::Advice,
            "dropship" => Self::DropShip,
            "return" => Self::Return,
            "import" => Self::Import,
            "override" => Self::Override,
            "substitute" => Self::Substitute,
            other => panic!("no story for {other}"),
        }
    }

    /// Brings the order to where the write can be done. Ten units are free at first.
    async fn prepare(self, world: &World) {
        match self {
            Self::Place | Self::Quote | Self::Import => {}
            Self::Confirm => {
                world.draft("ann").line("mug", 8).quote(3_600).await.expect("quoted");
            }
            Self::Consent => {
                let draft = world.draft("ann").line("mug", 12).on_shortage(ShortageInstruction::ShipItemComplete);
                draft.place().await.expect("placed");
            }
            Self::Amend | Self::Cancel | Self::Release | Self::Ship => {
                world.place("ann", "mug", 8).await;
            }
            Self::Override => ask_for_override(world).await,
            Self::Substitute => wait_for_mugs(world).await,
            Self::Recall | Self::Short | Self::Advice => {
                world.place("ann", "mug", 8).await;
                world.release("ann", 1, 6).await.expect("released");
                if matches!(self, Self::Recall) {
                    world.cancel_with_recalls("ann", 7).await.expect("two at once, five by a recall");
                }
            }
            Self::DropShip => {
                world.place("ann", "mug", 12).await;
                world.report("maker", "mug", 5, 1).await;
                let take = world.take("ann", 2, "maker").await.expect("asked");
                world.confirm_take(&take, 2).await.expect("confirmed");
            }
            Self::Return => {
                world.place("ann", "mug", 8).await;
                world.ship("ann", 1, 8).await.expect("shipped");
            }
        }
    }

    async fn send(self, world: &World, request_id: &str) -> Result<(), Status> {
        let request_id = request_id.to_owned();
        let (line, order) = (world.line_name("ann", 1), world.order_name("ann"));
        let mut orders = world.allocation.orders.clone();
        match self {
            Self::Place => {
                let mut request = world.draft("ann").line("mug", 12).request();
                request.request_id = request_id;
                orders.place_order(request).await.map(drop)
            }
            Self::Quote => {
                let mut request = world.draft("ann").line("mug", 6).quote_request(3_600);
                request.request_id = request_id;
                orders.quote_order(request).await.map(drop)
            }
            Self::Confirm => confirm_quote(world, request_id).await,
            Self::Amend => {
                let request = AmendOrderLineRequest {
                    request_id,
                    name: line,
                    quantity: Some(12),
                    requested_date: None,
                    context: None,
                    unit: String::new(),
                };
                orders.amend_order_line(request).await.map(drop)
            }
            Self::Cancel => {
                let lines = vec![LineQuantity { name: line, quantity: 3 }];
                let request = CancelOrderLinesRequest { request_id, name: order, lines, context: because("customer") };
                orders.cancel_order_lines(request).await.map(drop)
            }
            Self::Release | Self::Recall | Self::Short | Self::Import | Self::Override => {
                self.send_to_gate(world, request_id).await
            }
            Self::Consent => {
                let (lines, context) = (Vec::new(), because("customer-called"));
                let request = ConsentToShortShipmentRequest { request_id, name: order, lines, context };
                world.allocation.shortages.clone().consent_to_short_shipment(request).await.map(drop)
            }
            Self::DropShip => drop_ship(world, request_id).await,
            Self::Advice => advise(world).await,
            Self::Ship => {
                let lines = vec![LineQuantity { name: line, quantity: 5 }];
                let request = ShipOrderLinesRequest { request_id, lines, ..Default::default() };
                orders.ship_order_lines(request).await.map(drop)
            }
            Self::Return => send_return(world, request_id).await,
            Self::Substitute => {
                let request = SubstituteLineRequest { request_id, ..world.substitution("ann", 0) };
                world.substitute(&request).await.map(drop)
            }
        }
    }

    async fn send_to_gate(self, world: &World, request_id: String) -> Result<(), Status> {
        let line = world.line_name("ann", 1);
        let mut gate = world.allocation.releases.clone();
        match self {
            Self::Import => send_import(world, request_id).await,
            Self::Override => send_approval(world, request_id).await,
            Self::Release => {
                let lines = vec![LineQuantity { name: line, quantity: 5 }];
                let request = ReleaseLinesRequest { request_id, lines, context: None };
                gate.release_lines(request).await.map(drop)
            }
            Self::Recall => {
                let recalls = world.recalls().await;
                let name = recalls.first().expect("a recall").name.clone();
                let request = AnswerRecallRequest { request_id, name, returned: 4, context: None };
                gate.answer_recall(request).await.map(drop)
            }
            Self::Short => {
                let lines = vec![ShortPick { name: line, quantity: 2, damaged: false }];
                let context = because("not-found");
                let request = ReportShortPickRequest { request_id, lines, report_time: None, context };
                gate.report_short_pick(request).await.map(drop)
            }
            Self::Place
            | Self::Quote
            | Self::Confirm
            | Self::Amend
            | Self::Cancel
            | Self::Consent
            | Self::Ship
            | Self::Advice
            | Self::DropShip
            | Self::Return
            | Self::Substitute => unreachable!("no write at the gate"),
        }
    }

    async fn outcome(self, world: &World) -> OrderLine {
        let orders = world.try_order("ann").await;
        orders.and_then(|order| order.lines.into_iter().next()).unwrap_or_default()
    }

    /// Ordered, open, reserved, released, shipped, cancelled, returned, and 1 when the customer agreed to less.
    fn of_interest(self, line: &OrderLine) -> [i64; 8] {
        let agreed = i64::from(line.short_consent_time.is_some());
        [line.ordered, line.open, line.reserved, line.released, line.shipped, line.cancelled, line.returned, agreed]
    }

    /// A return adds a line that replaces what came back, and a substitution one of the other item.
    fn lines_expected(self) -> usize {
        if matches!(self, Self::Return | Self::Substitute) { 2 } else { 1 }
    }

    fn expected(self) -> [i64; 8] {
        match self {
            Self::Place | Self::Amend => [12, 2, 10, 0, 0, 0, 0, 0],
            Self::Quote => [6, 0, 6, 0, 0, 0, 0, 0],
            Self::Confirm => [8, 0, 8, 0, 0, 0, 0, 0],
            Self::Cancel => [8, 0, 5, 0, 0, 3, 0, 0],
            Self::Release => [8, 0, 3, 5, 0, 0, 0, 0],
            Self::Recall => [8, 0, 0, 2, 0, 6, 0, 0],
            // What was not found is reserved anew from the two that were free.
            Self::Short => [8, 0, 4, 4, 0, 0, 0, 0],
            // Ten are there: once the customer agrees, she gets them.
            Self::Consent => [12, 2, 10, 0, 0, 0, 0, 1],
            Self::Ship => [8, 0, 3, 0, 5, 0, 0, 0],
            // Three left; the two that were not right are reserved anew from those that were free.
            Self::Advice => [8, 0, 4, 1, 3, 0, 0, 0],
            Self::DropShip => [12, 0, 10, 0, 2, 0, 0, 0],
            Self::Return => [8, 0, 0, 0, 8, 0, 2, 0],
            Self::Import => [12, 5, 4, 0, 3, 0, 0, 0],
            Self::Override => [8, 3, 5, 0, 0, 0, 0, 0],
            Self::Substitute => [12, 0, 10, 0, 0, 2, 0, 0],
        }
    }
}

/// Two units come back and are replaced.
async fn send_return(world: &World, request_id: String) -> Result<(), Status> {
    let lines = vec![ReturnedLine {
        name: world.line_name("ann", 1),
        quantity: 2,
        location: world.location_name("main"),
        disposition: Disposition::Restock.into(),
        replace: true,
        ..Default::default()
    }];
    let request = ReturnOrderLinesRequest { request_id, lines, return_time: None, context: because("unwanted") };
    world.allocation.orders.clone().return_order_lines(request).await.map(drop)
}

/// Two of twelve mugs wait, for which blue ones may be sent.
async fn wait_for_mugs(world: &World) {
    world.item("blue").await;
    world.receive("blue", "main", 5).await;
    world.may_be_replaced("mug", "blue", |_| {}).await;
    let mut draft = world.draft("ann").line("mug", 12);
    draft.order().lines[0].substitution_allowed = true;
    draft.place().await.expect("placed");
}

/// Somebody asks for five of the ten units that were promised to somebody else.
async fn ask_for_override(world: &World) {
    world.place("bob", "mug", 10).await;
    world.place("ann", "mug", 8).await;
    let wanted = world.assignment("ann", 5, &[("bob", 5)]);
    let shown = world.preview(&wanted).await.expect("shown");
    let asked = world.commit_as_shown(&wanted, &shown).await.expect("kept");
    assert_eq!(asked.state(), OverrideState::PendingApproval);
}

/// Another person approves of it.
async fn send_approval(world: &World, request_id: String) -> Result<(), Status> {
    let name = world.overrides_of("ann").await.remove(0).name;
    let request = DecideOverrideRequest { request_id, name, approve: true, context: by("lea") };
    world.allocation.overrides.clone().decide_override(request).await.map(drop)
}

/// Of twelve units three left in another system, which had four reserved.
async fn send_import(world: &World, request_id: String) -> Result<(), Status> {
    let open = world.open("ann", ("mug", 12), 5).shipped(3, world.day(-2)).reserved(4);
    let mut request = world.import_request("spring", vec![open]);
    request.request_id = request_id;
    world.try_import(request).await.map(drop)
}

/// Going live is confirmed, and the services stop at once: it goes on after the restart, and ends as if nothing had been.
async fn going_live_goes_on_after_a_restart(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("restart");
    world.mug_at_main().await;
    let orders = (0..20).map(|number| world.open(&format!("order-{number}"), ("mug", 2), 20 - number));
    world.import("spring", orders.collect()).await;
    world.receive("mug", "main", 9).await;
    world.try_confirm_go_live("spring").await.expect("confirmed");

    let cluster = cluster.restart_with(Config::default()).await;
    let world = cluster.world("restart");
    world.idle().await;

    assert_eq!(world.backlog_import("spring").await.state(), BacklogImportState::Live);
    for (number, reserved) in [(0, 2), (3, 2), (4, 1), (5, 0), (19, 0)] {
        let line = world.line(&format!("order-{number}"), 1).await;
        assert_eq!((line.reserved, line.barriers.len()), (reserved, 0), "order {number}");
    }
    world.books_balance().await;
    cluster.stop().await;
}

on_each_backend!(going_live_goes_on_after_a_restart);
