//! Each rule by example, and the sizes at the edge.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

fn claim(wanted: i64, pack: i64) -> Claim {
    Claim::try_new(units(wanted), units(pack)).unwrap()
}

fn claims(wanted: &[i64]) -> Vec<Claim> {
    wanted.iter().map(|wanted| claim(*wanted, 1)).collect()
}

fn stocked(wanted: i64, on_hand: i64, a_day: i64) -> StockedClaim {
    StockedClaim::try_new(claim(wanted, 1), units(on_hand), a_day * 1_000_000).unwrap()
}

fn given(shares: &Shares) -> Vec<i64> {
    shares.units.iter().map(|units| units.get()).collect()
}

#[test]
fn in_proportion_the_largest_remainder_gets_the_last_unit() {
    assert_eq!(given(&proportional(units(100), &claims(&[62, 10, 30, 48]))), [41, 7, 20, 32]);
}

#[test]
fn uniform_gains_meet_small_claims_first() {
    assert_eq!(given(&uniform_gains(units(100), &claims(&[62, 10, 30, 48]))), [30, 10, 30, 30]);
}

#[test]
fn uniform_losses_spread_what_is_missing() {
    // 50 are missing: the claim for 10 can lose no more than that, the others lose 13 1/3 each.
    assert_eq!(given(&uniform_losses(units(100), &claims(&[62, 10, 30, 48]))), [49, 0, 17, 34]);
    assert_eq!(given(&uniform_losses(units(102), &claims(&[62, 10, 30, 48]))), [50, 0, 17, 35]);
    assert_eq!(given(&uniform_losses(units(30), &claims(&[62, 10, 30, 48]))), [22, 0, 0, 8]);
}

#[test]
fn stock_and_share_last_equally_long_everywhere() {
    let places = [stocked(500, 50, 10), stocked(500, 100, 50), stocked(500, 75, 15)];
    assert_eq!(given(&equal_days_of_supply(units(500), &places)), [47, 383, 70]);
}

#[test]
fn a_place_with_more_days_than_the_others_get_is_left_out() {
    let places = [stocked(500, 900, 10), stocked(500, 0, 10), stocked(500, 20, 10)];
    assert_eq!(given(&equal_days_of_supply(units(40), &places)), [0, 30, 10]);
}

#[test]
fn a_place_is_brought_to_no_more_than_it_wants() {
    let places = [stocked(5, 0, 10), stocked(500, 0, 10), stocked(500, 20, 10)];
    assert_eq!(given(&equal_days_of_supply(units(45), &places)), [5, 30, 10]);
}

#[test]
fn a_slow_mover_is_measured_in_millionths_of_a_unit_a_day() {
    let slow = |micros| StockedClaim::try_new(claim(100, 1), Quantity::ZERO, micros).unwrap();
    assert_eq!(given(&equal_days_of_supply(units(12), &[slow(3), slow(9)])), [3, 9]);
}

#[test]
fn a_place_without_demand_comes_after_those_that_sell() {
    let places = [stocked(9, 0, 0), stocked(6, 0, 1), stocked(9, 3, 0)];
    assert_eq!(given(&equal_days_of_supply(units(5), &places)), [0, 5, 0]);
    assert_eq!(given(&equal_days_of_supply(units(13), &places)), [4, 6, 3]);
}

#[test]
fn of_equal_remainders_the_first_gets_the_unit() {
    for rule in [proportional, uniform_gains, uniform_losses] {
        assert_eq!(given(&rule(units(5), &claims(&[4, 4, 4]))), [2, 2, 1]);
    }
}

#[test]
fn packs_are_never_broken() {
    let shares = proportional(units(100), &[claim(62, 10), claim(10, 10), claim(30, 10), claim(48, 10)]);
    assert_eq!((given(&shares), shares.left), (vec![40, 10, 20, 30], Quantity::ZERO));
}

#[test]
fn a_claim_that_is_no_multiple_of_its_pack_gets_the_whole_packs_in_it() {
    let shares = uniform_gains(units(50), &[claim(25, 6), claim(5, 6)]);
    assert_eq!((given(&shares), shares.left), (vec![24, 0], units(26)));
}

#[test]
fn units_that_fit_no_pack_go_to_who_can_take_them_and_else_are_left() {
    let with_single_units = uniform_gains(units(9), &[claim(20, 10), claim(20, 1)]);
    assert_eq!(given(&with_single_units), [0, 9]);
    let packs_only = uniform_gains(units(19), &[claim(20, 10), claim(20, 10)]);
    assert_eq!((given(&packs_only), packs_only.left), (vec![10, 0], units(9)));
}

#[test]
fn plenty_meets_every_claim_and_is_left() {
    for rule in [proportional, uniform_gains, uniform_losses] {
        let shares = rule(units(1_000), &claims(&[62, 0, 10]));
        assert_eq!((given(&shares), shares.left), (vec![62, 0, 10], units(928)));
        assert_eq!(rule(units(7), &[]), Shares { units: vec![], left: units(7) });
    }
}

#[test]
fn the_largest_sizes_are_shared_to_the_unit() {
    let most = Quantity::COMMAND_MAX.get();
    let many: Vec<Claim> = (0..20_000).map(|number| claim(most - number % 7, 1 + number % 3)).collect();
    let supply = units(most * 9_999 + 1);
    for rule in [proportional, uniform_gains, uniform_losses] {
        let shares = rule(supply, &many);
        assert_eq!(given(&shares).iter().sum::<i64>() + shares.left.get(), supply.get());
        assert!(shares.left.get() < 3);
    }
    let stocked =
        |claim: &Claim| StockedClaim::try_new(*claim, Quantity::COMMAND_MAX, DAILY_DEMAND_MICROS_MAX).unwrap();
    let shares = equal_days_of_supply(units(i64::MAX), &many.iter().map(stocked).collect::<Vec<_>>());
    assert_eq!(given(&shares).iter().sum::<i64>() + shares.left.get(), i64::MAX);
}

#[test]
fn what_is_out_of_range_is_refused_by_name() {
    let too_many = units(Quantity::COMMAND_MAX.get() + 1);
    assert_eq!(Claim::try_new(units(1), Quantity::ZERO), Err(InvalidClaim::EmptyPack));
    assert_eq!(Claim::try_new(too_many, units(1)), Err(InvalidClaim::WantedTooLarge(too_many)));
    let stocked = |on_hand, micros| StockedClaim::try_new(claim(1, 1), on_hand, micros);
    assert_eq!(stocked(too_many, 0), Err(InvalidClaim::OnHandTooLarge(too_many)));
    assert_eq!(stocked(units(0), -1), Err(InvalidClaim::DailyDemand(-1)));
    let too_fast = DAILY_DEMAND_MICROS_MAX + 1;
    assert_eq!(stocked(units(0), too_fast), Err(InvalidClaim::DailyDemand(too_fast)));
}

#[test]
fn a_total_is_split_by_weights_to_the_unit() {
    let split = |total, weights: &[u32]| split(units(total), weights).iter().map(|part| part.get()).collect::<Vec<_>>();
    assert_eq!(split(2_000, &[3, 1]), [1_500, 500]);
    assert_eq!(split(10, &[1, 1, 1]), [4, 3, 3]);
    assert_eq!(split(10, &[0, 0]), [0, 0]);
    assert_eq!(split(i64::MAX, &[u32::MAX, 0]), [i64::MAX, 0]);
}
