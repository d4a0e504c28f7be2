//! Random claims against a model that finds exact shares by trying every corner, rounds as the rules are told, and, where a
//! rule can be told unit by unit, serves unit by unit.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use std::cmp::Reverse;

use proptest::{collection::vec, prelude::*};

use super::*;

/// A rule, by the fields of the taker that it makes: slope, offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Proportional,
    Gains,
    Losses,
    Days,
}

const RULES: [Rule; 4] = [Rule::Proportional, Rule::Gains, Rule::Losses, Rule::Days];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    wanted: i64,
    pack: i64,
    on_hand: i64,
    demand: i64,
}

/// A fraction with a positive denominator.
#[derive(Debug, Clone, Copy)]
struct Fraction(i128, i128);

impl Fraction {
    fn of(whole: i64) -> Self {
        Self(i128::from(whole), 1)
    }

    fn reduced(self) -> Self {
        let (mut a, mut b) = (self.0.abs(), self.1);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self(self.0 / a.max(1), self.1 / a.max(1))
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
    }

    fn minus(self, other: Self) -> Self {
        self.plus(Self(-other.0, other.1))
    }

    fn times(self, other: Self) -> Self {
        Self(self.0 * other.0, self.1 * other.1).reduced()
    }

    fn over(self, other: Self) -> Self {
        Self(self.0 * other.1 * other.0.signum(), self.1 * other.0.abs()).reduced()
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Fraction {}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0 * other.1).cmp(&(other.0 * self.1))
    }
}

fn slope_and_offset(rule: Rule, asked: &Asked) -> (i64, i64) {
    match rule {
        Rule::Proportional => (asked.wanted, 0),
        Rule::Gains => (1, 0),
        Rule::Losses => (1, asked.wanted),
        Rule::Days => (asked.demand, -asked.on_hand),
    }
}

/// The exact shares of `total` among those that are open: the level is sought corner by corner.
fn exact(rule: Rule, total: i64, asked: &[Asked], given: &[i64], open: &[usize]) -> Vec<Fraction> {
    let at = |level: Fraction| -> Vec<Fraction> {
        let shares = open.iter().map(|i| {
            let (slope, offset) = slope_and_offset(rule, &asked[*i]);
            let ramp = level.times(Fraction::of(slope)).plus(Fraction::of(offset));
            ramp.clamp(Fraction::of(given[*i]), Fraction::of(asked[*i].wanted))
        });
        shares.collect()
    };
    let sum = |shares: &[Fraction]| shares.iter().fold(Fraction::of(0), |sum, share| sum.plus(*share));
    let mut corners = Vec::new();
    for i in open {
        let (slope, offset) = slope_and_offset(rule, &asked[*i]);
        for end in [given[*i], asked[*i].wanted] {
            corners.push(Fraction::of(end - offset).over(Fraction::of(slope)));
        }
    }
    corners.sort();
    let total = Fraction::of(total);
    let Some(next) = corners.iter().position(|corner| sum(&at(*corner)) >= total) else {
        return open.iter().map(|i| Fraction::of(asked[*i].wanted)).collect();
    };
    let high = at(corners[next]);
    if sum(&high) == total || next == 0 {
        return high;
    }
    // Between two corners all shares are straight lines.
    let low = at(corners[next - 1]);
    let part = total.minus(sum(&low)).over(sum(&high).minus(sum(&low)));
    low.iter().zip(&high).map(|(low, high)| low.plus(high.minus(*low).times(part))).collect()
}

/// The four steps of the module's text.
fn by_the_text(rule: Rule, supply: i64, asked: &[Asked], taking_part: &[usize]) -> (Vec<i64>, i64) {
    let (mut given, mut left) = (vec![0; asked.len()], supply);
    loop {
        let fits = |i: usize, given: &[i64], left: i64| asked[i].pack <= left.min(asked[i].wanted - given[i]);
        let open: Vec<usize> = taking_part.iter().copied().filter(|i| fits(*i, &given, left)).collect();
        if open.is_empty() {
            return (given, left);
        }
        let total = left + open.iter().map(|i| given[*i]).sum::<i64>();
        let shares = exact(rule, total, asked, &given, &open);
        let mut behind = Vec::new();
        for (i, share) in open.iter().zip(shares) {
            let whole = i64::try_from(share.0 / share.1).unwrap() / asked[*i].pack * asked[*i].pack;
            left -= whole - given[*i];
            given[*i] = whole;
            behind.push((Reverse(share.minus(Fraction::of(whole))), *i));
        }
        behind.sort();
        for (_, i) in behind {
            if fits(i, &given, left) {
                given[i] += asked[i].pack;
                left -= asked[i].pack;
            }
        }
    }
}

