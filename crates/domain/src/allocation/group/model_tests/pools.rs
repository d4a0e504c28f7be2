//! Pools: the verbs against plain sums, refusals included.

use proptest::{collection::vec, prelude::*};

use super::{super::pool::*, config, units};

#[derive(Debug, Clone, Copy)]
enum Verb {
    Allocate(usize, i64),
    Unallocate(usize, i64),
    Reallocate(usize, usize, i64),
    Consume(usize, i64, bool),
    Reserve(i64),
    Supply(i64),
}

fn verb() -> impl Strategy<Value = Verb> {
    let group = || 0..4_usize;
    let number = || 0..20_i64;
    prop_oneof![
        3 => (group(), number()).prop_map(|(group, number)| Verb::Allocate(group, number)),
        1 => (group(), number()).prop_map(|(group, number)| Verb::Unallocate(group, number)),
        1 => (group(), group(), number()).prop_map(|(source, target, number)| Verb::Reallocate(source, target, number)),
        2 => (group(), number(), any::<bool>()).prop_map(|(group, number, soft)| Verb::Consume(group, number, soft)),
        1 => number().prop_map(Verb::Reserve),
        1 => (0..80_i64).prop_map(Verb::Supply),
    ]
}

/// Paths of the four groups; the last one is of another level.
const PATHS: [&[&str]; 4] = [&["web", "gold"], &["web", "std"], &["shop", "gold"], &["shop"]];

#[derive(Debug, Clone, Copy, Default)]
struct Model {
    supply: i64,
    reserved: i64,
    allocated: [i64; 4],
    gained: [i64; 4],
    withdrawn: [i64; 4],
    consumed: [i64; 4],
    level: Option<usize>,
}

impl Model {
    fn common(&self) -> i64 {
        (self.supply - self.reserved - self.allocated.iter().sum::<i64>()).max(0)
    }

    /// Whether the verb is done.
    fn apply(&mut self, verb: Verb) -> bool {
        let fits = |model: &Self, group: usize| model.level.is_none_or(|level| level == PATHS[group].len());
        match verb {
            Verb::Allocate(group, number) => {
                let done = number > 0 && number <= self.common() && fits(self, group);
                if done {
                    self.allocated[group] += number;
                    self.gained[group] += number;
                    self.level = Some(PATHS[group].len());
                }
                done
            }
            Verb::Unallocate(group, number) => {
                let done = number > 0 && number <= self.allocated[group];
                if done {
                    self.allocated[group] -= number;
                    self.withdrawn[group] += number;
                }
                done
            }
            Verb::Reallocate(source, target, number) => {
                let done = source != target && fits(self, target) && number > 0 && number <= self.allocated[source];
                if done {
                    self.allocated[source] -= number;
                    self.withdrawn[source] += number;
                    self.allocated[target] += number;
                    self.gained[target] += number;
                }
                done
            }
            Verb::Consume(group, number, is_soft) => {
                let there = (self.supply - self.reserved).max(0);
                let done = number > 0 && number <= self.allocated[group] && number <= there;
                if done {
                    self.allocated[group] -= number;
                    self.consumed[group] += number;
                    *(if is_soft { &mut self.reserved } else { &mut self.supply }) +=
                        if is_soft { number } else { -number };
                }
                done
            }
            Verb::Reserve(number) => {
                let done = number > 0 && number <= self.common();
                self.reserved += if done { number } else { 0 };
                done
            }
            Verb::Supply(supply) => {
                self.supply = supply;
                true
            }
        }
    }
}

fn apply(pool: &mut GroupPool, groups: &[GroupId; 4], verb: Verb) -> bool {
    match verb {
        Verb::Allocate(group, number) => pool.allocate(groups[group], units(number)).is_ok(),
        Verb::Unallocate(group, number) => pool.unallocate(groups[group], units(number)).is_ok(),
        Verb::Reallocate(source, target, number) => {
            pool.reallocate(groups[source], groups[target], units(number)).is_ok()
        }
        Verb::Consume(group, number, is_soft) => {
            let into = if is_soft { ConsumeInto::SoftReservation } else { ConsumeInto::Order };
            pool.consume(groups[group], units(number), into).is_ok()
        }
        Verb::Reserve(number) => pool.reserve(units(number)).is_ok(),
        Verb::Supply(supply) => {
            pool.set_supply(units(supply), pool.reserved());
            true
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn verbs_do_what_plain_sums_say(verbs in vec(verb(), 0..40)) {
        let mut pool = GroupPool::try_new(vec!["channel".to_owned(), "tier".to_owned()]).unwrap();
        let groups = PATHS.map(|path| pool.group(path).unwrap());
        let mut model = Model::default();
        for verb in verbs {
            let before = pool.available_to_reserve();
            prop_assert_eq!(apply(&mut pool, &groups, verb), model.apply(verb), "{:?}", verb);
            prop_assert_eq!(pool.available_to_allocate().get(), model.common());
            prop_assert_eq!(pool.available_to_allocate(), pool.available_to_reserve());
            if matches!(verb, Verb::Consume(..) | Verb::Reallocate(..)) {
                prop_assert_eq!(pool.available_to_reserve(), before);
            }
            for (place, group) in groups.iter().enumerate() {
                let counters = pool.counters(*group).unwrap();
                prop_assert_eq!(counters.allocated.get(), model.allocated[place]);
                prop_assert_eq!(counters.cumulative_allocated.get(), model.gained[place]);
                prop_assert_eq!(counters.cumulative_withdrawn.get(), model.withdrawn[place]);
                prop_assert_eq!(counters.cumulative_consumed.get(), model.consumed[place]);
                let sum = model.allocated[place] + model.withdrawn[place] + model.consumed[place];
                prop_assert_eq!(counters.cumulative_allocated.get(), sum);
            }
            let web = pool.query(&["web"]).unwrap();
            prop_assert_eq!(web.allocated.get(), model.allocated[0] + model.allocated[1]);
        }
    }
}
