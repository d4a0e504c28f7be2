//! Service figures against a naive recount, unit by unit, of what the public lists tell about orders that were made at random
//! through the public calls.

use std::collections::BTreeMap;

use backorder_proto::{
    allocation::v1::*,
    common::v1::{Date, Money},
};
use backorder_testkit::{Backend, on_each_backend, seed};
use jiff::civil;

use crate::{
    figures::shown,
    world::{NOW, World},
};

/// Days over which orders come.
const DAYS: i64 = 8;
/// Orders each day.
const ORDERS: u32 = 4;

/// SplitMix64 (Steele, Lea and Flood 2014): what happens need not be hard to guess.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `first` to `last`.
    fn between(&mut self, first: i64, last: i64) -> i64 {
        first + (self.next() % (last - first + 1) as u64) as i64
    }

    /// Whether something happens that happens so many times in a hundred.
    fn happens(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// Makes orders, serves, ships, delivers and cancels at random.
async fn lead_a_life(world: &World, random: &mut Random) {
    let mut waiting: BTreeMap<String, i64> = BTreeMap::new();
    for _ in 0..DAYS {
        for _ in 0..ORDERS {
            place_one(world, random, &mut waiting).await;
        }
        for (line, left) in &mut waiting {
            if *left > 0 && random.happens(30) {
                let units = random.between(1, *left);
                world.serve(line, units).await;
                *left -= units;
            }
        }
        ship_some(world, random).await;
        cancel_some(world, random, &mut waiting).await;
        world.days_pass(1);
    }
}

async fn place_one(world: &World, random: &mut Random, waiting: &mut BTreeMap<String, i64>) {
    let mut order = world.order("a", 1);
    order.lines = ["a", "b"][..random.between(1, 2) as usize].iter().map(|item| line(item, random)).collect();
    for item in ["a", "b"] {
        world.free(item, random.between(0, 6));
    }
    let placed = world.place(order).await;
    for line in placed.order.unwrap().lines {
        waiting.insert(line.name, line.open);
    }
}

fn line(item: &str, random: &mut Random) -> OrderLineDraft {
    let instructions = [ShortageInstruction::BackOrder, ShortageInstruction::NoBackOrder];
    let price = random.between(0, 9);
    let unit_price = (price > 0).then(|| Money { currency_code: "EUR".to_owned(), units: price, nanos: 0 });
    OrderLineDraft {
        item: format!("items/{item}"),
        quantity: random.between(1, 7),
        shortage_instruction: instructions[usize::from(random.happens(25))].into(),
        unit_price,
        ..OrderLineDraft::default()
    }
}

async fn orders(world: &World) -> Vec<Order> {
    let request = ListOrdersRequest { page_size: 1_000, ..ListOrdersRequest::default() };
    let listed = world.clients.orders.clone().list_orders(request).await.unwrap().into_inner().orders;
    let mut found = Vec::with_capacity(listed.len());
    for order in listed {
        let request = GetOrderRequest { name: order.name };
        found.push(world.clients.orders.clone().get_order(request).await.unwrap().into_inner());
    }
    found
}

async fn ship_some(world: &World, random: &mut Random) {
    for order in orders(world).await {
        let mut has_left = false;
        for line in order.lines.iter().filter(|line| line.reserved > 0) {
            if random.happens(60) {
                world.ship(&[(&line.name, random.between(1, line.reserved))]).await;
                has_left = true;
            }
        }
        if has_left && random.happens(70) {
            world.deliver(&order.name, DocumentState::Correct).await;
        }
    }
}

async fn cancel_some(world: &World, random: &mut Random, waiting: &mut BTreeMap<String, i64>) {
    for order in orders(world).await {
        for line in order.lines.iter().filter(|line| line.open > 0) {
            if random.happens(10) {
                let units = random.between(1, line.open);
                world.cancel(&order.name, &[(&line.name, units)]).await;
                waiting.insert(line.name.clone(), line.open - units);
            }
        }
    }
}

/// One unit that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Refused,
    InTime,
    Late,
    LateShipped,
    LateCancelled,
}

/// The units of a line, each for itself. Every line here is wanted on the day of its order, and nothing that was reserved is
/// lost, so a unit is in time when it was reserved at once.
fn units(line: &OrderLine, happened: &[(i64, bool, i64)]) -> (Vec<Unit>, i64) {
    let mut units = vec![Unit::Refused; usize::try_from(line.refused).unwrap()];
    for place in 0..line.ordered {
        units.push(if place < line.ordered - line.backordered { Unit::InTime } else { Unit::Late });
    }
    let mut in_time = line.ordered - line.backordered;
    let mut unit_days = 0;
    for (days, is_shipped, count) in happened {
        for _ in 0..*count {
            let late = units.iter().position(|unit| *unit == Unit::Late);
            if *is_shipped && in_time > 0 {
                in_time -= 1;
            } else if let Some(late) = late {
                units[late] = if *is_shipped { Unit::LateShipped } else { Unit::LateCancelled };
                unit_days += days;
            }
        }
    }
    (units, unit_days)
}

#[derive(Debug, Default)]
struct Recount {
    units: BTreeMap<&'static str, i64>,
    lines_filled: i64,
    lines: i64,
    orders_filled: i64,
    orders: i64,
    value_filled: i64,
    value: i64,
    unit_days: i64,
}

