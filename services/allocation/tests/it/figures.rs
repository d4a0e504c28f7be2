//! Service figures and the cost of shortage: counted over orders that were made through the public calls.

use std::collections::BTreeMap;

use backorder_proto::{
    allocation::v1::*,
    common::v1::{Decimal, ErrorReason, Money},
    inventory::v1::Item,
};
use backorder_testkit::{Backend, on_each_backend};
use jiff::SignedDuration;
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::world::{World, because, day, days_ago, refusal, wanted_on};

impl World {
    pub async fn figures(&self, request: GetServiceFiguresRequest) -> Result<GetServiceFiguresResponse, Status> {
        Ok(self.clients.figures.clone().get_service_figures(request).await?.into_inner())
    }

    pub async fn all_figures(&self) -> FigureGroup {
        self.figures(GetServiceFiguresRequest::default()).await.unwrap().total.unwrap()
    }

    pub async fn cost(&self, request: GetShortageCostRequest) -> Result<GetShortageCostResponse, Status> {
        Ok(self.clients.figures.clone().get_shortage_cost(request).await?.into_inner())
    }

    pub fn days_pass(&self, days: i64) {
        self.clock.advance(SignedDuration::from_hours(24 * days));
    }

    pub fn now(&self) -> Timestamp {
        let now = backorder_domain::time::Clock::now(self.clock.as_ref());
        Timestamp { seconds: now.as_second(), nanos: 0 }
    }

    pub async fn ship(&self, lines: &[(&str, i64)]) {
        let lines = lines.iter().map(|(name, quantity)| LineQuantity { name: (*name).to_owned(), quantity: *quantity });
        let request = ShipOrderLinesRequest { request_id: self.id(), lines: lines.collect(), ..Default::default() };
        self.clients.orders.clone().ship_order_lines(request).await.unwrap();
    }

    /// Confirms that the last shipment of an order arrived whole.
    pub async fn deliver(&self, order: &str, documents: DocumentState) {
        let request = ListShipmentsRequest { order: order.to_owned(), ..ListShipmentsRequest::default() };
        let found = self.clients.shipments.clone().list_shipments(request).await.unwrap().into_inner();
        let name = found.shipments.last().unwrap().name.clone();
        let request_id = self.id();
        let request = ConfirmDeliveryRequest { request_id, name, documents: documents.into(), ..Default::default() };
        self.clients.shipments.clone().confirm_delivery(request).await.unwrap();
    }

    pub async fn cancel(&self, order: &str, lines: &[(&str, i64)]) {
        let lines = lines.iter().map(|(name, quantity)| LineQuantity { name: (*name).to_owned(), quantity: *quantity });
        let (request_id, name) = (self.id(), order.to_owned());
        let context = because("changed-mind");
        let request = CancelOrderLinesRequest { request_id, name, lines: lines.collect(), context };
        self.clients.orders.clone().cancel_order_lines(request).await.unwrap();
    }

    /// Reserves waiting units of a line, and waits until the line knows.
    pub async fn serve(&self, line: &str, quantity: i64) {
        let claim = self.inventory.books().serve(line, quantity);
        self.tell(&[claim]).await;
        self.idle().await;
    }
}

/// The figure as `numerator/denominator value`, or the reason why it is not measured.
pub fn shown(group: &FigureGroup, name: FigureName, weight: FigureWeight) -> String {
    let is_it = |figure: &&ServiceFigure| figure.figure() == name && figure.weight() == weight;
    let figure = group.figures.iter().find(is_it).unwrap();
    let text = |number: &Option<Decimal>| number.as_ref().map_or_else(|| "-".to_owned(), |number| number.value.clone());
    let reason = figure.not_measured();
    if reason != NotMeasuredReason::Unspecified {
        return format!("{reason:?}");
    }
    let at_least = if figure.at_least { ">=" } else { "" };
    format!("{}/{} {at_least}{}", text(&figure.numerator), text(&figure.denominator), text(&figure.value))
}

