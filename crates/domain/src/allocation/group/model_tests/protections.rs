//! Protections: the formula as it is told, with each scaled protection written down.

use std::cmp::Reverse;

use proptest::{collection::vec, prelude::*};

use super::{super::protection::*, config, units};

#[derive(Debug, Clone, Copy)]
struct Group {
    core: u32,
    priority: u32,
    protected: i64,
    consumed: i64,
}

impl Group {
    fn remaining(&self) -> i64 {
        (self.protected - self.consumed).max(0)
    }

    fn outranks(&self, other: &Self) -> bool {
        self.core == other.core && self.priority < other.priority
    }
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    let group = (0..3_u32, 0..3_u32, 0..40_i64, 0..20_i64);
    let group = group.prop_map(|(core, priority, protected, consumed)| Group { core, priority, protected, consumed });
    vec(group, 0..7)
}

/// The remaining protections as group `own` sees them.
fn seen_by(own: usize, groups: &[Group], atp: i64) -> Vec<i64> {
    let mut seen: Vec<i64> = groups.iter().map(Group::remaining).collect();
    let higher: i64 = groups.iter().filter(|group| group.outranks(&groups[own])).map(Group::remaining).sum();
    let there = (atp - higher).max(0);
    let is_peer = |place: &usize| !groups[*place].outranks(&groups[own]) && !groups[own].outranks(&groups[*place]);
    let mut peers: Vec<usize> = (0..groups.len()).filter(is_peer).collect();
    let kept: i64 = peers.iter().map(|place| seen[*place]).sum();
    if kept > there {
        let exact: Vec<i64> = seen.iter().map(|remaining| remaining * there).collect();
        peers.iter().for_each(|place| seen[*place] = exact[*place] / kept);
        let left = there - peers.iter().map(|place| seen[*place]).sum::<i64>();
        peers.sort_by_key(|place| Reverse(exact[*place] % kept));
        peers.iter().take(left as usize).for_each(|place| seen[*place] += 1);
    }
    seen
}

fn modelled(own: Option<usize>, groups: &[Group], is_restricted_by_all: bool, asked: i64, atp: i64) -> (i64, i64) {
    let seen = match own {
        Some(own) => seen_by(own, groups, atp),
        None => groups.iter().map(Group::remaining).collect(),
    };
    let sum = |counts: &dyn Fn(usize) -> bool| -> i64 {
        (0..groups.len()).filter(|place| Some(*place) != own && counts(*place)).map(|place| seen[place]).sum()
    };
    let outranking = sum(&|place| own.is_none_or(|own| !groups[own].outranks(&groups[place])));
    let others = sum(&|_| true);
    let own_remaining = own.map_or(0, |own| seen[own]);
    let privileged = asked.min(own_remaining).min((atp - outranking).max(0));
    let restricting = if is_restricted_by_all { others } else { outranking };
    (privileged, (asked - privileged).min((atp - privileged - restricting).max(0)))
}

fn built(groups: &[Group], is_restricted_by_all: bool) -> Protections {
    let protected = groups.iter().map(|group| ProtectedGroup {
        core: group.core,
        priority: group.priority,
        protected: units(group.protected),
    });
    let outside =
        if is_restricted_by_all { OutsideProtection::AllProtections } else { OutsideProtection::OutrankingProtections };
    let mut protections = Protections::try_new(protected.collect(), outside).unwrap();
    for (place, group) in (0_u32..).zip(groups) {
        protections.consume(place, units(group.consumed + 3)).unwrap();
        protections.release(place, units(3)).unwrap();
    }
    protections
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn grants_are_those_of_the_formula(
        groups in groups(), is_restricted_by_all: bool, asked in 0..80_i64, atp in 0..150_i64,
    ) {
        let protections = built(&groups, is_restricted_by_all);
        for own in (0..groups.len()).map(Some).chain([None]) {
            let grant = protections.grant(own.map(|own| own as u32), units(asked), units(atp));
            let expected = modelled(own, &groups, is_restricted_by_all, asked, atp);
            prop_assert_eq!((grant.privileged.get(), grant.open.get()), expected, "group {:?}", own);
            prop_assert!(grant.total().get() <= asked.min(atp));
        }
    }

    #[test]
    fn a_grant_leaves_what_outranking_groups_keep(
        groups in groups(), is_restricted_by_all: bool, asked in 0..80_i64, atp in 0..150_i64,
    ) {
        let protections = built(&groups, is_restricted_by_all);
        for own in 0..groups.len() {
            let granted = protections.grant(Some(own as u32), units(asked), units(atp)).total().get();
            let higher: i64 = groups.iter().filter(|group| group.outranks(&groups[own])).map(Group::remaining).sum();
            prop_assert!(granted == 0 || atp - granted >= higher);
        }
    }

    #[test]
    fn asking_for_more_gets_no_less_and_asking_for_the_grant_gets_it(
        groups in groups(), is_restricted_by_all: bool, asked in 0..80_i64, more in 0..20_i64, atp in 0..150_i64,
    ) {
        let protections = built(&groups, is_restricted_by_all);
        for own in (0..groups.len()).map(|own| Some(own as u32)).chain([None]) {
            let grant = |asked: i64| protections.grant(own, units(asked), units(atp));
            prop_assert!(grant(asked).total() <= grant(asked + more).total());
            prop_assert_eq!(grant(grant(asked).total().get()), grant(asked));
        }
    }
}