fn civil(date: Option<&Date>) -> civil::Date {
    let date = date.unwrap();
    civil::date(date.year as i16, date.month as i8, date.day as i8)
}

fn day_of(time: Option<&prost_types::Timestamp>) -> civil::Date {
    let instant = jiff::Timestamp::from_second(time.unwrap().seconds).unwrap();
    instant.in_tz("Europe/London").unwrap().date()
}

/// What happened to the lines, by line: days since the requested day, shipped or cancelled, units; oldest first.
async fn happened(world: &World) -> BTreeMap<String, Vec<(civil::Date, bool, i64)>> {
    let mut found: BTreeMap<String, Vec<(civil::Date, bool, i64)>> = BTreeMap::new();
    let request = ListShipmentsRequest { page_size: 200, ..ListShipmentsRequest::default() };
    let answer = world.clients.shipments.clone().list_shipments(request).await.unwrap().into_inner();
    assert_eq!(answer.next_page_token, "", "all shipments are on one page");
    for shipment in answer.shipments {
        let day = day_of(shipment.ship_time.as_ref());
        for line in shipment.lines {
            found.entry(line.line).or_default().push((day, true, line.quantity));
        }
    }
    let request = ListRefundsRequest { page_size: 1_000, ..ListRefundsRequest::default() };
    for refund in world.clients.refunds.clone().list_refunds(request).await.unwrap().into_inner().refunds {
        let day = day_of(refund.due_time.as_ref());
        found.entry(refund.line).or_default().push((day, false, refund.quantity));
    }
    found.values_mut().for_each(|events| events.sort_by_key(|(day, is_shipped, _)| (*day, !is_shipped)));
    found
}

async fn recount(world: &World) -> Recount {
    let happened = happened(world).await;
    let today = day_of(Some(&world.now()));
    let mut sums = Recount::default();
    for order in orders(world).await {
        let mut is_filled = true;
        for line in &order.lines {
            let wanted = civil(line.requested_date.as_ref().unwrap().date.as_ref());
            let since = |day: civil::Date| wanted.until(day).unwrap().get_days().into();
            let events = happened.get(&line.name).into_iter().flatten();
            let events: Vec<_> = events.map(|(day, is_shipped, units)| (since(*day), *is_shipped, *units)).collect();
            let (units, unit_days) = units(line, &events);
            let price = line.unit_price.as_ref().map(|price| price.units);
            for unit in &units {
                let name = match unit {
                    Unit::Refused => "refused",
                    Unit::InTime => "in time",
                    Unit::Late => "open",
                    Unit::LateShipped => "shipped late",
                    Unit::LateCancelled => "cancelled",
                };
                *sums.units.entry(name).or_default() += 1;
                sums.value += price.unwrap_or(0);
                sums.value_filled += if *unit == Unit::InTime { price.unwrap_or(0) } else { 0 };
                sums.unit_days += if *unit == Unit::Late { since(today) } else { 0 };
            }
            sums.unit_days += unit_days;
            let line_is_filled = units.iter().all(|unit| *unit == Unit::InTime);
            sums.lines += 1;
            sums.lines_filled += i64::from(line_is_filled);
            is_filled &= line_is_filled;
        }
        sums.orders += 1;
        sums.orders_filled += i64::from(is_filled);
    }
    sums
}

async fn figures_equal_a_recount_unit_by_unit(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    let mut random = Random(seed());
    lead_a_life(&world, &mut random).await;
    let naive = recount(&world).await;
    let of = |name: &str| naive.units.get(name).copied().unwrap_or(0);
    let asked: i64 = naive.units.values().sum();
    let late = of("open") + of("shipped late") + of("cancelled");
    assert!(naive.units.len() == 5, "the life has every kind of unit since {NOW}: {naive:?}");
    let total = world.all_figures().await;
    let parts = |name, weight| {
        let text = shown(&total, name, weight);
        text.split_once(' ').map_or_else(|| text.clone(), |(parts, _)| parts.to_owned())
    };
    let expected = [
        (FigureName::FillRate, FigureWeight::Units, of("in time"), asked),
        (FigureName::FillRate, FigureWeight::Lines, naive.lines_filled, naive.lines),
        (FigureName::FillRate, FigureWeight::Orders, naive.orders_filled, naive.orders),
        (FigureName::FillRate, FigureWeight::Value, naive.value_filled, naive.value),
        (FigureName::BackorderRate, FigureWeight::Units, late, asked),
        (FigureName::RefusedRate, FigureWeight::Units, of("refused"), asked),
        (FigureName::SecondaryFill, FigureWeight::Units, of("shipped late"), asked),
        (FigureName::CancelRate, FigureWeight::Units, of("cancelled"), late),
        (FigureName::RecoveredRevenue, FigureWeight::Units, of("shipped late"), late),
        (FigureName::BackorderUnitDays, FigureWeight::Units, naive.unit_days, 1),
    ];
    for (name, weight, numerator, denominator) in expected {
        assert_eq!(parts(name, weight), format!("{numerator}/{denominator}"), "{name:?} {weight:?}");
    }
    let by_tier = GetServiceFiguresRequest { group_by: FigureGrouping::Item.into(), ..Default::default() };
    let groups = world.figures(by_tier).await.unwrap().groups;
    assert_eq!(groups.iter().map(|group| group.lines).sum::<i64>(), naive.lines);
}

on_each_backend!(figures_equal_a_recount_unit_by_unit);
