//! Whatever happens to the components of a kit, its figures agree with kits that are counted one by one, and what makes no whole
//! kit is found and can be mended.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::{
    claim::ClaimSums,
    kit::{Component, KitFigures, surplus, waits_whole},
    line::LineVector,
};
use crate::quantity::Quantity;

/// What happens: to whole kits, or to units of one component.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// All that waits is reserved, or nothing: the components are one ship set.
    Cover,
    HandOver,
    /// The warehouse does not find units of a component.
    Short(usize, i64),
    /// The warehouse says that units of a component left.
    ShipAlone(usize, i64),
    /// All that is there leaves, which the gate allows when nothing waits.
    ShipAll,
    CancelKits(i64),
    ReturnKits(i64),
    ReturnAlone(usize, i64),
    /// The warehouse gives back what makes no kit.
    GiveBackSurplus,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Cover),
        3 => Just(Step::HandOver),
        2 => (0..4_usize, 1..8_i64).prop_map(|(component, units)| Step::Short(component, units)),
        1 => (0..4_usize, 1..8_i64).prop_map(|(component, units)| Step::ShipAlone(component, units)),
        2 => Just(Step::ShipAll),
        2 => (1..4_i64).prop_map(Step::CancelKits),
        1 => (1..4_i64).prop_map(Step::ReturnKits),
        1 => (0..4_usize, 1..8_i64).prop_map(|(component, units)| Step::ReturnAlone(component, units)),
        2 => Just(Step::GiveBackSurplus),
    ];
    prop::collection::vec(step, 0..25)
}

/// A component: its line, and what its claims have.
#[derive(Debug)]
struct Part {
    per_kit: i64,
    line: LineVector,
    waiting: i64,
    reserved: i64,
    released: i64,
    posted: i64,
}

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

impl Part {
    fn new(per_kit: i64, kits: i64) -> Self {
        let ordered = per_kit * kits;
        Self {
            per_kit,
            line: LineVector::wanted(units(ordered)),
            waiting: ordered,
            reserved: 0,
            released: 0,
            posted: 0,
        }
    }

    fn follow(&mut self) {
        let sums = ClaimSums {
            waiting: units(self.waiting),
            reserved: units(self.reserved),
            released: units(self.released),
            posted: units(self.posted),
        };
        self.line.observe(sums).unwrap();
    }

    fn passed(&self) -> (i64, i64) {
        (self.per_kit, self.released + self.posted)
    }

    fn component(&self) -> Component {
        let parts = self.line.parts();
        Component {
            per_kit: self.per_kit,
            ordered: parts.ordered.get(),
            covered: parts.reserved.get() + parts.released.get(),
            shipped: parts.shipped.get(),
            returned: parts.returned.get(),
            cancelled: parts.cancelled.get(),
            ..Component::default()
        }
    }
}

fn ship(part: &mut Part, quantity: i64) {
    let of_released = quantity.min(part.released);
    part.released -= of_released;
    part.reserved -= quantity - of_released;
    part.posted += quantity;
}

fn cancel(part: &mut Part, quantity: i64) {
    let of_waiting = quantity.min(part.waiting);
    part.waiting -= of_waiting;
    part.reserved -= quantity - of_waiting;
}

/// Does what the commands allow; what they refuse changes nothing.
fn apply(parts: &mut [Part], step: Step) {
    let own = |component: usize| component % parts.len();
    match step {
        Step::Cover => parts.iter_mut().for_each(|part| part.reserved += std::mem::take(&mut part.waiting)),
        Step::HandOver if parts.iter().all(|part| part.waiting == 0) => {
            parts.iter_mut().for_each(|part| part.released += std::mem::take(&mut part.reserved));
        }
        Step::HandOver => {}
        Step::Short(component, quantity) => {
            let part = &mut parts[own(component)];
            let quantity = quantity.min(part.released);
            part.released -= quantity;
            part.waiting += quantity;
        }
        Step::ShipAlone(component, quantity) => {
            let part = &mut parts[own(component)];
            ship(part, quantity.min(part.released));
        }
        Step::ShipAll if parts.iter().all(|part| part.waiting == 0) => {
            parts.iter_mut().for_each(|part| ship(part, part.reserved + part.released));
        }
        Step::ShipAll => {}
        Step::CancelKits(kits) => {
            let fits = |part: &Part| part.line.may_cancel(units(kits * part.per_kit)).is_ok();
            if parts.iter().all(fits) {
                parts.iter_mut().for_each(|part| cancel(part, kits * part.per_kit));
            }
        }
        Step::ReturnKits(kits) => {
            let fits = |part: &Part| part.line.may_return(units(kits * part.per_kit)).is_ok();
            if parts.iter().all(fits) {
                parts.iter_mut().for_each(|part| part.line.take_back(units(kits * part.per_kit)).unwrap());
            }
        }
        Step::ReturnAlone(component, quantity) => {
            let part = &mut parts[own(component)];
            if part.line.may_return(units(quantity)).is_ok() {
                part.line.take_back(units(quantity)).unwrap();
            }
        }
        Step::GiveBackSurplus => {
            let found = surplus(&parts.iter().map(Part::passed).collect::<Vec<_>>());
            for (part, surplus) in parts.iter_mut().zip(found) {
                let given = surplus.min(part.released);
                part.released -= given;
                part.waiting += given;
            }
        }
    }
    parts.iter_mut().for_each(Part::follow);
}

