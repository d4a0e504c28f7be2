#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

fn node(parent: Option<u32>, rank: u32, target: Target) -> Node {
    Node { parent, rank, target }
}

fn number(parent: Option<u32>, rank: u32, target: i64) -> Node {
    node(parent, rank, Target::Units(units(target)))
}

fn ratio(parent: Option<u32>, rank: u32, ratio: u32) -> Node {
    node(parent, rank, Target::Ratio(ratio))
}

fn percent(parent: Option<u32>, rank: u32, hundredths: u32) -> Node {
    node(parent, rank, Target::Percent { hundredths })
}

fn tree(supply: i64, nodes: &[Node]) -> Hierarchy {
    Hierarchy::try_new(units(supply), nodes).unwrap()
}

/// The units of the root and of each node.
fn free(tree: &Hierarchy, nodes: u32) -> Vec<i64> {
    let ids = std::iter::once(None).chain((0..nodes).map(Some));
    ids.map(|id| tree.free(id).unwrap().get()).collect()
}

/// Who gave how much, and what the rest is.
fn taken(tree: &mut Hierarchy, node: u32, asked: i64, stealing: Stealing) -> (Vec<(Option<u32>, i64)>, Rest) {
    let mut takes = Vec::new();
    let rest = tree.take(node, units(asked), stealing, &mut takes).unwrap();
    (takes.iter().map(|take| (take.node, take.units.get())).collect(), rest)
}

#[test]
fn a_ratio_of_three_to_one_of_2_000_is_1_500_and_500() {
    assert_eq!(free(&tree(2_000, &[ratio(None, 1, 3), ratio(None, 2, 1)]), 2), [0, 1_500, 500]);
}

#[test]
fn a_percentage_is_of_all_units_of_the_parent_and_the_rest_stays_there() {
    let tree = tree(1_000, &[percent(None, 1, 5_000), percent(None, 2, 2_500), percent(Some(0), 1, 1_000)]);
    assert_eq!(free(&tree, 3), [250, 450, 250, 50]);
}

#[test]
fn percentages_of_everything_leave_nothing_to_rounding() {
    let tree = tree(100, &[percent(None, 1, 3_333), percent(None, 1, 3_333), percent(None, 1, 3_334)]);
    assert_eq!(free(&tree, 3), [0, 33, 33, 34]);
}

#[test]
fn numbers_come_first_then_percentages_then_ratios() {
    let nodes = [ratio(None, 1, 1), percent(None, 1, 5_000), number(None, 1, 30), ratio(None, 1, 1)];
    assert_eq!(free(&tree(100, &nodes), 4), [0, 10, 50, 30, 10]);
}

#[test]
fn numbers_are_met_by_rank_as_far_as_the_units_go() {
    let nodes = [number(None, 2, 60), number(None, 1, 70), percent(None, 1, 1_000)];
    assert_eq!(free(&tree(100, &nodes), 3), [0, 30, 70, 0]);
}

/// A root with 10 of its own; regions 0 (rank 1) and 1 (rank 2) with 20 and 21, and customers of them: 2 (rank 1), 3 (rank 2)
/// and 4 (rank 3) in region 0 with 1, 2 and 3; 5 (rank 1) and 6 (rank 2) in region 1 with 4 and 5.
fn two_regions() -> Hierarchy {
    let nodes = [
        number(None, 1, 26),
        number(None, 2, 30),
        number(Some(0), 1, 1),
        number(Some(0), 2, 2),
        number(Some(0), 3, 3),
        number(Some(1), 1, 4),
        number(Some(1), 2, 5),
    ];
    tree(66, &nodes)
}

#[test]
fn a_demand_consumes_its_node_then_up_then_lower_ranks_and_then_the_same_one_tier_up() {
    let mut tree = two_regions();
    assert_eq!(free(&tree, 7), [10, 20, 21, 1, 2, 3, 4, 5]);
    let order = [
        (Some(2), 1),
        (Some(0), 20),
        (None, 10),
        (Some(4), 3),
        (Some(3), 2),
        (Some(1), 21),
        (Some(6), 5),
        (Some(5), 4),
    ];
    assert_eq!(tree.available(2, Stealing::Allowed).unwrap(), units(66));
    assert_eq!(taken(&mut tree, 2, 100, Stealing::Allowed), (order.to_vec(), Rest::OtherSupply(units(34))));
}

