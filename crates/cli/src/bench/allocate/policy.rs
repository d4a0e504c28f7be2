//! A policy of seven segments with all strategies over lines of which half are confirmed already, with quotas for a tenth of
//! the items, until every line has its change, its reason and what binds it.

use std::{collections::HashMap, error::Error, time::Instant};

use backorder_domain::{
    allocation::{
        decide::{Arranged, Backlog, decide},
        filter::{
            Attribute, Facts,
            facts::{Column, day_number},
        },
        group::{
            key::{Characteristics, DemandKey},
            quota::{GroupQuota, Object, Period, QuotaPlan, Quotas},
        },
        optimum::generated::{GeneratedDemand, GeneratedLine},
        policy::{
            AllocationPolicy, ExceptionBehaviour, FallbackScope, Lines, PolicyDraft, ScopeDraft, SegmentDraft, SortBy,
            SortKey, Strategy as Rule,
        },
        run::{
            Confirmation, Constraint, Day, Demand, GroupLimits, NO_SET, NO_SHARE, NOT_LENDING, PlaceOf, Reason,
            Requirement, Strategy, Supply, Terms,
        },
    },
    quantity::Quantity,
};
use jiff::civil::{Date, date};

use crate::{
    bench::figure::{Figure, Target, median},
    failure::Failure,
};

use super::{approximate, broken};

/// Two seconds must be reached, half a second is what it is built for.
const TARGET: Target = Target { floor: 2.0, goal: 0.5 };
const TODAY: Date = date(2026, 11, 28);
const TIERS: [&str; 5] = ["PLAT", "GOLD", "SILVER", "STD", "OTHER"];
const CHANNELS: [&str; 2] = ["web", "store"];
/// One item of so many has a quota.
const ITEMS_PER_QUOTA: u32 = 10;

/// Lines with what a policy reads of them, and what is there for them.
struct Book {
    facts: Facts<'static>,
    items: Vec<u32>,
    item_count: usize,
    created_at: Vec<i64>,
    requirements: Vec<u32>,
    policy: AllocationPolicy,
    backlog: Backlog,
    limits: GroupLimits,
}

/// What it took, and what came out.
struct Run {
    arrange_seconds: f64,
    decide_seconds: f64,
    explain_seconds: f64,
    improved: usize,
    worsened: usize,
    by_quota: usize,
    exceptions: usize,
}

/// The medians of rounds after one that warms up.
///
/// # Errors
/// [`Failure`] when the input does not fit.
pub fn figures(what: &str, demand: &GeneratedDemand, rounds: u32) -> Result<Vec<Figure>, Failure> {
    let book = Book::of(demand).map_err(broken)?;
    let mut runs = Vec::new();
    for _ in 0..=rounds {
        runs.push(book.measure().map_err(broken)?);
    }
    let middle = |of: &dyn Fn(&Run) -> f64| median(runs[1..].iter().map(of).collect());
    let part =
        |name: &str, of: &dyn Fn(&Run) -> f64| Figure::new(format!("{what}/{name}"), middle(of), "s").lower_is_better();
    let whole = part("in all", &|run| run.arrange_seconds + run.decide_seconds + run.explain_seconds);
    let count = |name: &str, count: usize| Figure::new(format!("{what}/{name}"), approximate(count as u128), "lines");
    let told = &runs[0];
    Ok(vec![
        part("segments and order", &|run| run.arrange_seconds),
        part("strategies and quotas", &|run| run.decide_seconds),
        part("changes and reasons", &|run| run.explain_seconds),
        whole.with_target(Some(TARGET)),
        count("improved", told.improved),
        count("worsened or moved", told.worsened),
        count("bound by a quota", told.by_quota),
        count("exceptions", told.exceptions),
    ])
}

impl Book {
    /// Lays generated lines out as orders; half of them are confirmed for their day, as far as the stock of their item goes.
    fn of(generated: &GeneratedDemand) -> Result<Self, Box<dyn Error>> {
        let lines = generated.lines();
        let shape = generated.shape();
        let backlog = backlog(generated)?;
        Ok(Self {
            facts: facts(lines)?,
            items: lines.iter().map(|line| line.item).collect(),
            item_count: shape.items as usize,
            created_at: lines.iter().map(|line| i64::from(line.day) * 86_400_000_000).collect(),
            requirements: (0..u32::try_from(lines.len())?).collect(),
            policy: policy()?,
            limits: limits(shape.items, u32::from(shape.locations))?,
            backlog,
        })
    }

