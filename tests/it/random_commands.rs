//! Random commands of planners, customers and the warehouse: after each burst the books and the orders must balance, and
//! every promise must be covered by stock or dated supply.

mod planner;
mod rest;

use std::collections::{BTreeMap, BTreeSet};

use backorder_proto::{
    allocation::v1::{
        AfterSilence, AfterWait, ConfirmShipmentRequest, ConfirmationSource, LineBarrier, ListOrdersRequest, Order,
        OrderLine, OverrideKind, OverrideState, ShortageInstruction,
    },
    inventory::v1::{
        AdjustStockRequest, BlindResolution, ListReceiptsRequest, ListSuppliesRequest, QuarantineStockRequest,
        ReceiptLine, ReceiveStockRequest, ReceivedLine, ResolveBlindReceiptRequest, ReverseReceiptRequest, StockState,
    },
};
use backorder_testkit::{Backend, counts, on_each_backend, seed};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, because, request_id},
};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};

const ITEMS: [&str; 3] = ["mug", "pot", "jar"];
/// What customers order: a set is a kit of two mugs and a pot.
const ORDERED: [&str; 4] = ["mug", "pot", "jar", "set"];
const LOCATIONS: [&str; 2] = ["north", "south"];
const INSTRUCTIONS: [ShortageInstruction; 6] = [
    ShortageInstruction::NoBackOrder,
    ShortageInstruction::ShipPartialBackOrder,
    ShortageInstruction::ShipPartialCancel,
    ShortageInstruction::ShipComplete,
    ShortageInstruction::ShipItemComplete,
    ShortageInstruction::ShipAsSoonAsPossible,
];
const COMMANDS_PER_BURST: u32 = 25;

async fn any_sequence_of_commands_keeps_orders_and_books(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("random");
    for item in ITEMS {
        world.item(item).await;
    }
    world.kit("set", &[("mug", 2), ("pot", 1)]).await.expect("a kit");
    world.may_be_replaced("jar", "pot", |pot| pot.ratio_numerator = 2).await;
    world.may_be_replaced("mug", "jar", |jar| jar.ratio_denominator = 3).await;
    for (rank, location) in (1..).zip(LOCATIONS) {
        world.warehouse(location, rank).await;
    }
    let mut story = Random { random: StdRng::seed_from_u64(seed()), orders: 0, supplies: 0, documents: 0, imports: 0 };
    story.waits_are_limited(&world).await;
    for _ in 0..counts::cases("random_command_bursts") {
        for _ in 0..COMMANDS_PER_BURST {
            story.one_command(&world).await;
        }
        planner::come_to_rest(&world).await;
        world.books_balance().await;
        every_promise_is_covered(&world).await;
    }
    story.nothing_hangs(&world).await;
    cluster.stop().await;
}

on_each_backend!(any_sequence_of_commands_keeps_orders_and_books);

struct Random {
    random: StdRng,
    orders: u32,
    supplies: u32,
    documents: u32,
    imports: u32,
}

/// Batches of units, mostly none.
const BATCHES: [&str; 4] = ["", "", "red", "blue"];

