//! A kit as one demand, made of those of its components: figures count the kit once, and it is what its least complete
//! component is.
//!
//! Source: domain notes, 2.14. [`KitFigures`] does the same for the quantities of one moment.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::civil::Date;

use super::{
    demand::{Arrival, Demand, Ending, EndingKind},
    history::{LineHistory, ShippedPart},
};
use crate::{
    order::kit::{Component, KitFigures},
    quantity::Quantity,
};

/// A component of a kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitPart {
    /// Base units in each kit.
    pub per_kit: i64,
    /// The component as a demand of its own.
    pub demand: Demand,
}

/// What is known of the kit itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitLine {
    /// The customer's line.
    pub line: Arc<str>,
    /// The price of one kit in nano-units, where it is known.
    pub price_nanos: Option<i64>,
    /// The days that were promised for all of it, one after the other.
    pub promised: Vec<Option<Date>>,
}

/// The kit as a demand; `None` without components. Days that its components share are those of the first one.
#[must_use]
pub fn demand(kit: KitLine, parts: &[KitPart]) -> Option<Demand> {
    let first = &parts.first()?.demand;
    let figures = KitFigures::of(&parts.iter().map(component).collect::<Vec<_>>());
    let units = |units: i64| Quantity::try_new(units).unwrap_or_default();
    let mut cost = parts.iter().map(|part| part.demand.history.cost_nanos?.checked_mul(part.per_kit));
    let history = LineHistory {
        order: first.history.order.clone(),
        line: kit.line,
        dates: first.history.dates,
        ordered: units(figures.ordered),
        refused: units(figures.refused),
        cancelled: Quantity::ZERO,
        cancelled_on: None,
        price_nanos: kit.price_nanos,
        cost_nanos: cost.try_fold(0_i64, |sum, cost| sum.checked_add(cost?)),
        parts: left(parts),
    };
    let covered: Option<Vec<Date>> = parts.iter().map(|part| part.demand.covered_on).collect();
    let mut endings = begun(parts, |demand| of_kind(demand, EndingKind::Cancelled), EndingKind::Cancelled);
    endings.extend(begun(parts, |demand| of_kind(demand, EndingKind::SentInstead), EndingKind::SentInstead));
    Some(Demand {
        as_of: first.as_of,
        due_on: parts.iter().map(|part| part.demand.due_on).max().unwrap_or(first.due_on),
        released_on: parts.iter().filter_map(|part| part.demand.released_on).max(),
        wanted: first.wanted,
        late_when_ordered: figures.backordered,
        at_once: figures.filled_at_once,
        covered_on: covered.and_then(|days| days.into_iter().max()),
        lost: most_begun(parts, |demand| demand.lost),
        substituted: most_begun(parts, |demand| demand.substituted),
        endings,
        arrivals: arrivals(parts, &history.parts),
        returned: parts.iter().map(|part| part.demand.returned / part.per_kit.max(1)).min().unwrap_or_default(),
        promised: kit.promised,
        history,
    })
}

fn component(part: &KitPart) -> Component {
    Component {
        per_kit: part.per_kit,
        ordered: part.demand.history.ordered.get(),
        refused: part.demand.history.refused.get(),
        filled_at_once: part.demand.at_once,
        backordered: part.demand.late_when_ordered,
        ..Component::default()
    }
}

/// Kits of which a component has begun so many units.
fn kits_begun(units: i64, per_kit: i64) -> i64 {
    let per_kit = per_kit.max(1);
    units / per_kit + i64::from(units % per_kit > 0)
}

fn most_begun(parts: &[KitPart], units: impl Fn(&Demand) -> i64) -> i64 {
    parts.iter().map(|part| kits_begun(units(&part.demand), part.per_kit)).max().unwrap_or_default()
}

type Dated = Vec<(Date, i64)>;

fn of_kind(demand: &Demand, kind: EndingKind) -> Dated {
    demand.endings.iter().filter(|ending| ending.kind == kind).map(|ending| (ending.on, ending.units)).collect()
}

/// How many kits more there are on each day, of kits counted from the units that each component has by then.
fn by_day(parts: &[KitPart], units: impl Fn(&Demand) -> Dated, kits: impl Fn(&[i64]) -> i64) -> Dated {
    let mut days: BTreeMap<Date, Vec<(usize, i64)>> = BTreeMap::new();
    for (place, part) in parts.iter().enumerate() {
        for (on, units) in units(&part.demand) {
            days.entry(on).or_default().push((place, units));
        }
    }
    let (mut so_far, mut before, mut found) = (vec![0_i64; parts.len()], 0, Dated::new());
    for (on, events) in days {
        for (place, units) in events {
            so_far[place] = so_far[place].saturating_add(units);
        }
        let now = kits(&so_far).max(before);
        if now > before {
            found.push((on, now - before));
            before = now;
        }
    }
    found
}

fn whole(parts: &[KitPart], units: impl Fn(&Demand) -> Dated) -> Dated {
    let kits = |so_far: &[i64]| so_far.iter().zip(parts).map(|(units, part)| units / part.per_kit.max(1)).min();
    by_day(parts, units, |so_far| kits(so_far).unwrap_or_default())
}

fn begun(parts: &[KitPart], units: impl Fn(&Demand) -> Dated, kind: EndingKind) -> Vec<Ending> {
    let kits = |so_far: &[i64]| so_far.iter().zip(parts).map(|(units, part)| kits_begun(*units, part.per_kit)).max();
    let dated = by_day(parts, units, |so_far| kits(so_far).unwrap_or_default());
    dated.into_iter().map(|(on, units)| Ending { on, units, kind }).collect()
}