fn priced(mut order: OrderDraft, euros: i64) -> OrderDraft {
    for line in &mut order.lines {
        line.unit_price = Some(Money { currency_code: "EUR".to_owned(), units: euros, nanos: 0 });
        line.unit_cost = Some(Money { currency_code: "EUR".to_owned(), units: euros / 2, nanos: 0 });
    }
    order
}

async fn the_example_of_75_of_80_and_20_of_20(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 75);
    world.free("b", 20);
    let mut order = world.order("a", 80);
    order.lines.push(OrderLineDraft { item: "items/b".to_owned(), quantity: 20, ..OrderLineDraft::default() });
    world.place(order).await;
    let total = world.all_figures().await;
    assert_eq!(shown(&total, FigureName::FillRate, FigureWeight::Units), "95/100 0.95");
    assert_eq!(shown(&total, FigureName::FillRate, FigureWeight::Lines), "1/2 0.5");
    assert_eq!(shown(&total, FigureName::FillRate, FigureWeight::Orders), "0/1 0");
    assert_eq!(shown(&total, FigureName::BackorderRate, FigureWeight::Units), "5/100 0.05");
    assert_eq!(shown(&total, FigureName::FillRate, FigureWeight::Value), "NoPrice");
}

async fn refused_demand_stays_in_the_whole_and_a_later_shipment_changes_no_fill(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.free("a", 6);
    let mut refusing = world.order("a", 10);
    refusing.lines[0].shortage_instruction = ShortageInstruction::NoBackOrder.into();
    world.place(refusing).await;
    world.place(world.order("b", 10)).await;
    let before = world.all_figures().await;
    assert_eq!(shown(&before, FigureName::FillRate, FigureWeight::Units), "6/20 0.3");
    assert_eq!(shown(&before, FigureName::RefusedRate, FigureWeight::Units), "4/20 0.2");
    assert_eq!(shown(&before, FigureName::BackorderRate, FigureWeight::Units), "10/20 0.5");
    assert_eq!(shown(&before, FigureName::BackorderUnitDays, FigureWeight::Units), "0/1 0");

    world.days_pass(3);
    world.serve("orders/A-2/lines/1", 10).await;
    world.ship(&[("orders/A-1/lines/1", 0), ("orders/A-2/lines/1", 7)]).await;
    world.days_pass(2);
    world.cancel("orders/A-2", &[("orders/A-2/lines/1", 3)]).await;
    let after = world.all_figures().await;
    for weight in [FigureWeight::Lines, FigureWeight::Units, FigureWeight::Orders] {
        let fill = |group| shown(group, FigureName::FillRate, weight);
        assert_eq!(fill(&before), fill(&after));
    }
    assert_eq!(shown(&after, FigureName::SecondaryFill, FigureWeight::Units), "7/20 0.35");
    assert_eq!(shown(&after, FigureName::CancelRate, FigureWeight::Units), "3/10 0.3");
    assert_eq!(shown(&after, FigureName::RecoveredRevenue, FigureWeight::Units), "7/10 0.7");
    assert_eq!(shown(&after, FigureName::BackorderUnitDays, FigureWeight::Units), "36/1 36");
    assert_eq!(
        shown(&after, FigureName::CustomerWait, FigureWeight::Lines),
        "1/2 >=4",
        "one wait ended after 3 days, one was cancelled after 5"
    );
}

