//! Decides about items by the rules of a run: who is in it by which segment, what the engine makes of that, and what
//! exceptions and the fallback policy make of it.

use std::{collections::BTreeMap, ops::Range};

use backorder_domain::{
    allocation::{
        policy::{Arrangement, Claim, Strategy as Rule},
        run::{Confirmation, Day, Demand, Input, NoLimits, Plan, PoolException, Reason, Supplies, run_pool},
    },
    time::civil_date_in,
};
use backorder_proto::allocation::v1::{self as pb, RunLeftOutCause as Cause};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    live::{LiveClaim, LiveItem, index},
    pool::{Maker, Source, Units},
    rules::{Rules, Scope},
    table::Table,
};
use crate::{catalog::Places, error::Error};

/// What a run decides on beside the items.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// By which rules.
    pub rules: &'a Rules,
    /// About which lines.
    pub scope: &'a Scope,
    /// How locations ship.
    pub places: &'a Places,
    /// The business time.
    pub now: Timestamp,
    /// The day on which the run was started.
    pub today: Date,
    /// Whether an exception of another item reaches these ones.
    pub failed_anywhere: bool,
}

/// The day of a run that is started at a time, for filters and waits: in UTC, since a run is about locations of many zones.
#[must_use]
pub fn run_day(started: Timestamp) -> Date {
    civil_date_in(started, &TimeZone::UTC)
}

/// Claims and units that were left as they are, by cause.
pub type LeftOut = BTreeMap<Cause, (i64, i64)>;

/// Items that a run has decided about together, with what the policies told of their lines.
#[derive(Debug, Default)]
pub struct Group {
    /// The items.
    pub items: Vec<Decided>,
    /// How long each tier waits.
    pub waits: Vec<pb::RunTierWait>,
    /// The filters that had no answer.
    pub failures: Vec<pb::RunFilterFailure>,
}

/// An item that a run has decided about.
#[derive(Debug)]
pub struct Decided {
    /// The item.
    pub live: LiveItem,
    /// The rules.
    pub rules: Rules,
    /// The requirements.
    pub demand: Demand,
    /// What there was to give.
    pub supplies: Supplies,
    /// Where each supply that was given to the engine comes from.
    pub sources: Vec<Source>,
    /// The claim of each requirement, by its index.
    pub claims: Vec<u32>,
    /// Who claims each requirement, by its index.
    pub served: Vec<Served>,
    /// The requirements in the order in which they were decided about.
    pub order: Vec<u32>,
    /// The decision.
    pub plan: Plan,
    /// The strategies that could not be kept, of the policy and of its fallback.
    pub exceptions: Vec<PoolException>,
    /// What was not decided about.
    pub left_out: LeftOut,
}

/// By which segment a requirement was decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The place of the segment in its policy.
    pub segment: usize,
    /// Whether that is the fallback policy.
    pub by_fallback: bool,
    /// Whether it was served one tier better.
    pub promoted: bool,
}

impl Group {
    /// Decides about items.
    ///
    /// # Errors
    /// [`Error::Contract`] for numbers of inventory that cannot be.
    pub fn decide(live: Vec<LiveItem>, context: Context<'_>) -> Result<Self, Error> {
        let Arranged { first, fallback, ranges, waits, failures } = Arranged::of(&live, context)?;
        let items = live.into_iter().zip(ranges).enumerate().map(|(item, (live, lines))| {
            let by = |arrangement| By { arrangement, item, first: lines.start };
            Decided::new(live, &by(&first), fallback.as_ref().map(by).as_ref(), context)
        });
        Ok(Self { items: items.collect::<Result<_, _>>()?, waits, failures })
    }
}

/// What the policies make of the lines of some items.
struct Arranged {
    first: Arrangement,
    fallback: Option<Arrangement>,
    ranges: Vec<Range<u32>>,
    waits: Vec<pb::RunTierWait>,
    failures: Vec<pb::RunFilterFailure>,
}