/// So many of `kits` kits of which each component has its units, counted one by one.
fn counted(parts: &[Part], kits: i64, has: impl Fn(&Part) -> i64) -> i64 {
    let is_whole = |kit: &i64| parts.iter().all(|part| has(part) >= kit * part.per_kit);
    i64::try_from((1..=kits).filter(is_whole).count()).unwrap()
}

fn check(parts: &[Part], kits: i64) -> Result<(), TestCaseError> {
    let figures = KitFigures::of(&parts.iter().map(Part::component).collect::<Vec<_>>());
    prop_assert_eq!(figures.ordered, kits);
    prop_assert_eq!(figures.open + figures.covered + figures.shipped + figures.cancelled, kits);
    prop_assert!([figures.open, figures.covered, figures.shipped, figures.cancelled].iter().all(|part| *part >= 0));
    prop_assert_eq!(figures.shipped, counted(parts, kits, |part| part.posted));
    let returned = counted(parts, kits, |part| part.line.parts().returned.get());
    prop_assert_eq!(figures.returned, returned.min(figures.shipped));
    let kept = counted(parts, kits, |part| part.line.parts().ordered.get() - part.line.parts().cancelled.get());
    prop_assert_eq!(figures.cancelled, (kits - kept).min(kits - figures.shipped));
    let there = counted(parts, kits, |part| part.posted + part.released + part.reserved);
    prop_assert!(figures.shipped + figures.covered <= there, "no kit is covered of which something is missing");

    let passed: Vec<(i64, i64)> = parts.iter().map(Part::passed).collect();
    let beside = surplus(&passed);
    let whole = counted(parts, kits, |part| part.posted + part.released);
    for ((per_kit, passed), surplus) in passed.iter().zip(&beside) {
        prop_assert_eq!(passed - surplus, whole * per_kit, "without it all are in proportion");
    }
    if let Some(kits) = waits_whole(&parts.iter().map(|part| (part.per_kit, part.waiting)).collect::<Vec<_>>()) {
        prop_assert!(kits > 0 && parts.iter().all(|part| part.waiting == kits * part.per_kit));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("order_vector"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_figures_of_a_kit_agree_with_kits_that_are_counted(
        per_kit in prop::collection::vec(1..5_i64, 1..4),
        kits in 1..6_i64,
        steps in steps(),
    ) {
        let mut parts: Vec<Part> = per_kit.into_iter().map(|per_kit| Part::new(per_kit, kits)).collect();
        check(&parts, kits)?;
        for step in steps {
            apply(&mut parts, step);
            check(&parts, kits)?;
        }
    }

    #[test]
    fn what_the_warehouse_finds_short_is_in_proportion_again_when_it_gives_the_rest_back(
        per_kit in prop::collection::vec(1..5_i64, 1..4),
        kits in 1..6_i64,
        short in prop::collection::vec((0..4_usize, 1..8_i64), 1..4),
    ) {
        let mut parts: Vec<Part> = per_kit.into_iter().map(|per_kit| Part::new(per_kit, kits)).collect();
        for step in [Step::Cover, Step::HandOver] {
            apply(&mut parts, step);
        }
        for (component, units) in short {
            apply(&mut parts, Step::Short(component, units));
        }
        apply(&mut parts, Step::GiveBackSurplus);
        let waiting: Vec<(i64, i64)> = parts.iter().map(|part| (part.per_kit, part.waiting)).collect();
        prop_assert!(waits_whole(&waiting).is_some() || waiting.iter().all(|(_, waiting)| *waiting == 0));
        let passed: Vec<(i64, i64)> = parts.iter().map(Part::passed).collect();
        prop_assert!(surplus(&passed).iter().all(|units| *units == 0));
        apply(&mut parts, Step::CancelKits(waits_whole(&waiting).unwrap_or(1)));
        apply(&mut parts, Step::ShipAll);
        let figures = KitFigures::of(&parts.iter().map(Part::component).collect::<Vec<_>>());
        prop_assert_eq!(figures.shipped + figures.cancelled, kits, "whole kits leave, and whole kits are cancelled");
    }
}
