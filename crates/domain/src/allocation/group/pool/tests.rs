#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

/// A pool of 100 units with levels channel, customer group and region.
fn pool() -> GroupPool {
    let levels = ["channel", "customer group", "region"];
    let mut pool = GroupPool::try_new(levels.map(str::to_owned).to_vec()).unwrap();
    pool.set_supply(units(100), units(0));
    pool
}

fn web_and_shop(pool: &mut GroupPool) -> (GroupId, GroupId) {
    (pool.group(&["web"]).unwrap(), pool.group(&["shop"]).unwrap())
}

/// Allocated now, ever allocated, withdrawn, consumed.
fn counted(counters: Counters) -> [i64; 4] {
    [counters.allocated, counters.cumulative_allocated, counters.cumulative_withdrawn, counters.cumulative_consumed]
        .map(Quantity::get)
}

#[test]
fn what_is_allocated_leaves_the_common_pool() {
    let mut pool = pool();
    let (web, _) = web_and_shop(&mut pool);
    pool.allocate(web, units(30)).unwrap();
    assert_eq!((pool.available_to_allocate(), pool.available_to_reserve()), (units(70), units(70)));
    let beyond = PoolError::BeyondPool { asked: units(71), available: units(70) };
    assert_eq!(pool.allocate(web, units(71)), Err(beyond.clone()));
    assert_eq!(pool.reserve(units(71)), Err(beyond));
    pool.reserve(units(70)).unwrap();
    assert_eq!(pool.available_to_allocate(), units(0));
}

#[test]
fn what_is_unallocated_comes_back_to_it() {
    let mut pool = pool();
    let (web, _) = web_and_shop(&mut pool);
    pool.allocate(web, units(30)).unwrap();
    pool.unallocate(web, units(10)).unwrap();
    assert_eq!((pool.available_to_allocate(), counted(pool.counters(web).unwrap())), (units(80), [20, 30, 10, 0]));
}

#[test]
fn what_is_reallocated_moves_between_groups_only() {
    let mut pool = pool();
    let (web, shop) = web_and_shop(&mut pool);
    pool.allocate(web, units(30)).unwrap();
    pool.reallocate(web, shop, units(10)).unwrap();
    assert_eq!(counted(pool.counters(web).unwrap()), [20, 30, 10, 0]);
    assert_eq!((counted(pool.counters(shop).unwrap()), pool.available_to_allocate()), ([10, 10, 0, 0], units(70)));
    assert_eq!(pool.reallocate(web, web, units(1)), Err(PoolError::SameGroup(web)));
}

#[test]
fn consuming_leaves_the_common_pool_as_it_is() {
    let mut pool = pool();
    let (web, _) = web_and_shop(&mut pool);
    pool.allocate(web, units(30)).unwrap();
    pool.consume(web, units(12), ConsumeInto::SoftReservation).unwrap();
    assert_eq!((pool.reserved(), pool.available_to_reserve()), (units(12), units(70)));
    pool.consume(web, units(8), ConsumeInto::Order).unwrap();
    assert_eq!((pool.reserved(), pool.available_to_reserve()), (units(12), units(70)));
    assert_eq!(counted(pool.counters(web).unwrap()), [10, 30, 0, 20]);
}

#[test]
fn no_verb_takes_more_than_a_group_has() {
    let mut pool = pool();
    let (web, shop) = web_and_shop(&mut pool);
    pool.allocate(web, units(5)).unwrap();
    let beyond = Err(PoolError::BeyondAllocated { group: web, asked: units(6), allocated: units(5) });
    assert_eq!(pool.unallocate(web, units(6)), beyond);
    assert_eq!(pool.reallocate(web, shop, units(6)), beyond);
    assert_eq!(pool.consume(web, units(6), ConsumeInto::Order), beyond);
    assert_eq!((counted(pool.query(&[]).unwrap()), pool.available_to_allocate()), ([5, 5, 0, 0], units(95)));
}

#[test]
fn every_verb_names_at_least_one_unit() {
    let mut pool = pool();
    let (web, shop) = web_and_shop(&mut pool);
    let none = Err(PoolError::ZeroQuantity);
    assert_eq!(pool.allocate(web, units(0)), none);
    assert_eq!(pool.unallocate(web, units(0)), none);
    assert_eq!(pool.reallocate(web, shop, units(0)), none);
    assert_eq!(pool.consume(web, units(0), ConsumeInto::Order), none);
    assert_eq!(pool.reserve(units(0)), none);
}