impl Arranged {
    fn of(live: &[LiveItem], context: Context<'_>) -> Result<Self, Error> {
        let Context { rules, scope, today, .. } = context;
        let mut table = Table::of(live, &rules.reads(), |line| {
            line.claim.units() > 0 && scope.has(line.facts, line.item.locations_of(line.claim))
        })?;
        let first = table.arrange(&rules.policy, today)?;
        let fallback = rules.fallback.as_deref().map(|policy| table.arrange(policy, today)).transpose()?;
        let waits = first.waits().iter().map(|wait| pb::RunTierWait {
            customer_tier: wait.tier.clone(),
            lines: whole(wait.lines),
            lines_promoted: whole(wait.promoted),
            longest_wait_days: wait.longest.map(|(days, _)| i32::try_from(days).unwrap_or(i32::MAX)),
            longest_waiting_line: wait.longest.map(|(_, line)| table.name_of(line).to_owned()).unwrap_or_default(),
        });
        let waits = waits.collect();
        let told = std::iter::once((&first, false)).chain(fallback.iter().map(|fallback| (fallback, true)));
        let failures = told.flat_map(|(arrangement, by_fallback)| {
            arrangement.failures().iter().map(move |failure| pb::RunFilterFailure {
                field: failure.field.clone(),
                by_fallback,
                lines: whole(failure.failures.lines),
                problem: failure.failures.first.to_string(),
            })
        });
        let failures = failures.collect();
        let ranges = (0..live.len()).map(|item| table.lines_of(item)).collect();
        drop(table);
        Ok(Self { first, fallback, ranges, waits, failures })
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How a policy arranges the lines of an item: those from `first` on.
struct By<'a> {
    arrangement: &'a Arrangement,
    item: usize,
    first: u32,
}

impl By<'_> {
    /// Which segment takes a line into the run.
    fn segment(&self, line: u32) -> Option<usize> {
        match self.arrangement.claim(line as usize) {
            Claim::Segment(place) => Some(place),
            Claim::Skipped(_) | Claim::Unclaimed | Claim::OutsideGlobal => None,
        }
    }

    /// Why the policy leaves a line out.
    fn cause(&self, line: u32) -> Cause {
        match self.arrangement.claim(line as usize) {
            Claim::Skipped(_) => Cause::Skipped,
            Claim::Segment(_) | Claim::Unclaimed | Claim::OutsideGlobal => Cause::Unclaimed,
        }
    }
}

/// One pass of the engine over the requirements of an item.
struct Pass {
    order: Vec<u32>,
    supplies: Supplies,
    plan: Plan,
}

/// What both passes over an item begin with.
struct Open<'a> {
    /// The line of the table behind each requirement.
    lines: &'a [u32],
    /// What there is when no requirement keeps anything.
    supplies: &'a Supplies,
    /// What a requirement has now.
    holds: &'a dyn Fn(u32) -> Units,
}

impl Open<'_> {
    /// Runs a policy over the requirements that it takes in. What the others keep is not there for it.
    fn run(&self, demand: &mut Demand, by: &By<'_>, kept: &dyn Fn(u32) -> Units) -> Pass {
        let length = self.lines.last().map_or(0, |last| last - by.first + 1);
        let mut numbers = vec![None; length as usize];
        let mut withheld: BTreeMap<u32, i64> = BTreeMap::new();
        for (number, line) in (0_u32..).zip(self.lines) {
            if let Some(strategy) = by.arrangement.strategy(*line as usize).and_then(Rule::in_run) {
                demand.requirements[number as usize].strategy = strategy;
                numbers[(line - by.first) as usize] = Some(number);
            } else {
                for (source, units) in kept(number) {
                    let all = withheld.entry(source).or_default();
                    *all = all.saturating_add(units);
                }
            }
        }
        let mut supplies = self.supplies.clone();
        supplies.withhold(&withheld);
        let served = by.arrangement.lines_of(by.item).iter();
        let order: Vec<u32> =
            served.filter_map(|line| numbers.get((line - by.first) as usize).copied().flatten()).collect();
        let input = Input { demand, supplies: &supplies, today: Day::MIN };
        let plan = run_pool(&input, &order, &mut NoLimits);
        Pass { order, supplies, plan }
    }

    /// Runs the fallback policy on what the first pass left. Answers which requirements it decided about.
    fn fall_back(&self, demand: &mut Demand, first: Pass, by: &By<'_>) -> (Pass, Vec<bool>) {
        let mut after_first = first.plan.applied_to(demand);
        let second = self.run(&mut after_first, by, &|number| {
            let outcome = &first.plan.outcomes[number as usize];
            if matches!(outcome.reason, Reason::NotInRun | Reason::Discarded) {
                return (self.holds)(number);
            }
            let pegs = first.plan.pegs_of(number).iter();
            pegs.map(|peg| (first.supplies.source(peg.bucket), peg.quantity)).collect()
        });
        let decided: Vec<bool> =
            second.plan.outcomes.iter().map(|outcome| outcome.reason != Reason::NotInRun).collect();
        for (requirement, later) in demand.requirements.iter_mut().zip(&after_first.requirements) {
            requirement.strategy = later.strategy;
        }
        let plan = first.plan.followed_by(second.plan, demand, Day::MIN);
        (Pass { order: second.order, supplies: second.supplies, plan }, decided)
    }
}