/// Kits that left whole, with the shipment and the freight of what left of them on that day.
fn left(parts: &[KitPart]) -> Vec<ShippedPart> {
    let dated = |demand: &Demand| demand.history.parts.iter().map(|part| (part.on, part.units.get())).collect();
    let kit = |(on, kits): (Date, i64)| {
        let of_day = || parts.iter().flat_map(|part| &part.demand.history.parts).filter(move |part| part.on == on);
        ShippedPart {
            on,
            shipment: of_day().next_back().and_then(|part| part.shipment.clone()),
            units: Quantity::try_new(kits).unwrap_or_default(),
            freight_nanos: of_day().filter_map(|part| part.freight_nanos).reduce(i64::saturating_add),
            expedited: of_day().any(|part| part.expedited),
        }
    };
    whole(parts, dated).into_iter().map(kit).collect()
}

/// What is known of the arrival of kits: those that arrived whole are the first that left. A kit arrived when all of it did;
/// it is damaged when something of it is.
fn arrivals(parts: &[KitPart], left: &[ShippedPart]) -> Vec<Arrival> {
    let all = || parts.iter().flat_map(|part| &part.demand.arrivals);
    let arrived = |arrival: &Arrival| Some((arrival.arrived_on?, arrival.accepted.saturating_add(arrival.damaged)));
    let came = whole(parts, |demand| demand.arrivals.iter().filter_map(arrived).collect());
    let mut came = VecDeque::from(came);
    let is_confirmed = all().all(|arrival| arrival.arrived_on.is_some());
    let last = all().filter_map(|arrival| arrival.arrived_on).max().filter(|_| is_confirmed);
    let documents = all().map(|arrival| arrival.documents).reduce(|all, one| match (all, one) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    });
    let mut damaged = most_begun(parts, |demand| {
        demand.arrivals.iter().fold(0_i64, |sum, arrival| sum.saturating_add(arrival.damaged))
    });
    let mut found = Vec::with_capacity(left.len());
    for part in left {
        let mut rest = part.units.get();
        let mut add = |units: i64, arrived_on: Option<Date>, came: i64| {
            let broken = damaged.min(came);
            damaged -= broken;
            let documents = documents.flatten();
            found.push(Arrival {
                left_on: part.on,
                units,
                arrived_on,
                accepted: came - broken,
                damaged: broken,
                documents,
            });
        };
        while rest > 0 {
            let Some((day, kits)) = came.pop_front() else { break };
            let taken = kits.min(rest);
            rest -= taken;
            add(taken, Some(day), taken);
            if kits > taken {
                came.push_front((day, kits - taken));
            }
        }
        if rest > 0 {
            add(rest, last, 0);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;
    use crate::figures::samples::{cancel, deliver, demand as line, leave};

    fn kit(parts: &[(i64, Demand)]) -> Demand {
        let parts: Vec<KitPart> =
            parts.iter().map(|(per_kit, demand)| KitPart { per_kit: *per_kit, demand: demand.clone() }).collect();
        let of = KitLine { line: "9".into(), price_nanos: Some(7), promised: vec![Some(date(2026, 1, 5))] };
        demand(of, &parts).unwrap()
    }

    #[test]
    fn a_kit_left_when_the_last_of_it_left_and_counts_once() {
        let mugs = leave(leave(line(10), 4, date(2026, 1, 3)), 6, date(2026, 1, 4));
        let lids = leave(leave(line(5), 1, date(2026, 1, 2)), 4, date(2026, 1, 9));
        let found = kit(&[(2, mugs), (1, lids)]);
        let left: Vec<_> = found.history.parts.iter().map(|part| (part.on, part.units.get())).collect();
        assert_eq!((found.history.ordered.get(), left), (5, vec![(date(2026, 1, 3), 1), (date(2026, 1, 9), 4)]));
        assert_eq!((found.history.price_nanos, found.history.cost_nanos), (Some(7), Some(18_000_000_000)));
    }

    #[test]
    fn a_kit_is_late_with_its_latest_component_and_cancelled_with_any() {
        let mut mugs = cancel(line(10), 3, date(2026, 1, 7));
        (mugs.at_once, mugs.covered_on) = (10, Some(date(2026, 1, 1)));
        let mut lids = line(5);
        lids.late_when_ordered = 3;
        let found = kit(&[(2, mugs), (1, lids)]);
        assert_eq!((found.late_when_ordered, found.at_once, found.covered_on), (3, 0, None));
        let cancelled = Ending { on: date(2026, 1, 7), units: 2, kind: EndingKind::Cancelled };
        assert_eq!(found.endings, [cancelled]);
    }

    #[test]
    fn a_kit_arrived_when_all_of_it_did() {
        let mugs = deliver(line(4), 4, date(2026, 1, 3));
        let lids = leave(deliver(line(2), 1, date(2026, 1, 4)), 1, date(2026, 1, 4));
        let found = kit(&[(2, mugs.clone()), (1, lids)]);
        let arrived: Vec<_> = found.arrivals.iter().map(|a| (a.left_on, a.units, a.arrived_on)).collect();
        assert_eq!(arrived, [(date(2026, 1, 4), 1, Some(date(2026, 1, 6))), (date(2026, 1, 4), 1, None)]);
        let mut broken = deliver(line(2), 2, date(2026, 1, 4));
        (broken.arrivals[0].accepted, broken.arrivals[0].damaged) = (1, 1);
        let found = kit(&[(2, mugs), (1, broken)]);
        assert_eq!(
            (found.arrivals[0].accepted, found.arrivals[0].damaged, found.arrivals[0].documents),
            (1, 1, Some(true))
        );
    }
}
