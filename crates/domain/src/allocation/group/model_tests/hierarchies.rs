//! Hierarchies: the order of consumption by walking the tree as the rule is told, unit by unit.

use std::cmp::Reverse;

use proptest::{collection::vec, prelude::*};

use super::{super::hierarchy::*, config, units};

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        (0..40_i64).prop_map(|number| Target::Units(units(number))),
        (0..1_400_u32).prop_map(|hundredths| Target::Percent { hundredths }),
        (0..4_u32).prop_map(Target::Ratio),
    ]
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    vec((any::<prop::sample::Index>(), 0..4_u32, target()), 1..8).prop_map(|drawn| {
        let node = |(place, (parent, rank, target)): (usize, (prop::sample::Index, u32, Target))| Node {
            // One place more, which stands for the root.
            parent: Some(parent.index(place + 1)).filter(|parent| *parent < place).map(|parent| parent as u32),
            rank,
            target,
        };
        drawn.into_iter().enumerate().map(node).collect()
    })
}

fn children(nodes: &[Node], parent: Option<u32>) -> Vec<u32> {
    let mut children: Vec<u32> = (0..nodes.len() as u32).filter(|id| nodes[*id as usize].parent == parent).collect();
    children.sort_by_key(|id| Reverse(nodes[*id as usize].rank));
    children
}

fn branch(nodes: &[Node], id: u32) -> Vec<Option<u32>> {
    let below = children(nodes, Some(id)).into_iter().flat_map(|child| branch(nodes, child));
    std::iter::once(Some(id)).chain(below).collect()
}

fn order(nodes: &[Node], own: u32, stealing: Stealing) -> Vec<Option<u32>> {
    let mut line = vec![Some(own)];
    while let Some(Some(id)) = line.last().copied() {
        line.push(nodes[id as usize].parent);
    }
    let mut order = line.clone();
    if stealing == Stealing::Allowed {
        for id in line.into_iter().flatten() {
            let Node { parent, rank, .. } = nodes[id as usize];
            let lower = children(nodes, parent).into_iter().filter(|other| nodes[*other as usize].rank > rank);
            order.extend(lower.flat_map(|other| branch(nodes, other)));
        }
    }
    order
}

fn all_free(tree: &Hierarchy, nodes: &[Node]) -> Vec<i64> {
    let ids = std::iter::once(None).chain((0..nodes.len() as u32).map(Some));
    ids.map(|id| tree.free(id).unwrap().get()).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn demands_consume_as_the_tree_is_walked_unit_by_unit(
        nodes in nodes(), supply in 0..150_i64, demands in vec((any::<prop::sample::Index>(), 0..40_i64, any::<bool>()), 0..6),
    ) {
        let mut tree = Hierarchy::try_new(units(supply), &nodes).unwrap();
        let mut free = all_free(&tree, &nodes);
        prop_assert_eq!(free.iter().sum::<i64>(), supply);
        let untouched = free.clone();
        let (mut all_takes, place) = (Vec::new(), |id: Option<u32>| id.map_or(0, |id| id as usize + 1));
        for (own, asked, may_steal) in demands {
            let own = own.index(nodes.len()) as u32;
            let stealing = if may_steal { Stealing::Allowed } else { Stealing::Refused };
            let order = order(&nodes, own, stealing);
            let there: i64 = order.iter().map(|id| free[place(*id)]).sum();
            prop_assert_eq!(tree.available(own, stealing).unwrap().get(), there);
            let (mut expected, mut left) = (Vec::new(), asked);
            while let Some(giver) = order.iter().find(|id| left > 0 && free[place(**id)] > 0) {
                free[place(*giver)] -= 1;
                left -= 1;
                expected.push(*giver);
            }
            let mut takes = Vec::new();
            let rest = tree.take(own, units(asked), stealing, &mut takes).unwrap();
            let taken = takes.iter().flat_map(|take| vec![take.node; take.units.get() as usize]);
            prop_assert_eq!(taken.collect::<Vec<_>>(), expected);
            let expected_rest = match stealing {
                _ if left == 0 => Rest::Nothing,
                Stealing::Allowed => Rest::OtherSupply(units(left)),
                Stealing::Refused => Rest::Delay(units(left)),
            };
            prop_assert_eq!(rest, expected_rest);
            prop_assert_eq!(&all_free(&tree, &nodes), &free);
            all_takes.extend(takes);
        }
        tree.give_back(&all_takes).unwrap();
        prop_assert_eq!(all_free(&tree, &nodes), untouched);
    }

    #[test]
    fn ratios_and_numbers_leave_each_node_its_target_where_there_is_enough(
        numbers in vec(0..30_i64, 0..4), ratios in vec(1..9_u32, 0..4), spare in 0..200_i64,
    ) {
        let node = |target| Node { parent: None, rank: 1, target };
        let by_number = numbers.iter().map(|number| node(Target::Units(units(*number))));
        let nodes: Vec<Node> = by_number.chain(ratios.iter().map(|ratio| node(Target::Ratio(*ratio)))).collect();
        let tree = Hierarchy::try_new(units(numbers.iter().sum::<i64>() + spare), &nodes).unwrap();
        let free = all_free(&tree, &nodes);
        prop_assert_eq!(&free[1..=numbers.len()], &numbers[..]);
        let all: i64 = ratios.iter().map(|ratio| i64::from(*ratio)).sum();
        for (share, ratio) in free[numbers.len() + 1..].iter().zip(&ratios) {
            prop_assert!((share * all - spare * i64::from(*ratio)).abs() < all);
        }
        prop_assert_eq!(free[0], if ratios.is_empty() { spare } else { 0 });
    }
}
