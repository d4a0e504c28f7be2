//! What planners and customers decide at random: holds, overrides, serving by hand, answers to questions, and open orders
//! of another system that go live.

use backorder_proto::allocation::v1::{
    CommitHeldRequest, Hold, HoldType, LineShare, ListHoldsRequest, ListOverridesRequest, ListQuestionsRequest,
    Override, OverrideKind, OverrideState, QuestionState, ServingMode, ServingModeKind, SetServingModeRequest,
};
use backorder_tests::world::{World, because, request_id};
use jiff::SignedDuration;
use rand::{Rng as _, RngExt as _};

use super::{ITEMS, LOCATIONS, Random};

const HOLD_TYPES: [HoldType; 4] = [HoldType::Credit, HoldType::Payment, HoldType::Address, HoldType::Manual];
/// The customers of placed orders.
pub(super) const CUSTOMERS: [&str; 3] = ["smith", "jones", "weber"];

impl Random {
    fn any_order(&mut self) -> String {
        format!("order-{}", self.random.random_range(1..=self.orders))
    }

    /// One decision of a planner or a customer.
    pub(super) async fn decide(&mut self, world: &World, item: &str, location: &str, quantity: i64) {
        match self.random.random_range(0..12) {
            0 | 1 => self.hold(world).await,
            2 => self.clear(world).await,
            3 | 4 => self.assign(world, location, quantity / 3 + 1).await,
            5 => self.answer_an_override(world).await,
            6 => {
                let order = self.any_order();
                let hours = SignedDuration::from_hours(self.random.random_range(0..200));
                let at = backorder_proto::convert::encode::timestamp(world.now() - hours);
                drop(world.change_queue_time(&order, at).await);
            }
            7 => {
                let order = self.any_order();
                let days = SignedDuration::from_hours(24 * self.random.random_range(1..10));
                let until = self.random.random_bool(0.5).then(|| world.now() + days);
                drop(world.pin(&order, until.map(backorder_proto::convert::encode::timestamp)).await);
            }
            8 => self.serve(world, item, location).await,
            9 => self.answer_a_customer(world).await,
            10 => world.advance(SignedDuration::from_hours(self.random.random_range(1..30))),
            _ => self.take_over(world, item, quantity).await,
        }
    }

    async fn hold(&mut self, world: &World) {
        let order = self.any_order();
        let customer = self.pick(&CUSTOMERS);
        let target = match self.random.random_range(0..4) {
            0 => world.customer_name(customer),
            1 => world.order_name(&order),
            _ => world.line_name(&order, self.random.random_range(1..=2)),
        };
        let hours = SignedDuration::from_hours(self.random.random_range(1..60));
        let until = self.random.random_bool(0.3).then(|| world.now() + hours);
        let hold_type = HOLD_TYPES[self.random.random_range(0..HOLD_TYPES.len())];
        drop(world.try_hold(&target, hold_type, until.map(backorder_proto::convert::encode::timestamp)).await);
    }

    async fn clear(&mut self, world: &World) {
        let holds = all_holds(world).await;
        if let Some(hold) = holds.get(self.random.random_range(0..holds.len().max(1))) {
            world.clear_holds(&hold.target).await;
        }
    }

    /// Looks at an assignment, which may take from another order, and mostly does what was shown.
    async fn assign(&mut self, world: &World, location: &str, quantity: i64) {
        let (order, other) = (self.any_order(), self.any_order());
        let mut wanted = world.assignment(&order, quantity, &[]);
        wanted.location = world.location_name(location);
        if self.random.random_bool(0.6) {
            let share = self.random.random_range(1..=quantity);
            wanted.taken = vec![LineShare { line: world.line_name(&other, 1), quantity: share }];
        }
        let Ok(shown) = world.preview(&wanted).await else { return };
        if self.random.random_bool(0.2) {
            self.change_an_order(world).await;
        }
        let Ok(done) = world.commit_as_shown(&wanted, &shown).await else { return };
        if done.state() == OverrideState::PendingApproval && self.random.random_bool(0.7) {
            drop(world.decide(&done.name, self.random.random_bool(0.8), "lea").await);
        }
    }

    async fn answer_an_override(&mut self, world: &World) {
        let overrides = all_overrides(world).await;
        let Some(one) = overrides.get(self.random.random_range(0..overrides.len().max(1))) else { return };
        if self.random.random_bool(0.5) {
            drop(world.decide(&one.name, true, "lea").await);
        } else {
            drop(world.end_override(&one.name).await);
        }
    }