    /// Arranges, decides, and tells what changed for every line.
    fn measure(&self) -> Result<Run, Box<dyn Error>> {
        let started = Instant::now();
        let lines = Lines {
            facts: &self.facts,
            items: &self.items,
            item_count: self.item_count,
            created_at: &self.created_at,
            queue: &self.created_at,
            requirements: &self.requirements,
        };
        let arrangement = self.policy.arrange(&lines, TODAY)?;
        let arranged = Instant::now();
        let first = Arranged { policy: &self.policy, arrangement: &arrangement };
        let decided = decide(&self.backlog, first, None, || self.limits.clone())?;
        let done = Instant::now();
        let (mut improved, mut worsened, mut by_quota) = (0, 0, 0);
        for index in &self.requirements {
            let change = decided.plan.change(&self.backlog.demand, *index);
            let outcome = decided.plan.outcomes[*index as usize];
            let is_later = change.days.is_some_and(|days| days > 0);
            improved += usize::from(outcome.reason == Reason::Improved && !is_later);
            worsened += usize::from(matches!(outcome.reason, Reason::Worsened | Reason::Moved));
            by_quota += usize::from(outcome.binding == Some(Constraint::Quota));
        }
        Ok(Run {
            arrange_seconds: (arranged - started).as_secs_f64(),
            decide_seconds: (done - arranged).as_secs_f64(),
            explain_seconds: done.elapsed().as_secs_f64(),
            improved,
            worsened,
            by_quota,
            exceptions: decided.exceptions.len(),
        })
    }
}

fn policy() -> Result<AllocationPolicy, Box<dyn Error>> {
    let segments = [
        ("internal", "customer.tier == 'OTHER' && order.channel == 'store'", Rule::Lose),
        ("urgent", "customer.tier == 'PLAT' && line.requested_date < today + duration_days(2)", Rule::Gain),
        ("best", "customer.tier == 'PLAT'", Rule::Improve),
        ("fixed", "customer.tier == 'GOLD' && line.value > 900", Rule::Skip),
        ("good", "customer.tier in ['GOLD', 'SILVER']", Rule::Improve),
        ("late", "line.requested_date > today + duration_days(60)", Rule::Fill),
        ("rest", "", Rule::Redistribute),
    ];
    let sort = [SortBy::Tier, SortBy::RequestedDate, SortBy::Value].map(SortKey::usual);
    let segments = segments.into_iter().zip(1..).map(|((name, include, strategy), seq)| SegmentDraft {
        name: name.to_owned(),
        scope: ScopeDraft { include: include.to_owned(), exclude: String::new() },
        strategy,
        evaluation_seq: seq,
        check_seq: seq,
        sort: sort.to_vec(),
    });
    Ok(AllocationPolicy::try_new(PolicyDraft {
        id: "bench".to_owned(),
        global: None,
        segments: segments.collect(),
        exception_behaviour: ExceptionBehaviour::StopFailedCombinations,
        fallback_scope: FallbackScope::FailedCombinations,
        fallback: None,
        promotion_days: None,
        tiers: TIERS.map(str::to_owned).to_vec(),
        channels: CHANNELS.map(str::to_owned).to_vec(),
    })?)
}

fn tier(line: &GeneratedLine) -> usize {
    usize::from(line.priority - 1).min(TIERS.len() - 1)
}