#[test]
fn units_of_one_item_are_allocated_at_one_level() {
    let mut pool = pool();
    let web = pool.group(&["web"]).unwrap();
    let web_gold = pool.group(&["web", "gold"]).unwrap();
    pool.allocate(web_gold, units(5)).unwrap();
    let mixed = Err(PoolError::MixedLevels { expected: 2, actual: 1 });
    assert_eq!(pool.allocate(web, units(5)), mixed);
    assert_eq!(pool.reallocate(web_gold, web, units(5)), mixed);
    pool.unallocate(web_gold, units(5)).unwrap();
    assert_eq!(pool.allocate(web, units(5)), mixed, "its counters stay at that level");
}

#[test]
fn a_refused_allocation_decides_no_level() {
    let mut pool = pool();
    let web = pool.group(&["web"]).unwrap();
    let web_gold = pool.group(&["web", "gold"]).unwrap();
    assert!(pool.allocate(web, units(101)).is_err());
    assert_eq!(pool.allocate(web_gold, units(5)), Ok(()));
}

#[test]
fn a_query_sums_all_groups_under_a_path() {
    let mut pool = pool();
    for (path, number) in [(["web", "gold"], 1), (["web", "std"], 2), (["shop", "gold"], 4)] {
        let group = pool.group(&path).unwrap();
        pool.allocate(group, units(number)).unwrap();
    }
    let allocated = |path: &[&str]| pool.query(path).unwrap().allocated.get();
    assert_eq!((allocated(&["web"]), allocated(&["shop"]), allocated(&[]), allocated(&["we"])), (3, 4, 7, 0));
    assert_eq!((allocated(&["web", "gold"]), allocated(&["web", "gold", "EU"])), (1, 0));
}

#[test]
fn supply_that_falls_below_what_is_allocated_empties_the_common_pool_and_limits_the_groups() {
    let mut pool = pool();
    let (web, _) = web_and_shop(&mut pool);
    pool.allocate(web, units(30)).unwrap();
    pool.set_supply(units(20), units(5));
    assert_eq!(pool.available_to_reserve(), units(0));
    let beyond = Err(PoolError::BeyondSupply { asked: units(16), there: units(15) });
    assert_eq!(pool.consume(web, units(16), ConsumeInto::SoftReservation), beyond);
    pool.consume(web, units(15), ConsumeInto::SoftReservation).unwrap();
    assert_eq!((pool.reserved(), pool.available_to_reserve()), (units(20), units(0)));
}

#[test]
fn levels_and_paths_that_cannot_be_are_refused() {
    let levels = |count| GroupPool::try_new((0..count).map(|number: usize| number.to_string()).collect());
    assert_eq!((levels(0).unwrap_err(), levels(9).unwrap_err()), (PoolError::Levels(0), PoolError::Levels(9)));
    assert!(levels(8).is_ok());
    let twice = GroupPool::try_new(vec!["a".to_owned(), "a".to_owned()]);
    assert_eq!(twice.unwrap_err(), PoolError::LevelName(2));
    let mut pool = pool();
    assert_eq!(pool.group(&[]), Err(PoolError::Path { actual: 0, levels: 3 }));
    assert_eq!(pool.group(&["a", "b", "c", "d"]), Err(PoolError::Path { actual: 4, levels: 3 }));
    assert_eq!(pool.group(&["a", ""]), Err(PoolError::EmptyValue(2)));
    assert_eq!(pool.allocate(GroupId(9), units(1)), Err(PoolError::NoSuchGroup(GroupId(9))));
}

#[test]
fn one_path_is_one_group() {
    let mut pool = pool();
    assert_eq!(pool.group(&["web", "gold"]), pool.group(&["web", "gold"]));
}

#[test]
fn counters_do_not_overflow() {
    let mut pool = pool();
    let (web, _) = web_and_shop(&mut pool);
    pool.set_supply(units(i64::MAX), units(0));
    pool.allocate(web, units(i64::MAX)).unwrap();
    pool.unallocate(web, units(i64::MAX)).unwrap();
    assert_eq!(pool.allocate(web, units(1)), Err(PoolError::Overflow));
    assert_eq!(pool.available_to_allocate(), units(i64::MAX), "nothing changed");
}