fn modelled(rule: Rule, supply: i64, asked: &[Asked]) -> (Vec<i64>, i64) {
    let (selling, resting): (Vec<usize>, Vec<usize>) =
        (0..asked.len()).partition(|i| rule != Rule::Days || asked[*i].demand > 0);
    let (first, left) = by_the_text(rule, supply, asked, &selling);
    let (second, left) = by_the_text(Rule::Gains, left, asked, &resting);
    (first.iter().zip(second).map(|(first, second)| first + second).collect(), left)
}

fn shared(rule: Rule, supply: i64, asked: &[Asked]) -> (Vec<i64>, i64) {
    let supply = Quantity::try_new(supply).unwrap();
    let units = |number: i64| Quantity::try_new(number).unwrap();
    let claim = |asked: &Asked| Claim::try_new(units(asked.wanted), units(asked.pack)).unwrap();
    let claims: Vec<Claim> = asked.iter().map(claim).collect();
    let shares = match rule {
        Rule::Proportional => proportional(supply, &claims),
        Rule::Gains => uniform_gains(supply, &claims),
        Rule::Losses => uniform_losses(supply, &claims),
        Rule::Days => {
            let stocked =
                |asked: &Asked| StockedClaim::try_new(claim(asked), units(asked.on_hand), asked.demand).unwrap();
            equal_days_of_supply(supply, &asked.iter().map(stocked).collect::<Vec<_>>())
        }
    };
    (shares.units.iter().map(|units| units.get()).collect(), shares.left.get())
}

/// The next unit goes to who has the smallest key, of equal ones to the first.
fn unit_by_unit(supply: i64, asked: &[Asked], key: impl Fn(&Asked, i64) -> i64) -> Vec<i64> {
    let mut given = vec![0; asked.len()];
    for _ in 0..supply {
        let open = (0..asked.len()).filter(|i| given[*i] < asked[*i].wanted);
        let Some(next) = open.min_by_key(|i| key(&asked[*i], given[*i])) else { break };
        given[next] += 1;
    }
    given
}

fn asked(packs: std::ops::Range<i64>) -> impl Strategy<Value = Vec<Asked>> {
    let one = (0..40_i64, packs, 0..30_i64, 0..9_i64);
    let one = one.prop_map(|(wanted, pack, on_hand, demand)| Asked { wanted, pack, on_hand, demand });
    prop_oneof![19 => vec(one.clone(), 0..8), 1 => vec(one, 30..60)]
}