async fn an_answer_as_of_a_time_leaves_out_what_came_later(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.free("a", 4);
    world.place(world.order("a", 10)).await;
    world.days_pass(2);
    let then = world.now();
    let seen = world.all_figures().await;
    world.days_pass(1);
    world.serve("orders/A-1/lines/1", 6).await;
    world.ship(&[("orders/A-1/lines/1", 10)]).await;
    world.deliver("orders/A-1", DocumentState::Correct).await;
    world.place(world.order("b", 3)).await;
    let as_of = |as_of| GetServiceFiguresRequest {
        scope: Some(FigureScope { as_of: Some(as_of), ..FigureScope::default() }),
        ..GetServiceFiguresRequest::default()
    };
    let again = world.figures(as_of(then)).await.unwrap();
    assert_eq!(again.total.unwrap(), seen);
    assert_eq!(again.basis.unwrap().as_of, Some(then));
    let now = world.all_figures().await;
    assert_eq!(shown(&now, FigureName::SecondaryFill, FigureWeight::Units), "6/13 0.461538");
    let future = Timestamp { seconds: world.now().seconds + 60, nanos: 0 };
    assert_eq!(refusal(world.figures(as_of(future)).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn deliveries_make_orders_perfect_and_what_nobody_confirmed_is_not_measured(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 100);
    for _ in 0..3 {
        world.place(world.order("a", 5)).await;
    }
    for order in 1..=3 {
        world.ship(&[(format!("orders/A-{order}/lines/1").as_str(), 5)]).await;
    }
    let unconfirmed = world.all_figures().await;
    assert_eq!(shown(&unconfirmed, FigureName::PerfectOrder, FigureWeight::Orders), "NoDelivery");
    assert_eq!(shown(&unconfirmed, FigureName::OnTimeInFull, FigureWeight::Units), "NoDelivery");
    assert_eq!(shown(&unconfirmed, FigureName::OrderCycleTime, FigureWeight::Orders), "NoDelivery");
    assert_eq!(shown(&unconfirmed, FigureName::ReceiptWait, FigureWeight::Lines), "NoDelivery");
    world.days_pass(2);
    world.deliver("orders/A-1", DocumentState::Correct).await;
    world.deliver("orders/A-2", DocumentState::Wrong).await;
    let confirmed = world.all_figures().await;
    assert_eq!(shown(&confirmed, FigureName::PerfectOrder, FigureWeight::Orders), "1/2 0.5");
    assert_eq!(shown(&confirmed, FigureName::DocumentsCorrect, FigureWeight::Lines), "1/2 0.5");
    assert_eq!(shown(&confirmed, FigureName::OnTimeInFull, FigureWeight::Units), "10/10 1");
    assert_eq!(shown(&confirmed, FigureName::OrderCycleTime, FigureWeight::Orders), "4/2 2");
    assert_eq!(shown(&confirmed, FigureName::OnCommitDate, FigureWeight::Lines), "3/3 1");
    assert_eq!(shown(&confirmed, FigureName::PromiseCalibration, FigureWeight::Lines), "NoQuantiles");
}

async fn lost_stock_makes_backorders_of_units_that_were_reserved(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.free("a", 10);
    world.place(world.order("a", 10)).await;
    let claim = world.inventory.books().lose("orders/A-1/lines/1", 4);
    world.tell(&[claim]).await;
    world.idle().await;
    world.days_pass(5);
    let lost = world.all_figures().await;
    assert_eq!(shown(&lost, FigureName::BackorderRate, FigureWeight::Units), "4/10 0.4");
    world.serve("orders/A-1/lines/1", 4).await;
    world.ship(&[("orders/A-1/lines/1", 10)]).await;
    let shipped = world.all_figures().await;
    assert_eq!(
        shown(&shipped, FigureName::BackorderRate, FigureWeight::Units),
        "4/10 0.4",
        "it does not fall when they ship"
    );
    assert_eq!(shown(&shipped, FigureName::FirstTimeFill, FigureWeight::Units), "10/10 1");
}

async fn future_demand_and_quotes_are_in_no_figure(backend: Backend) {
    let world = World::new(backend).await;
    let mut later = world.order("a", 5);
    later.lines[0].requested_date = wanted_on(day(20));
    world.place(later).await;
    let quote = QuoteOrderRequest {
        request_id: world.id(),
        order: Some(world.order("a", 7)),
        time_to_live: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
        ..QuoteOrderRequest::default()
    };
    world.clients.orders.clone().quote_order(quote).await.unwrap();
    world.place(world.order("a", 2)).await;
    let total = world.all_figures().await;
    assert_eq!((total.lines, total.lines_future), (1, 1));
    assert_eq!(shown(&total, FigureName::BackorderRate, FigureWeight::Units), "2/2 1");
}

async fn figures_are_grouped_filtered_and_paged(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    let (category, etag) = ("glass".to_owned(), "2".to_owned());
    world.tell_of_item(Item { name: "items/b".to_owned(), category, etag, pack_size: 1, ..Item::default() }).await;
    world.idle().await;
    world.free("a", 3);
    for (item, tier, channel, days) in [("a", "GOLD", "web", 40), ("b", "GOLD", "shop", 2), ("b", "", "web", 2)] {
        let order = OrderDraft {
            customer_tier: tier.to_owned(),
            channel: channel.to_owned(),
            order_time: days_ago(days),
            ..priced(world.order(item, 3), 10)
        };
        world.place(order).await;
    }
    let by = |group_by: FigureGrouping| GetServiceFiguresRequest {
        group_by: group_by.into(),
        figures: vec![FigureName::FillRate.into()],
        ..GetServiceFiguresRequest::default()
    };
    let mut found: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for (name, group_by) in [
        ("tier", FigureGrouping::CustomerTier),
        ("channel", FigureGrouping::Channel),
        ("item", FigureGrouping::Item),
        ("category", FigureGrouping::Category),
        ("month", FigureGrouping::Month),
    ] {
        let answer = world.figures(by(group_by)).await.unwrap();
        let units = |group: &FigureGroup| (group.key.clone(), shown(group, FigureName::FillRate, FigureWeight::Units));
        found.insert(name, answer.groups.iter().map(units).collect());
        assert_eq!((answer.definitions.len(), answer.basis.unwrap().currency_code.as_str()), (1, "EUR"));
    }
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(found["tier"], [pair("", "0/3 0"), pair("GOLD", "3/6 0.5")]);
    assert_eq!(found["channel"], [pair("shop", "0/3 0"), pair("web", "3/6 0.5")]);
    assert_eq!(found["item"], [pair("items/a", "3/3 1"), pair("items/b", "0/6 0")]);
    assert_eq!(found["category"], [pair("", "3/3 1"), pair("glass", "0/6 0")]);
    assert_eq!(found["month"], [pair("2026-01", "3/3 1"), pair("2026-02", "0/6 0")]);

    let mut request = GetServiceFiguresRequest { page_size: 1, ..by(FigureGrouping::Item) };
    let first = world.figures(request.clone()).await.unwrap();
    request.page_token = first.next_page_token;
    let second = world.figures(request.clone()).await.unwrap();
    let keys = |groups: &[FigureGroup]| groups.iter().map(|group| group.key.clone()).collect::<Vec<_>>();
    assert_eq!((keys(&first.groups), keys(&second.groups)), (vec!["items/a".to_owned()], vec!["items/b".to_owned()]));
    assert_eq!((second.next_page_token.as_str(), first.total), ("", second.total));
    request.group_by = FigureGrouping::Month.into();
    assert_eq!(refusal(world.figures(request).await), (Code::InvalidArgument, ErrorReason::PageTokenInvalid));

    let scope = FigureScope {
        from_date: Some(day(1)),
        until_date: Some(day(31)),
        customer_tier: "GOLD".to_owned(),
        category: "glass".to_owned(),
        ..FigureScope::default()
    };
    let march = world.figures(GetServiceFiguresRequest { scope: Some(scope), ..Default::default() }).await.unwrap();
    assert_eq!(march.total.unwrap().lines, 0, "all was wanted before March");
}

/// Ten of `a` of which four wait four days, eight of `b` of which two are given up, and one of `b` that is refused.
async fn short(backend: Backend) -> World {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.free("a", 6);
    world.place(priced(world.order("a", 10), 10)).await;
    world.place(priced(world.order("b", 8), 20)).await;
    let mut refusing = priced(world.order("b", 1), 30);
    refusing.lines[0].shortage_instruction = ShortageInstruction::NoBackOrder.into();
    world.place(refusing).await;
    world.ship(&[("orders/A-1/lines/1", 6)]).await;
    world.days_pass(4);
    world.serve("orders/A-1/lines/1", 4).await;
    world.ship(&[("orders/A-1/lines/1", 4)]).await;
    world.cancel("orders/A-2", &[("orders/A-2/lines/1", 2)]).await;
    world.days_pass(2);
    world
}

/// The cost with a penalty of 5 % of what ships late, by item, with two lines.
fn with_penalty() -> GetShortageCostRequest {
    let parameter = GivenParameter {
        name: ShortageParameterName::PenaltyShare.into(),
        value: Some(Decimal { value: "0.05".to_owned() }),
    };
    GetShortageCostRequest {
        group_by: FigureGrouping::Item.into(),
        parameters: vec![parameter],
        lines_max: 2,
        ..GetShortageCostRequest::default()
    }
}

async fn a_shortage_costs_by_cause(backend: Backend) {
    let world = short(backend).await;
    let answer = world.cost(with_penalty()).await.unwrap();
    let amounts = |group: &ShortageCostGroup| -> Vec<(ShortageCause, String)> {
        let text =
            |cost: &CauseCost| cost.amount.as_ref().map_or_else(|| "-".to_owned(), |amount| amount.value.clone());
        group.causes.iter().map(|cost| (cost.cause(), text(cost))).collect()
    };
    let total = answer.total.unwrap();
    let expected = [
        // 2 of A-2 at a margin of 10.
        (ShortageCause::LostCancelled, "20"),
        // The one that was refused at a margin of 15.
        (ShortageCause::LostRefused, "15"),
        // 6 open at a margin of 10; of the 6 backordered units that ended 2 were cancelled.
        (ShortageCause::LostExpected, "20"),
        // The second shipment of A-1.
        (ShortageCause::SplitFreight, "6"),
        (ShortageCause::ExpeditedFreight, "0"),
        // Two lines.
        (ShortageCause::Handling, "6"),
        // 4 and 6 days.
        (ShortageCause::Waiting, "2.5"),
        // 4 x 10 x 5 %.
        (ShortageCause::Penalty, "2"),
        (ShortageCause::Churn, "-"),
    ];
    assert_eq!(amounts(&total), expected.map(|(cause, amount)| (cause, amount.to_owned())));
    assert_eq!((total.total.unwrap().value, total.line_days.unwrap().value), ("71.5".to_owned(), "10".to_owned()));
    assert_eq!(total.per_line_day.unwrap().value, "7.15");
    let by_item: Vec<_> =
        answer.groups.iter().map(|group| (group.key.as_str(), group.total.clone().unwrap().value)).collect();
    assert_eq!(by_item, [("items/a", "12".to_owned()), ("items/b", "59.5".to_owned())]);
    let lines: Vec<_> =
        answer.lines.iter().map(|line| (line.line.as_str(), line.open, line.next_day.clone().unwrap().value)).collect();
    assert_eq!(lines, [("orders/A-2/lines/1", 6, "0.25".to_owned()), ("orders/A-3/lines/1", 0, "0".to_owned())]);
}

async fn each_parameter_of_the_cost_says_where_it_comes_from(backend: Backend) {
    let world = short(backend).await;
    let answer = world.cost(with_penalty()).await.unwrap();
    let source = |name: ShortageParameterName| {
        let found = answer.parameters.iter().find(|parameter| parameter.name() == name).unwrap();
        (found.source(), found.value.clone().map(|value| value.value))
    };
    assert_eq!(source(ShortageParameterName::PenaltyShare), (ParameterSource::Given, Some("0.05".to_owned())));
    assert_eq!(
        source(ShortageParameterName::OpenCancelShare),
        (ParameterSource::Measured, Some("0.333333333".to_owned()))
    );
    assert_eq!(source(ShortageParameterName::HandlingPerLine), (ParameterSource::Assumed, Some("3".to_owned())));
    assert_eq!(source(ShortageParameterName::ChurnPerLine), (ParameterSource::None, None));

    let mut twice = with_penalty();
    twice.parameters.extend(with_penalty().parameters);
    assert_eq!(refusal(world.cost(twice).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let too_much = GetShortageCostRequest { lines_max: 1_001, ..with_penalty() };
    assert_eq!(refusal(world.cost(too_much).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn wrong_requests_name_their_fields(backend: Backend) {
    let world = World::new(backend).await;
    let huge = "x".repeat(5_000);
    let scope = FigureScope {
        from_date: Some(day(9)),
        until_date: Some(day(8)),
        item: "a".to_owned(),
        location: "items/a".to_owned(),
        category: huge.clone(),
        channel: huge.clone(),
        customer_tier: huge.clone(),
        customer: huge,
        as_of: Some(Timestamp { seconds: i64::MAX, nanos: 0 }),
    };
    let figures = GetServiceFiguresRequest {
        scope: Some(scope.clone()),
        group_by: 99,
        figures: vec![99],
        on_time_days_early: Some(-1),
        on_time_days_late: i32::MAX,
        old_order_days: i32::MIN,
        ..GetServiceFiguresRequest::default()
    };
    let wrong = violations(&world.figures(figures).await.unwrap_err());
    for field in ["scope.until_date", "scope.as_of", "scope.item", "scope.location", "scope.category", "scope.channel"]
    {
        assert!(wrong.contains(field), "{field} is not in {wrong}");
    }
    for field in ["scope.customer_tier", "scope.customer", "group_by", "figures[0]", "on_time_days_early"] {
        assert!(wrong.contains(field), "{field} is not in {wrong}");
    }
    assert!(wrong.contains("on_time_days_late") && wrong.contains("old_order_days"), "{wrong}");

    let many = GetServiceFiguresRequest { figures: vec![1; 101], ..GetServiceFiguresRequest::default() };
    assert_eq!(violations(&world.figures(many).await.unwrap_err()), "figures\n");

    let parameter = |name: i32, value: &str| GivenParameter { name, value: Some(Decimal { value: value.to_owned() }) };
    let margin = ShortageParameterName::MarginShare.into();
    let freight = ShortageParameterName::ShipmentCost.into();
    let parameters =
        vec![parameter(99, "1"), parameter(margin, "1.1"), parameter(freight, "1000000.1"), parameter(margin, "x")];
    let cost = GetShortageCostRequest { parameters, lines_max: -1, ..GetShortageCostRequest::default() };
    let wrong = violations(&world.cost(cost).await.unwrap_err());
    for field in ["parameters[0].name", "parameters[1].value", "parameters[2].value", "parameters[3].name"] {
        assert!(wrong.contains(field), "{field} is not in {wrong}");
    }
    assert!(wrong.contains("parameters[3].value") && wrong.contains("lines_max"), "{wrong}");
    let negative = GetServiceFiguresRequest { page_size: -1, ..GetServiceFiguresRequest::default() };
    assert_eq!(refusal(world.figures(negative).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

/// The fields that a refusal names, one on a line.
fn violations(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    let found = status.get_details_bad_request().unwrap().field_violations;
    found.into_iter().map(|violation| violation.field + "\n").collect()
}

on_each_backend!(
    wrong_requests_name_their_fields,
    the_example_of_75_of_80_and_20_of_20,
    refused_demand_stays_in_the_whole_and_a_later_shipment_changes_no_fill,
    an_answer_as_of_a_time_leaves_out_what_came_later,
    deliveries_make_orders_perfect_and_what_nobody_confirmed_is_not_measured,
    lost_stock_makes_backorders_of_units_that_were_reserved,
    future_demand_and_quotes_are_in_no_figure,
    figures_are_grouped_filtered_and_paged,
    a_shortage_costs_by_cause,
    each_parameter_of_the_cost_says_where_it_comes_from,
);