fn facts(lines: &[GeneratedLine]) -> Result<Facts<'static>, Box<dyn Error>> {
    let today = day_number(TODAY);
    let requested: Vec<i32> = lines.iter().map(|line| today + i32::from(line.day)).collect();
    // Ten units of currency a unit, in millionths.
    let value: Vec<i64> =
        lines.iter().map(|line| i64::from(line.units) * 10_000_000 * i64::from(line.priority)).collect();
    let channel = |line: &GeneratedLine| CHANNELS[usize::from(line.location) % CHANNELS.len()];
    Ok(Facts::try_new(lines.len())?
        .with(Attribute::CustomerTier, Column::of_texts(lines.iter().map(|line| Some(TIERS[tier(line)]))))?
        .with(Attribute::OrderChannel, Column::of_texts(lines.iter().map(|line| Some(channel(line)))))?
        .with(Attribute::LineRequestedDate, Column::Days(requested.into()))?
        .with(Attribute::LineValue, Column::Numbers(value.into()))?)
}

fn backlog(generated: &GeneratedDemand) -> Result<Backlog, Box<dyn Error>> {
    let (shape, today) = (generated.shape(), Day::of(TODAY));
    let locations = u32::from(shape.locations);
    let mut demand = Demand { terms: vec![Terms::default()], ..Demand::default() };
    for item in 0..shape.items {
        for preferred in 0..locations {
            let mut near: Vec<u32> = (0..locations).collect();
            near.sort_by_key(|location| (location.abs_diff(preferred), *location));
            demand.places.extend(near.iter().map(|location| item * locations + location));
        }
    }
    let mut stock: Vec<i64> =
        (0..shape.items).map(|item| generated.supplies_of(item).iter().map(|supply| supply.units).sum()).collect();
    for (index, line) in generated.lines().iter().enumerate() {
        let begin = u32::try_from(demand.confirmed.len())?;
        let first = (line.item * locations + u32::from(line.location)) * locations;
        let day = today.plus(line.day.into());
        let quantity = i64::from(line.units);
        if index % 2 == 0 && stock[line.item as usize] >= quantity {
            stock[line.item as usize] -= quantity;
            demand.confirmed.push(Confirmation { day, place: demand.places[first as usize], quantity });
        }
        demand.requirements.push(Requirement {
            quantity,
            requested: day,
            latest: Day::MAX,
            strategy: Strategy::Redistribute,
            terms: 0,
            places: (first, first + locations),
            own_places: locations,
            confirmed: (begin, u32::try_from(demand.confirmed.len())?),
            group: u32::try_from(tier(line))?,
            set: NO_SET,
            share: NO_SHARE,
            lends_days: NOT_LENDING,
        });
    }
    let mut supplies = Vec::new();
    for item in 0..shape.items {
        supplies.extend(generated.supplies_of(item).iter().map(|supply| Supply {
            place: item * locations + u32::from(supply.location),
            day: today,
            quantity: supply.units,
        }));
    }
    Ok(Backlog { demand, supplies, places: shape.items * locations, outside: Vec::new(), today })
}

/// A tenth of the items have a quota for the two lowest tiers: ten units a month.
fn limits(items: u32, locations: u32) -> Result<GroupLimits, Box<dyn Error>> {
    let mut tiers = Characteristics::try_new(vec!["tier".to_owned()])?;
    let mut quotas = Quotas::default();
    let today = day_number(TODAY);
    let units = |units| Quantity::try_new(units);
    for item in (0..items).step_by(ITEMS_PER_QUOTA as usize) {
        let groups = TIERS[3..].iter().map(|tier| {
            let periods = (0..4).map(|month| {
                let from_day = today + month * 30;
                Ok(Period { from_day, until_day: from_day + 30, maximum: units(10)?, consumed: Quantity::ZERO })
            });
            let periods = periods.collect::<Result<_, Box<dyn Error>>>()?;
            Ok(GroupQuota { combination: tiers.combination(&[*tier])?, periods })
        });
        let groups = groups.collect::<Result<_, Box<dyn Error>>>()?;
        quotas.add(
            Object { item, location: None },
            vec![QuotaPlan { groups, backward_periods: 0, forward_periods: 0 }],
        )?;
    }
    let demands = TIERS.iter().map(|tier| tiers.demand(&[*tier])).collect::<Result<Vec<DemandKey>, _>>()?;
    let places = (0..items).flat_map(|item| (0..locations).map(move |location| PlaceOf { item, location })).collect();
    Ok(GroupLimits::new(quotas, demands, places, HashMap::new()))
}