#[test]
fn without_stealing_the_rest_is_delayed() {
    let mut tree = two_regions();
    assert_eq!(tree.available(2, Stealing::Refused).unwrap(), units(31));
    let own_line = vec![(Some(2), 1), (Some(0), 20), (None, 10)];
    assert_eq!(taken(&mut tree, 2, 100, Stealing::Refused), (own_line, Rest::Delay(units(69))));
}

#[test]
fn nothing_is_stolen_from_a_higher_or_an_equal_rank() {
    let mut tree = two_regions();
    let of_the_lowest = vec![(Some(6), 5), (Some(1), 21), (None, 10)];
    assert_eq!(taken(&mut tree, 6, 100, Stealing::Allowed), (of_the_lowest, Rest::OtherSupply(units(64))));
    let mut equals = super::tests::tree(30, &[number(None, 1, 10), number(None, 1, 10), number(None, 1, 10)]);
    assert_eq!(taken(&mut equals, 2, 15, Stealing::Allowed), (vec![(Some(2), 10)], Rest::OtherSupply(units(5))));
}

#[test]
fn of_equal_ranks_the_one_listed_first_is_taken_from_first() {
    let nodes = [number(None, 1, 1), number(None, 2, 10), number(None, 2, 10), number(None, 3, 10)];
    let order = vec![(Some(0), 1), (Some(3), 10), (Some(1), 10), (Some(2), 4)];
    assert_eq!(taken(&mut tree(31, &nodes), 0, 25, Stealing::Allowed), (order, Rest::Nothing));
}

#[test]
fn a_take_says_how_the_giver_stands_to_the_demand() {
    let mut takes = Vec::new();
    two_regions().take(3, units(36), Stealing::Allowed, &mut takes).unwrap();
    let sources: Vec<_> = takes.iter().map(|take| take.source).collect();
    use Source::{Ancestor, Own, Stolen};
    assert_eq!(sources, [Own, Ancestor, Ancestor, Stolen, Stolen]);
}

#[test]
fn what_is_given_back_is_where_it_was() {
    let mut tree = two_regions();
    let mut takes = Vec::new();
    tree.take(2, units(50), Stealing::Allowed, &mut takes).unwrap();
    tree.give_back(&takes).unwrap();
    assert_eq!(free(&tree, 7), free(&two_regions(), 7));
}

#[test]
fn more_than_a_node_was_given_is_not_given_back() {
    let mut tree = two_regions();
    let mut takes = Vec::new();
    tree.take(2, units(21), Stealing::Allowed, &mut takes).unwrap();
    let before = free(&tree, 7);
    takes[1].units = units(21);
    let (free_of_0, asked) = (units(0), units(21));
    let refused = HierarchyError::BeyondAllotted { node: Some(0), asked, free: free_of_0, allotted: units(20) };
    assert_eq!(tree.give_back(&takes), Err(refused));
    assert_eq!(free(&tree, 7), before);
}

#[test]
fn a_node_that_is_not_there_is_named() {
    let mut tree = two_regions();
    let refused = Err(HierarchyError::NoSuchNode(7));
    assert_eq!(tree.take(7, units(1), Stealing::Allowed, &mut vec![]), refused.map(|()| Rest::Nothing));
    assert_eq!(tree.available(7, Stealing::Allowed), refused.map(|()| units(0)));
}

#[test]
fn a_tree_that_cannot_be_is_refused() {
    let refused = |nodes: &[Node]| Hierarchy::try_new(units(10), nodes).unwrap_err();
    let own_parent = InvalidHierarchy::ParentNotBefore { node: 0, parent: 0 };
    assert_eq!(refused(&[number(Some(0), 1, 1)]), own_parent);
    let too_much = [percent(None, 1, 6_000), percent(None, 1, 4_001)];
    assert_eq!(refused(&too_much), InvalidHierarchy::MoreThanAll { parent: None, hundredths: 10_001 });
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    let most = i64::MAX;
    let nodes = [number(None, 1, most), number(None, 1, most), ratio(None, 1, u32::MAX), percent(None, 1, 10_000)];
    let mut tree = tree(most, &nodes);
    assert_eq!(free(&tree, 4), [0, most, 0, 0, 0]);
    assert_eq!(taken(&mut tree, 0, most, Stealing::Allowed).1, Rest::Nothing);
}