    async fn serve(&mut self, world: &World, item: &str, location: &str) {
        if self.random.random_bool(0.5) {
            return commit_held(world, item, location).await;
        }
        let by_planner = self.random.random_bool(0.6);
        set_mode(world, if by_planner { ServingModeKind::ByPlanner } else { ServingModeKind::Automatic }).await;
    }

    /// A customer answers what was asked, or calls unasked.
    async fn answer_a_customer(&mut self, world: &World) {
        let request = ListQuestionsRequest { state: QuestionState::Pending.into(), ..Default::default() };
        let asked = world.allocation.consents.clone().list_questions(request).await.expect("listed").into_inner();
        let about = match asked.questions.first() {
            Some(question) => question.name.clone(),
            None => world.line_name(&self.any_order(), 1),
        };
        if self.random.random_bool(0.7) {
            let until = world.day(self.random.random_range(1..8));
            drop(world.consents(&about, until).await);
        } else {
            drop(world.declines(&about).await);
        }
    }

    /// An open order of another system, half of them with something reserved or shipped; some imports are confirmed.
    async fn take_over(&mut self, world: &World, item: &str, quantity: i64) {
        if self.imports > 0 && self.random.random_bool(0.4) {
            let import = format!("import-{}", self.random.random_range(1..=self.imports));
            world.preview_go_live(&import).await;
            drop(world.try_confirm_go_live(&import).await);
            return;
        }
        self.orders += 1;
        let days = self.random.random_range(1..30);
        let mut open = world.open(&format!("order-{}", self.orders), (item, quantity), days);
        if self.random.next_u32().is_multiple_of(2) {
            open = open.shipped(quantity / 3, world.day(-1)).promised(world.day(2), world.day(5));
        }
        open = open.reserved(self.random.random_range(0..=quantity / 2));
        if self.imports == 0 || self.random.random_bool(0.5) {
            self.imports += 1;
        }
        drop(world.try_import(world.import_request(&format!("import-{}", self.imports), vec![open])).await);
    }

    /// Brings all that somebody has to decide to an end: nothing may be left hanging then.
    pub(super) async fn decide_all(&mut self, world: &World) {
        for import in 1..=self.imports {
            drop(world.try_confirm_go_live(&format!("import-{import}")).await);
        }
        set_mode(world, ServingModeKind::Automatic).await;
        come_to_rest(world).await;
        for hold in all_holds(world).await {
            world.clear_holds(&hold.target).await;
        }
        for one in all_overrides(world).await {
            let is_open = matches!(one.state(), OverrideState::PendingApproval | OverrideState::Applied);
            if is_open && one.kind() != OverrideKind::QueueTime {
                drop(world.end_override(&one.name).await);
            }
        }
        for take in world.takes().await {
            drop(world.cancel_take(&take).await);
        }
        for recall in world.pending_recalls().await {
            drop(world.answer_recall(&recall.name, recall.quantity).await);
        }
        come_to_rest(world).await;
    }
}

/// Commits what is held, as often as something is, until the services have nothing left to do.
pub(super) async fn come_to_rest(world: &World) {
    backorder_testkit::eventually("all that is held is committed", || async {
        for item in ITEMS {
            for location in LOCATIONS {
                if world.position(item, location).await.held > 0 {
                    commit_held(world, item, location).await;
                }
            }
        }
        world.is_idle().await
    })
    .await;
}

async fn commit_held(world: &World, item: &str, location: &str) {
    let request = CommitHeldRequest {
        request_id: request_id(),
        item: world.item_name(item),
        location: world.location_name(location),
        validate_only: false,
        context: because("checked"),
    };
    drop(world.allocation.serving.clone().commit_held(request).await);
}

async fn set_mode(world: &World, kind: ServingModeKind) {
    let mode = ServingMode { category: world.id("category"), kind: kind.into(), run_time: None };
    let request = SetServingModeRequest { request_id: request_id(), mode: Some(mode), context: because("scarce") };
    world.allocation.serving.clone().set_serving_mode(request).await.expect("a mode");
}

pub(super) async fn all_holds(world: &World) -> Vec<Hold> {
    let request = ListHoldsRequest { page_size: 1_000, ..Default::default() };
    world.allocation.holds.clone().list_holds(request).await.expect("listed").into_inner().holds
}

pub(super) async fn all_overrides(world: &World) -> Vec<Override> {
    let request = ListOverridesRequest { page_size: 1_000, ..Default::default() };
    world.allocation.overrides.clone().list_overrides(request).await.expect("listed").into_inner().overrides
}