impl Decided {
    /// Decides about an item, as policies arrange its lines.
    fn new(live: LiveItem, first: &By<'_>, fallback: Option<&By<'_>>, context: Context<'_>) -> Result<Self, Error> {
        let (mut left_out, mut claims, mut lines) = (LeftOut::new(), Vec::new(), Vec::new());
        let mut maker = Maker::new(&live, context);
        let mut line = first.first;
        for (number, claim) in (0_u32..).zip(&live.claims) {
            let cause = maker.cause_of(claim);
            let here = line;
            line += u32::from(cause.is_none_or(is_known_line));
            let is_taken = || first.segment(here).or(fallback.and_then(|by| by.segment(here))).is_some();
            match cause {
                Some(cause) => leave_out(&mut left_out, cause, claim),
                None if is_taken() => {
                    maker.add(claim);
                    claims.push(number);
                    lines.push(here);
                }
                None => leave_out(&mut left_out, first.cause(here), claim),
            }
        }
        let (supplies, sources) = maker.supplies(&claims)?;
        let mut demand = std::mem::take(&mut maker.demand);
        let holds = |number: u32| maker.holds(&live.claims[claims[number as usize] as usize], &sources);
        let open = Open { lines: &lines, supplies: &supplies, holds: &holds };
        let mut pass = open.run(&mut demand, first, &holds);
        let mut exceptions = pass.plan.exceptions.clone();
        let after = context.rules.policy.after_exceptions(!exceptions.is_empty(), context.failed_anywhere);
        if after.discards {
            pass.plan.discard();
        }
        let mut by_fallback = Vec::new();
        if let Some(by) = fallback.filter(|_| after.falls_back) {
            (pass, by_fallback) = open.fall_back(&mut demand, pass, by);
            let known: Vec<u32> = exceptions.iter().map(|exception| exception.requirement).collect();
            exceptions.extend(pass.plan.exceptions.iter().filter(|one| !known.contains(&one.requirement)));
        }
        let is_by_fallback = |number: usize| by_fallback.get(number).copied().unwrap_or(false);
        let served = lines.iter().enumerate().map(|(number, line)| {
            let by = fallback.filter(|_| is_by_fallback(number)).unwrap_or(first);
            Served {
                segment: by.segment(*line).unwrap_or_default(),
                by_fallback: is_by_fallback(number),
                promoted: by.arrangement.is_promoted(*line as usize),
            }
        });
        let served = served.collect();
        for (number, line) in lines.iter().enumerate() {
            if pass.plan.outcomes[number].reason == Reason::NotInRun {
                leave_out(&mut left_out, first.cause(*line), &live.claims[claims[number] as usize]);
            }
        }
        let Pass { order, supplies, plan } = pass;
        let rules = context.rules.clone();
        Ok(Self { demand, supplies, sources, claims, served, order, plan, exceptions, left_out, rules, live })
    }

    /// The input of the engine, for explanations.
    #[must_use]
    pub fn input(&self) -> Input<'_> {
        Input { demand: &self.demand, supplies: &self.supplies, today: Day::MIN }
    }

    /// The requirements that were decided about.
    pub fn requirements(&self) -> impl Iterator<Item = u32> {
        (0..index(self.claims.len())).filter(|number| self.plan.outcomes[*number as usize].reason != Reason::NotInRun)
    }

    /// The claim of a requirement.
    #[must_use]
    pub fn claim(&self, requirement: u32) -> &LiveClaim {
        &self.live.claims[self.claims[requirement as usize] as usize]
    }

    /// The name of the segment by which a requirement was decided about, and how it was served.
    #[must_use]
    pub fn segment(&self, requirement: u32) -> (&str, Served) {
        let served = self.served[requirement as usize];
        let policy = self.rules.fallback.as_deref().filter(|_| served.by_fallback).unwrap_or(&self.rules.policy);
        (policy.segments()[served.segment].name(), served)
    }

    /// What a requirement is confirmed now.
    #[must_use]
    pub fn before(&self, requirement: u32) -> &[Confirmation] {
        self.demand.confirmed_of(&self.demand.requirements[requirement as usize])
    }

    /// What a requirement would be confirmed.
    #[must_use]
    pub fn after(&self, requirement: u32) -> Vec<Confirmation> {
        self.plan.confirmed(&self.demand, requirement)
    }

    /// Where the units of a bucket come from.
    #[must_use]
    pub fn source(&self, bucket: u32) -> Source {
        self.sources[self.supplies.source(bucket) as usize]
    }
}

fn leave_out(left_out: &mut LeftOut, cause: Cause, claim: &LiveClaim) {
    let (count, units) = left_out.entry(cause).or_default();
    *count += 1;
    *units = units.saturating_add(claim.units());
}

/// Whether policies look at a claim, though the run does not decide about it.
const fn is_known_line(cause: Cause) -> bool {
    !matches!(cause, Cause::NoOrder | Cause::Scope | Cause::Released)
}