impl Random {
    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.random.random_range(0..from.len())]
    }

    /// For one item the customer is asked when a wait is over, for one what waits is cancelled then; the third has no limit.
    async fn waits_are_limited(&mut self, world: &World) {
        for (item, after_wait) in [("mug", AfterWait::Ask), ("pot", AfterWait::Cancel)] {
            let after_silence = [AfterSilence::Cancel, AfterSilence::Keep, AfterSilence::Escalate];
            let after_silence = after_silence[self.random.random_range(0..3)];
            world
                .policy(item, |policy| {
                    policy.item = world.item_name(item);
                    policy.acceptable_wait_days = Some(4);
                    policy.after_wait = after_wait.into();
                    policy.after_silence = after_silence.into();
                    policy.ask_days_before = 1;
                    policy.answer_days = 1;
                })
                .await;
        }
    }

    /// One command. Refusals are answers: only the books decide whether something went wrong.
    async fn one_command(&mut self, world: &World) {
        let (item, location) = (self.pick(&ITEMS), self.pick(&LOCATIONS));
        let quantity = self.random.random_range(1..=20);
        match self.random.random_range(0..24) {
            0..=3 => self.place(world).await,
            4 => {
                world.receive(item, location, quantity).await;
            }
            5 => {
                self.supplies += 1;
                let day = world.day(self.random.random_range(0..20));
                world.expect_supply(&format!("po-{}", self.supplies), item, location, quantity, day).await;
            }
            6 if self.supplies > 0 => {
                let supply = format!("po-{}", self.random.random_range(1..=self.supplies));
                let day = world.day(self.random.random_range(0..20));
                drop(world.try_move_supply(&supply, day).await);
            }
            7 => drop(world.count(item, location, quantity).await),
            8 | 9 if self.orders > 0 => self.change_an_order(world).await,
            10 => self.lose(world, item, location, quantity).await,
            11 => self.receive_from_a_supply(world, item, location, quantity).await,
            12 => self.reverse_a_receipt(world).await,
            13 => self.resolve_a_blind_receipt(world).await,
            14 if self.orders > 0 => self.ask_a_supplier(world, item, quantity).await,
            15 if self.orders > 0 => self.confirm_a_shipment(world, location, quantity).await,
            16..=23 if self.orders > 0 => self.decide(world, item, location, quantity).await,
            _ => {}
        }
    }

    async fn lose(&mut self, world: &World, item: &str, location: &str, quantity: i64) {
        let (item, location) = (world.item_name(item), world.location_name(location));
        if self.random.next_u32().is_multiple_of(2) {
            let (state, delta) = (StockState::Available.into(), -quantity);
            let request = AdjustStockRequest {
                request_id: request_id(),
                item,
                location,
                state,
                delta,
                context: because("lost"),
                ..Default::default()
            };
            drop(world.inventory.stock.clone().adjust_stock(request).await);
        } else {
            let damaged = self.random.next_u32().is_multiple_of(2);
            let request = QuarantineStockRequest {
                request_id: request_id(),
                item,
                location,
                quantity,
                damaged,
                batch: self.pick(&BATCHES).to_owned(),
                ..Default::default()
            };
            drop(world.inventory.stock.clone().quarantine_stock(request).await);
        }
    }

    /// Of an open supply, a closed one, or one of another item or location: then the units are blind.
    async fn receive_from_a_supply(&mut self, world: &World, item: &str, location: &str, quantity: i64) {
        let supply = format!("po-{}", self.random.random_range(1..=self.supplies + 1));
        let line = ReceiptLine {
            item: world.item_name(item),
            location: world.location_name(location),
            supply: world.supply_name(&supply),
            accepted: quantity,
            damaged: self.random.random_range(0..=2),
            closes_supply: self.random.next_u32().is_multiple_of(3),
            batch: self.pick(&BATCHES).to_owned(),
            owner: self.pick(&["", "", "acme"]).to_owned(),
            ..Default::default()
        };
        let request = ReceiveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
        world.inventory.stock.clone().receive_stock(request).await.expect("a receipt is never refused");
    }

    /// A supplier reports, is asked, and answers or ships.
    async fn ask_a_supplier(&mut self, world: &World, item: &str, quantity: i64) {
        let takes = world.takes().await;
        let Some(take) = takes.get(self.random.random_range(0..=takes.len())) else {
            world.report("maker", item, quantity, 0).await;
            let order = format!("order-{}", self.random.random_range(1..=self.orders));
            drop(world.take(&order, quantity / 4, "maker").await);
            return;
        };
        match self.random.random_range(0..5) {
            0 => drop(world.refuse_take(take).await),
            1 => drop(world.cancel_take(take).await),
            2 => drop(world.drop_ship(take, self.random.random_range(0..=take.quantity)).await),
            _ => drop(world.confirm_take(take, self.random.random_range(0..=take.quantity)).await),
        }
    }

    /// A document of a warehouse, sent twice: the second time changes nothing.
    async fn confirm_a_shipment(&mut self, world: &World, location: &str, quantity: i64) {
        self.documents += 1;
        let order = format!("order-{}", self.random.random_range(1..=self.orders));
        let request = ConfirmShipmentRequest {
            document: world.document(&format!("945-{}", self.documents)),
            location: world.location_name(location),
            lines: vec![world.confirmed(&order, [quantity / 3, quantity % 2, quantity % 3])],
            ..Default::default()
        };
        let mut answers = Vec::new();
        for _ in 0..2 {
            let request = ConfirmShipmentRequest { request_id: request_id(), ..request.clone() };
            answers
                .extend(world.allocation.feed.clone().confirm_shipment(request).await.map(tonic::Response::into_inner));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    }

    async fn received_line(&mut self, world: &World, in_review_only: bool) -> Option<ReceivedLine> {
        let request = ListReceiptsRequest { page_size: 20, in_review_only, ..Default::default() };
        let lines = world.inventory.receipts.clone().list_receipts(request).await.expect("listed").into_inner().lines;
        let chosen = self.random.random_range(0..lines.len().max(1));
        lines.into_iter().nth(chosen)
    }

    async fn reverse_a_receipt(&mut self, world: &World) {
        let Some(line) = self.received_line(world, false).await else { return };
        let request = ReverseReceiptRequest {
            request_id: request_id(),
            receipt: line.receipt,
            lines: Vec::new(),
            reopens_supply: self.random.next_u32().is_multiple_of(2),
            context: because("wrong"),
            ..Default::default()
        };
        drop(world.inventory.receipts.clone().reverse_receipt(request).await);
    }

    async fn resolve_a_blind_receipt(&mut self, world: &World) {
        let Some(line) = self.received_line(world, true).await else { return };
        let resolution = self.random.random_range(1..=4);
        let supply = format!("po-{}", self.random.random_range(1..=self.supplies + 1));
        let is_attached = resolution == i32::from(BlindResolution::Attach);
        let request = ResolveBlindReceiptRequest {
            request_id: request_id(),
            receipt: line.receipt,
            line: line.line,
            quantity: self.random.random_range(0..=line.in_review),
            resolution,
            supply: if is_attached { world.supply_name(&supply) } else { String::new() },
            ..Default::default()
        };
        drop(world.inventory.receipts.clone().resolve_blind_receipt(request).await);
    }

    async fn place(&mut self, world: &World) {
        self.orders += 1;
        let mut draft = world.draft(&format!("order-{}", self.orders)).customer(self.pick(&planner::CUSTOMERS));
        for _ in 0..self.random.random_range(1..=3) {
            let item = self.pick(&ORDERED);
            draft = draft.line(item, self.random.random_range(1..=8));
            if self.random.next_u32().is_multiple_of(2) {
                draft = draft.from(&[self.pick(&LOCATIONS)]);
            }
            // Half of the lines want something else than a back order of their own.
            if let Some(instruction) = INSTRUCTIONS.get(self.random.random_range(0..2 * INSTRUCTIONS.len())) {
                draft = draft.on_shortage(*instruction);
            }
        }
        draft.order().lines.iter_mut().for_each(|line| line.substitution_allowed = true);
        if self.random.next_u32().is_multiple_of(5) {
            draft.order().lines.iter_mut().for_each(|line| "gift".clone_into(&mut line.ship_set));
        }
        draft.place().await.expect("a good order is placed");
    }

    async fn change_an_order(&mut self, world: &World) {
        let order = format!("order-{}", self.random.random_range(1..=self.orders));
        let quantity = self.random.random_range(0..=8);
        match self.random.random_range(0..12) {
            8 => drop(world.declines(&world.line_name(&order, 1)).await),
            0 => drop(world.ship(&order, 1, quantity).await),
            7 => drop(world.ship_lines(&order, &[1, 2, 3][..self.random.random_range(1..=3)]).await),
            10 => {
                let mut request = world.substitution(&order, if quantity > 3 { 0 } else { quantity });
                request.may_wait = quantity % 2 == 0;
                drop(world.substitute(&request).await);
            }
            9 if quantity > 5 => drop(world.consent(&order, &[]).await),
            1 => drop(world.cancel(&order, 1, quantity).await),
            2 | 3 => drop(world.release(&order, 1, quantity).await),
            4 => drop(world.recall(&order, 1, quantity).await),
            5 => drop(world.short_pick(&order, 1, quantity.max(1), quantity > 4).await),
            6 => {
                if let Some(recall) = world.pending_recalls().await.first() {
                    drop(world.answer_recall(&recall.name, quantity.min(recall.quantity)).await);
                }
            }
            _ => drop(world.amend(&order, 1, quantity.max(1)).await),
        }
    }
}

