#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

fn group(core: u32, priority: u32, protected: i64) -> ProtectedGroup {
    ProtectedGroup { core, priority, protected: units(protected) }
}

fn restricted_by_all(groups: &[ProtectedGroup]) -> Protections {
    Protections::try_new(groups.to_vec(), OutsideProtection::AllProtections).unwrap()
}

fn restricted_by_outranking(groups: &[ProtectedGroup]) -> Protections {
    Protections::try_new(groups.to_vec(), OutsideProtection::OutrankingProtections).unwrap()
}

fn granted(protections: &Protections, group: Option<u32>, asked: i64, atp: i64) -> (i64, i64) {
    let grant = protections.grant(group, units(asked), units(atp));
    (grant.privileged.get(), grant.open.get())
}

const A_OUTRANKS_B: [ProtectedGroup; 2] = [
    ProtectedGroup { core: 0, priority: 1, protected: Quantity::ZERO },
    ProtectedGroup { core: 0, priority: 2, protected: Quantity::ZERO },
];

fn a_outranks_b(a: i64, b: i64) -> [ProtectedGroup; 2] {
    let [first, second] = A_OUTRANKS_B;
    [ProtectedGroup { protected: units(a), ..first }, ProtectedGroup { protected: units(b), ..second }]
}

#[test]
fn a_group_gets_of_its_protection_what_those_above_it_leave() {
    let protections = restricted_by_all(&a_outranks_b(80, 50));
    assert_eq!(granted(&protections, Some(1), 50, 100), (20, 0));
}

#[test]
fn a_group_is_not_held_back_by_those_below_it_inside_its_own_protection() {
    let protections = restricted_by_all(&a_outranks_b(80, 50));
    assert_eq!(granted(&protections, Some(0), 80, 100), (80, 0));
}

#[test]
fn beyond_its_own_protection_a_demand_is_restricted_by_all_or_by_those_that_outrank_it() {
    let groups = a_outranks_b(80, 50);
    assert_eq!(granted(&restricted_by_all(&groups), Some(0), 100, 140), (80, 10));
    assert_eq!(granted(&restricted_by_outranking(&groups), Some(0), 100, 140), (80, 20));
    assert_eq!(granted(&restricted_by_outranking(&groups), Some(1), 70, 140), (50, 10));
}

#[test]
fn core_groups_are_protected_against_each_other() {
    let protections = restricted_by_all(&[group(0, 1, 60), group(1, 1, 30)]);
    assert_eq!(granted(&protections, Some(0), 100, 100), (60, 10));
    assert_eq!(granted(&protections, Some(1), 100, 100), (30, 10));
}

#[test]
fn cores_and_priorities_combine() {
    // EU gold, EU standard, US gold.
    let groups = [group(0, 1, 30), group(0, 2, 20), group(1, 1, 40)];
    assert_eq!(granted(&restricted_by_outranking(&groups), Some(0), 100, 100), (30, 30), "EU standard is below");
    assert_eq!(granted(&restricted_by_outranking(&groups), Some(1), 100, 100), (20, 10), "EU gold and US are not");
    assert_eq!(granted(&restricted_by_outranking(&groups), Some(2), 100, 100), (40, 10), "all of EU is a peer");
}

#[test]
fn peers_that_keep_more_than_there_is_are_scaled_in_proportion() {
    let protections = restricted_by_all(&[group(0, 1, 80), group(1, 1, 40)]);
    assert_eq!(granted(&protections, Some(0), 100, 90), (60, 0));
    assert_eq!(granted(&protections, Some(1), 100, 90), (30, 0));
}

#[test]
fn what_scaling_leaves_goes_to_the_largest_remainder_and_then_to_the_first_group() {
    let thirds = restricted_by_all(&[group(0, 1, 50), group(1, 1, 50), group(2, 1, 50)]);
    let each: Vec<_> = (0..3).map(|place| granted(&thirds, Some(place), 50, 100).0).collect();
    assert_eq!(each, [34, 33, 33]);
    let uneven = restricted_by_all(&[group(0, 1, 10), group(1, 1, 20)]);
    assert_eq!((granted(&uneven, Some(0), 50, 10).0, granted(&uneven, Some(1), 50, 10).0), (3, 7));
}

#[test]
fn peers_are_scaled_to_what_those_above_them_leave() {
    let protections = restricted_by_all(&[group(0, 1, 70), group(0, 2, 40), group(0, 2, 20)]);
    assert_eq!(granted(&protections, Some(1), 40, 100), (20, 0));
    assert_eq!(granted(&protections, Some(2), 40, 100), (10, 0));
    assert_eq!(granted(&protections, Some(1), 40, 60), (0, 0), "nothing is left by the first");
}

#[test]
fn a_demand_of_no_group_gets_what_is_beyond_all_protections() {
    for protections in [restricted_by_all(&a_outranks_b(80, 50)), restricted_by_outranking(&a_outranks_b(80, 50))] {
        assert_eq!(granted(&protections, None, 50, 150), (0, 20));
        assert_eq!(granted(&protections, Some(2), 50, 150), (0, 20));
        assert_eq!(granted(&protections, None, 50, 100), (0, 0));
    }
}

#[test]
fn without_protections_all_of_the_atp_is_open() {
    assert_eq!(granted(&restricted_by_all(&[]), None, 50, 30), (0, 30));
}

#[test]
fn confirmed_orders_reduce_a_protection_and_cancelled_ones_bring_it_back() {
    let mut protections = restricted_by_all(&a_outranks_b(80, 50));
    protections.consume(0, units(90)).unwrap();
    assert_eq!(protections.remaining(0), units(0));
    assert_eq!(granted(&protections, Some(1), 50, 10), (10, 0));
    protections.release(0, units(30)).unwrap();
    assert_eq!(protections.remaining(0), units(20), "60 are still confirmed");
    protections.release(0, units(60)).unwrap();
    assert_eq!(protections.remaining(0), units(80));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let mut protections = restricted_by_all(&a_outranks_b(80, 50));
    assert_eq!(protections.consume(2, units(1)), Err(ProtectionError::NoSuchGroup(2)));
    let beyond = ProtectionError::BeyondConsumed { group: 0, asked: units(1), consumed: units(0) };
    assert_eq!(protections.release(0, units(1)), Err(beyond));
    protections.consume(0, units(i64::MAX)).unwrap();
    assert_eq!(protections.consume(0, units(1)), Err(ProtectionError::Overflow(0)));
    let refused = |groups| Protections::try_new(groups, OutsideProtection::AllProtections).unwrap_err();
    let protected = units(Quantity::COMMAND_MAX.get() + 1);
    let too_large = ProtectionError::ProtectedTooLarge { group: 0, protected };
    assert_eq!(refused(vec![ProtectedGroup { protected, ..A_OUTRANKS_B[0] }]), too_large);
    let many = GROUPS_MAX + 1;
    assert_eq!(refused(vec![A_OUTRANKS_B[0]; many]), ProtectionError::TooManyGroups(many));
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    let most = ProtectedGroup { protected: Quantity::COMMAND_MAX, ..A_OUTRANKS_B[0] };
    let protections = restricted_by_all(&vec![most; GROUPS_MAX]);
    let grant = protections.grant(Some(7), units(i64::MAX), units(i64::MAX));
    assert_eq!(grant.privileged, Quantity::COMMAND_MAX);
    assert!(grant.total() < units(i64::MAX));
}
