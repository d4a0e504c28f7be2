//! Quotas: each unit goes to the first period in the order of the rules that still has room, and back from the last.

use proptest::{collection::vec, prelude::*};

use super::{super::key::Characteristics, super::quota::*, config, units};

/// A combination of two characteristics, each of three values or any.
type Values = [Option<u8>; 2];

#[derive(Debug, Clone)]
struct Group {
    values: Values,
    /// First day, days, maximum.
    periods: Vec<(i32, i32, i64)>,
}

#[derive(Debug, Clone)]
struct Plan {
    groups: Vec<Group>,
    backward: u32,
    forward: u32,
}

#[derive(Debug, Clone)]
enum Command {
    Consume { demand: [u8; 2], day: i32, asked: i64 },
    Release { which: usize, part: i64 },
    Move { which: usize, day: i32 },
}

fn group() -> impl Strategy<Value = Group> {
    let value = || proptest::option::of(0..3_u8);
    (value(), value(), vec((0..4_i32, 1..5_i32, 0..12_i64), 1..5)).prop_map(|(tier, channel, drawn)| {
        let mut day = 0;
        let mut periods = Vec::new();
        for (gap, days, maximum) in drawn {
            periods.push((day + gap, days, maximum));
            day += gap + days;
        }
        Group { values: [tier, channel], periods }
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    (vec(group(), 0..6), 0..3_u32, 0..3_u32).prop_map(|(drawn, backward, forward)| {
        let mut groups: Vec<Group> = Vec::new();
        for group in drawn {
            if groups.iter().all(|other| other.values != group.values) {
                groups.push(group);
            }
        }
        Plan { groups, backward, forward }
    })
}

fn command() -> impl Strategy<Value = Command> {
    let demand = || (0..4_u8, 0..4_u8).prop_map(|(tier, channel)| [tier, channel]);
    prop_oneof![
        3 => (demand(), -1..20_i32, 0..15_i64).prop_map(|(demand, day, asked)| Command::Consume { demand, day, asked }),
        1 => (0..20_usize, 0..15_i64).prop_map(|(which, part)| Command::Release { which, part }),
        1 => (0..20_usize, -1..20_i32).prop_map(|(which, day)| Command::Move { which, day }),
    ]
}

/// Units that are consumed: for each sequence (item, item at location), the period of each unit, in the order of taking.
type Units = [Vec<usize>; 2];

struct Model {
    sequences: [Vec<Plan>; 2],
    /// Of each period in the order in which the quotas number them: maximum, consumed.
    periods: Vec<(i64, i64)>,
}

impl Model {
    fn new(sequences: [Vec<Plan>; 2]) -> Self {
        let groups = sequences.iter().flatten().flat_map(|plan| &plan.groups);
        let periods = groups.flat_map(|group| &group.periods).map(|(_, _, maximum)| (*maximum, 0)).collect();
        Self { sequences, periods }
    }

    /// The periods that the demand may consume, in order; `None` when it is not restricted.
    fn order(&self, sequence: usize, demand: [u8; 2], day: i32) -> Option<Vec<usize>> {
        let mut number = if sequence == 0 { 0 } else { count(&self.sequences[0]) };
        let mut order = None;
        for plan in &self.sequences[sequence] {
            let fits = |group: &Group| {
                group.values.iter().zip(demand).all(|(value, own)| value.is_none_or(|value| value == own))
            };
            // The values that are named, as digits: one more named value outweighs which of them it is.
            let closeness = |group: &Group| {
                let [tier, channel] = group.values.map(|value| u8::from(value.is_some()));
                10 * (tier + channel) + tier
            };
            let best = plan.groups.iter().filter(|group| fits(group)).max_by_key(|group| closeness(group));
            for group in &plan.groups {
                let length = group.periods.len();
                let own = group.periods.iter().position(|(from, days, _)| (*from..from + days).contains(&day));
                if let Some(own) = own.filter(|_| best.is_some_and(|best| best.values == group.values)) {
                    let mut places = vec![own];
                    places.extend((0..own).rev().take(plan.backward as usize));
                    places.extend((own + 1..length).take(plan.forward as usize));
                    order.get_or_insert_with(Vec::new).extend(places.iter().map(|place| number + place));
                }
                number += length;
            }
        }
        order
    }

    fn available(&self, demand: [u8; 2], day: i32) -> Option<i64> {
        let left = |number: &usize| self.periods[*number].0 - self.periods[*number].1;
        let of = |sequence| Some(self.order(sequence, demand, day)?.iter().map(left).sum::<i64>());
        [of(0), of(1)].into_iter().flatten().min()
    }

    fn consume(&mut self, demand: [u8; 2], day: i32, asked: i64) -> Option<Units> {
        if self.available(demand, day).is_some_and(|available| available < asked) {
            return None;
        }
        Some([0, 1].map(|sequence| {
            let order = self.order(sequence, demand, day);
            let unit = |_| {
                let next =
                    *order.as_ref()?.iter().find(|number| self.periods[**number].0 > self.periods[**number].1)?;
                self.periods[next].1 += 1;
                Some(next)
            };
            (0..asked).filter_map(unit).collect()
        }))
    }

    fn release(&mut self, consumed: &mut Units, part: i64) {
        for taken in consumed {
            for _ in 0..part {
                if let Some(number) = taken.pop() {
                    self.periods[number].1 -= 1;
                }
            }
        }
    }
}

fn count(plans: &[Plan]) -> usize {
    plans.iter().flat_map(|plan| &plan.groups).map(|group| group.periods.len()).sum()
}

fn built(sequences: &[Vec<Plan>; 2]) -> (Characteristics, Quotas) {
    let mut characteristics = Characteristics::try_new(vec!["tier".to_owned(), "channel".to_owned()]).unwrap();
    let mut quotas = Quotas::default();
    for (sequence, location) in sequences.iter().zip([None, Some(5)]) {
        let mut plans = Vec::new();
        for plan in sequence {
            let mut groups = Vec::new();
            for group in &plan.groups {
                let texts = group.values.map(|value| value.map_or("#".to_owned(), |value| value.to_string()));
                let combination = characteristics.combination(&[&texts[0], &texts[1]]).unwrap();
                let periods = group.periods.iter().map(|(from_day, days, maximum)| Period {
                    from_day: *from_day,
                    until_day: from_day + days,
                    maximum: units(*maximum),
                    consumed: units(0),
                });
                groups.push(GroupQuota { combination, periods: periods.collect() });
            }
            plans.push(QuotaPlan { groups, backward_periods: plan.backward, forward_periods: plan.forward });
        }
        quotas.add(Object { item: 1, location }, plans).unwrap();
    }
    (characteristics, quotas)
}

fn periods_of(taken: &[Taken]) -> Vec<usize> {
    taken.iter().flat_map(|taken| vec![taken.period as usize; taken.units.get() as usize]).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn quotas_are_consumed_and_given_back_as_unit_by_unit(
        of_item in vec(plan(), 0..3), of_location in vec(plan(), 0..3), commands in vec(command(), 0..25),
    ) {
        let sequences = [of_item, of_location];
        let (characteristics, mut quotas) = built(&sequences);
        let mut model = Model::new(sequences);
        let mut kept: Vec<([u8; 2], Consumption, Units)> = Vec::new();
        let route_of = |quotas: &Quotas, demand: [u8; 2]| {
            let texts = demand.map(|value| value.to_string());
            quotas.route(1, 5, &characteristics.demand(&[&texts[0], &texts[1]]).unwrap())
        };
        for command in commands {
            let kept_count = kept.len();
            match command {
                Command::Consume { demand, day, asked } => {
                    let route = route_of(&quotas, demand);
                    prop_assert_eq!(quotas.available(&route, day), model.available(demand, day).map(units));
                    let consumed = quotas.consume(&route, day, units(asked)).ok();
                    let expected = model.consume(demand, day, asked);
                    prop_assert_eq!(consumed.is_some(), expected.is_some());
                    kept.extend(consumed.zip(expected).map(|(consumed, expected)| (demand, consumed, expected)));
                }
                Command::Release { which, part } if !kept.is_empty() => {
                    let (_, consumption, expected) = &mut kept[which % kept_count];
                    let part = part.min(consumption.quantity().get());
                    quotas.release(consumption, units(part)).unwrap();
                    model.release(expected, part);
                }
                Command::Move { which, day } if !kept.is_empty() => {
                    let (demand, consumption, expected) = &mut kept[which % kept_count];
                    let (quantity, before) = (consumption.quantity().get(), expected.clone());
                    let route = route_of(&quotas, *demand);
                    let is_moved = quotas.move_to(consumption, &route, day).is_ok();
                    model.release(expected, quantity);
                    let moved = model.consume(*demand, day, quantity);
                    prop_assert_eq!(is_moved, moved.is_some());
                    *expected = moved.unwrap_or_else(|| {
                        before.iter().flatten().for_each(|number| model.periods[*number].1 += 1);
                        before
                    });
                }
                Command::Release { .. } | Command::Move { .. } => {}
            }
            for (_, consumption, expected) in &kept {
                prop_assert_eq!(&periods_of(consumption.of_item()), &expected[0]);
                prop_assert_eq!(&periods_of(consumption.of_location()), &expected[1]);
            }
            for (number, (maximum, consumed)) in (0_u32..).zip(&model.periods) {
                let period = quotas.period(number).unwrap();
                prop_assert!(consumed <= maximum);
                prop_assert_eq!((period.maximum.get(), period.consumed.get()), (*maximum, *consumed));
            }
        }
    }
}