fn supply() -> impl Strategy<Value = i64> {
    prop_oneof![9 => 0..220_i64, 1 => 0..1_500_i64]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("fair_share"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn shares_are_those_of_the_model(supply in supply(), asked in asked(1..8)) {
        for rule in RULES {
            prop_assert_eq!(shared(rule, supply, &asked), modelled(rule, supply, &asked), "{:?}", rule);
        }
    }

    #[test]
    fn shares_are_whole_packs_within_claims_and_nothing_is_left_that_somebody_could_take(
        supply in supply(), asked in asked(1..8),
    ) {
        for rule in RULES {
            let (given, left) = shared(rule, supply, &asked);
            prop_assert_eq!(given.iter().sum::<i64>() + left, supply);
            for (asked, given) in asked.iter().zip(given) {
                prop_assert!(given % asked.pack == 0 && 0 <= given && given <= asked.wanted);
                prop_assert!(asked.pack > left || asked.pack > asked.wanted - given, "{:?} leaves {}", rule, left);
            }
        }
    }

    #[test]
    fn gains_and_losses_are_what_serving_unit_by_unit_gives(supply in supply(), asked in asked(1..2)) {
        let gains = unit_by_unit(supply, &asked, |_, given| given);
        prop_assert_eq!(shared(Rule::Gains, supply, &asked).0, gains);
        let losses = unit_by_unit(supply, &asked, |asked, given| given - asked.wanted);
        prop_assert_eq!(shared(Rule::Losses, supply, &asked).0, losses);
    }

    #[test]
    fn who_leaves_with_a_share_changes_no_other_share_under_gains_and_losses(
        supply in supply(), asked in asked(1..2), leaver in 0..8_usize,
    ) {
        for rule in [Rule::Gains, Rule::Losses] {
            let (mut given, _) = shared(rule, supply, &asked);
            let mut others = asked.clone();
            if leaver < asked.len() {
                let supply = supply - given.remove(leaver);
                others.remove(leaver);
                prop_assert_eq!(shared(rule, supply, &others).0, given);
            }
        }
    }

    #[test]
    fn nobody_loses_by_a_larger_supply_under_gains_and_losses(
        supply in supply(), more in 0..50_i64, asked in asked(1..2), pack in 1..6_i64,
    ) {
        // Packs of one size, and claims of whole ones: a large pack that only then fits may take the units of small ones.
        let asked: Vec<Asked> =
            asked.iter().map(|asked| Asked { pack, wanted: asked.wanted * pack, ..*asked }).collect();
        for rule in [Rule::Gains, Rule::Losses] {
            let (before, after) = (shared(rule, supply, &asked).0, shared(rule, supply + more, &asked).0);
            prop_assert!(before.iter().zip(&after).all(|(before, after)| before <= after));
        }
    }

    #[test]
    fn the_order_of_claims_decides_only_among_equal_remainders(supply in supply(), asked in asked(1..2)) {
        let reversed: Vec<Asked> = asked.iter().rev().copied().collect();
        for rule in RULES {
            let (given, _) = shared(rule, supply, &asked);
            let (mut other, _) = shared(rule, supply, &reversed);
            other.reverse();
            let open: Vec<usize> = (0..asked.len()).filter(|i| asked[*i].wanted > 0).collect();
            if rule == Rule::Days && open.iter().any(|i| asked[*i].demand == 0) {
                continue;
            }
            let shares = exact(rule, supply, &asked, &vec![0; asked.len()], &open);
            let moved = open.iter().zip(shares).filter(|(i, _)| given[**i] != other[**i]);
            let mut remainders = Vec::new();
            for (i, share) in moved {
                prop_assert_eq!((given[*i] - other[*i]).abs(), 1);
                remainders.push(Fraction(share.0 % share.1, share.1));
            }
            prop_assert!(remainders.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", rule);
        }
    }

    #[test]
    fn equal_days_are_found_as_by_dropping_places_with_enough(supply in supply(), asked in asked(1..2)) {
        // Everybody wants more than there is, and sells.
        let plenty = |asked: &Asked| Asked { wanted: 2_000, demand: asked.demand + 1, ..*asked };
        let asked: Vec<Asked> = asked.iter().map(plenty).collect();
        let mut kept: Vec<usize> = (0..asked.len()).collect();
        loop {
            let stock: i64 = supply + kept.iter().map(|i| asked[*i].on_hand).sum::<i64>();
            let demand: i64 = kept.iter().map(|i| asked[*i].demand).sum();
            let enough = |i: &usize| stock * asked[*i].demand < asked[*i].on_hand * demand;
            if !kept.iter().any(enough) {
                let mut shares = vec![0; asked.len()];
                let exact = |i: usize| stock * asked[i].demand - asked[i].on_hand * demand;
                kept.iter().for_each(|i| shares[*i] = exact(*i) / demand);
                let mut by_remainder = kept.clone();
                by_remainder.sort_by_key(|i| Reverse(exact(*i) % demand));
                let left = supply - shares.iter().sum::<i64>();
                by_remainder.iter().take(usize::try_from(left).unwrap()).for_each(|i| shares[*i] += 1);
                let expected = if asked.is_empty() { vec![] } else { shares };
                prop_assert_eq!(shared(Rule::Days, supply, &asked).0, expected);
                break;
            }
            kept.retain(|i| !enough(i));
        }
    }

    #[test]
    fn a_split_sums_to_its_total_and_is_within_one_unit_of_the_exact_part(
        total in 0..10_000_i64, weights in vec(0..50_u32, 1..8),
    ) {
        let parts = split(Quantity::try_new(total).unwrap(), &weights);
        let all: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
        prop_assert_eq!(parts.iter().map(|part| part.get()).sum::<i64>(), if all == 0 { 0 } else { total });
        for (part, weight) in parts.iter().zip(weights) {
            let off = part.get() * all - total * i64::from(weight);
            prop_assert!(all == 0 || off.abs() < all);
        }
    }
}