/// Whether what is promised to a line is what can be expected. A pinned promise stands whatever comes, and that of another
/// system until go-live is through.
fn promises_by_rule(line: &OrderLine, pinned: &BTreeSet<String>) -> bool {
    !pinned.contains(&line.name) && line.barriers().all(|barrier| barrier != LineBarrier::GoLive)
}

async fn every_promise_is_covered(world: &World) {
    let pins = planner::all_overrides(world).await.into_iter();
    let pins = pins.filter(|one| one.kind() == OverrideKind::Pin && one.state() == OverrideState::Applied);
    let pinned: BTreeSet<String> = pins.map(|pin| pin.line).collect();
    let mut promised: BTreeMap<String, i64> = BTreeMap::new();
    let mut recalling: BTreeMap<String, i64> = BTreeMap::new();
    for order in all_orders(world).await {
        for kit in &order.kits {
            assert_eq!(kit.ordered, kit.open + kit.covered + kit.shipped + kit.cancelled, "{}", kit.name);
            assert_eq!(kit.requested, kit.ordered + kit.refused, "{}", kit.name);
        }
        for line in order.lines {
            let sum = line.open + line.reserved + line.released + line.shipped + line.cancelled;
            assert_eq!(line.ordered, sum, "{}", line.name);
            assert_eq!(line.requested, line.ordered + line.refused, "{}", line.name);
            let by = |source| -> i64 {
                line.confirmations.iter().filter(|part| part.source() == source).map(|part| part.quantity).sum()
            };
            assert_eq!(by(ConfirmationSource::Stock), line.reserved + line.released, "{}", line.name);
            assert!(line.recalling <= line.released, "{}", line.name);
            *recalling.entry(line.name.clone()).or_default() += line.recalling;
            let (supply, none) = (by(ConfirmationSource::Supply), by(ConfirmationSource::None));
            let free = by(ConfirmationSource::FreeStock);
            assert_eq!(supply + none + free, line.open, "{}", line.name);
            let is_alone = line.ship_set_name.is_empty();
            assert!(free == 0 || !is_alone, "{}: only sets count on what is free", line.name);
            let has_no_date = line.current_promised_date.is_none() && line.open + line.reserved + line.released > 0;
            // A line of a set has no date either when another line of it has none.
            let is_so = if is_alone { has_no_date == (none > 0) } else { has_no_date || none == 0 };
            assert!(is_so || !promises_by_rule(&line, &pinned), "{}", line.name);
            for part in line.confirmations.iter().filter(|part| part.source() == ConfirmationSource::Supply) {
                *promised.entry(part.supply.clone()).or_default() += part.quantity;
            }
        }
    }
    for recall in world.pending_recalls().await {
        let asked = recalling.entry(recall.line).or_default();
        *asked -= recall.quantity - recall.returned - recall.missed;
    }
    assert!(recalling.values().all(|asked| *asked == 0), "recalls and lines differ: {recalling:?}");
    for item in ITEMS {
        let request = ListSuppliesRequest { item: world.item_name(item), page_size: 1_000, ..Default::default() };
        for supply in world.inventory.supply.clone().list_supplies(request).await.expect("listed").into_inner().supplies
        {
            let promised = promised.remove(&supply.name).unwrap_or_default();
            assert!(promised <= supply.open, "{} is open with {} and promises {promised}", supply.name, supply.open);
        }
    }
    assert!(promised.is_empty(), "promised from supply that does not exist: {promised:?}");
}

async fn all_orders(world: &World) -> Vec<Order> {
    let mut orders = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListOrdersRequest { page_size: 1_000, page_token, ..Default::default() };
        let page = world.allocation.orders.clone().list_orders(request).await.expect("listed").into_inner();
        orders.extend(page.orders);
        if page.next_page_token.is_empty() {
            return orders;
        }
        page_token = page.next_page_token;
    }
}
