//! What changes would do: the items that they concern are decided about without and with them, on what is there now.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use backorder_domain::{
    allocation::{
        run::{Confirmation, Day, Requirement, profile},
        sequence::ServingSequence,
    },
    ids::LocationId,
};
use backorder_proto::{allocation::v1 as pb, convert::encode};
use backorder_service_kit::problem::Problem;
use jiff::{Timestamp, tz::TimeZone};
use tonic::{Code, Status};

use super::compare::days_between;
use crate::{
    catalog::Places,
    error::{Error, Kind},
    simulation::{
        Asked, Context, Decided, Group, LiveItem, Rules, Scope,
        changes::Change,
        decided::run_day,
        message::{confirmations, exception_message},
    },
    store::{orders, simulated_runs as table},
    use_cases::UseCases,
};

/// Items that changes may concern at most.
const ITEMS_MAX: usize = 100;
/// Lines that are told at most.
const LINES_MAX: usize = 1_000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct WhatIf {
    /// What happens, all at once.
    pub changes: Vec<Change>,
    /// By which rules is to be decided.
    pub rules: Asked,
}

/// Everything that decides, for a task beside the runtime.
struct Question {
    live: Vec<LiveItem>,
    wanted: WhatIf,
    rules: Rules,
    sequence: ServingSequence,
    places: Arc<Places>,
    now: Timestamp,
}

impl UseCases {
    /// What the changes would do. Nothing is kept.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Invalid`] when too many items are concerned.
    pub async fn what_if(&self, wanted: WhatIf) -> Result<pb::WhatIfResponse, Error> {
        let mut items: BTreeSet<String> = BTreeSet::new();
        for (index, change) in wanted.changes.iter().enumerate() {
            items.extend(self.items_concerned(change, &format!("changes[{index}]")).await?);
            if items.len() > ITEMS_MAX {
                let concerned = format!("must concern at most {ITEMS_MAX} items together");
                return Err(Error::invalid("changes", concerned));
            }
        }
        let (rules, _) = self.freeze_rules(self.store().reader(), &wanted.rules, None).await?;
        let live = self.read_live_for(&rules, &items).await?;
        let sequence = self.rules().current().await?.sequence.clone();
        let (places, now) = (self.catalog().places().await?, self.now());
        let question = Question { live, wanted, rules, sequence, places, now };
        let answer = tokio::task::spawn_blocking(move || question.answer()).await;
        let mut answer = answer.map_err(|broken| Problem::internal(broken).context("a what-if broke"))??;
        answer.items = items.iter().map(|item| format!("items/{item}")).collect();
        Ok(answer)
    }

    async fn items_concerned(&self, change: &Change, field: &str) -> Result<Vec<String>, Error> {
        let reader = self.store().reader();
        match change {
            Change::SupplyMoved { supply, .. } => {
                let field = format!("{field}.supply_moved.supply");
                let found =
                    self.inventory().supply(supply).await.map_err(|status| no_supply(status, supply, &field))?;
                if found.open <= 0 {
                    return Err(Error::invalid(field, "must be a supply of which more comes"));
                }
                let item = found.item.strip_prefix("items/").unwrap_or(&found.item);
                Ok(vec![item.to_owned()])
            }
            Change::OrderCancelled { order } => {
                let field = format!("{field}.order_cancelled");
                if orders::find_order(reader, order).await?.is_none() {
                    return Err(Error::Missing { kind: Kind::Order, name: format!("orders/{order}"), field });
                }
                Ok(table::items_of(reader, "id", order, ITEMS_MAX + 1).await?)
            }
            Change::TierChanged { customer, .. } => {
                Ok(table::items_of(reader, "customer", customer, ITEMS_MAX + 1).await?)
            }
            Change::ExtraSupply { item, location, .. } => {
                let at = |name: &str| format!("{field}.extra_supply.{name}");
                self.catalog().items(&[(item.as_str(), at("item"))].into()).await?;
                self.catalog().places_with(&[(location.as_str(), at("location"))].into()).await?;
                Ok(vec![item.as_str().to_owned()])
            }
        }
    }
}

fn no_supply(status: Status, supply: &str, field: &str) -> Error {
    if status.code() == Code::NotFound {
        Error::Missing { kind: Kind::Supply, name: supply.to_owned(), field: field.to_owned() }
    } else {
        Error::Unanswered(status)
    }
}

impl Question {
    fn answer(self) -> Result<pb::WhatIfResponse, Error> {
        let Self { live, wanted, rules, sequence, places, now } = self;
        let (scope, today) = (Scope::default(), run_day(now));
        let (rules, scope) = (&rules, &scope);
        let context = Context { rules, scope, places: &places, now, today, failed_anywhere: false };
        let mut answer = Answer::default();
        for item in live {
            let mut changed = item.clone();
            for (index, change) in wanted.changes.iter().enumerate() {
                let today = |location: &LocationId| places.today_at(location, now, &TimeZone::UTC);
                change.apply(&mut changed, &sequence, today, &format!("changes[{index}]"))?;
            }
            let without = Group::decide(vec![item], context)?;
            let with = Group::decide(vec![changed], context)?;
            for (without, with) in without.items.iter().zip(&with.items) {
                answer.add(without, with);
            }
        }
        Ok(answer.into_message())
    }
}

/// What is told so far.
#[derive(Default)]
struct Answer {
    message: pb::WhatIfResponse,
    /// Lines with their rank: a smaller one is told first.
    lines: Vec<(Rank, pb::WhatIfLine)>,
}

/// What kind of effect, units that change, days that change.
type Rank = (u8, i64, Reverse<i32>);

/// What changes do to a line that stays; `None` when nothing.
fn effect(
    asked: &Requirement,
    promised: Option<Day>,
    before: &[Confirmation],
    now: &[Confirmation],
) -> Option<pb::WhatIfEffect> {
    let lost = profile::shortfall(before, now, asked.requested);
    let gained = profile::shortfall(now, before, asked.requested);
    let is_kept = |confirmed: &[Confirmation]| {
        promised.is_some_and(|day| profile::by(confirmed, day.max(asked.requested)) >= asked.quantity)
    };
    if lost == 0 && gained == 0 {
        return None;
    }
    Some(if is_kept(before) && !is_kept(now) {
        pb::WhatIfEffect::PromiseBreaks
    } else if lost > 0 {
        pb::WhatIfEffect::Worsens
    } else {
        pb::WhatIfEffect::Improves
    })
}

impl Answer {
    fn add(&mut self, without: &Decided, with: &Decided) {
        let mut requirements: HashMap<(&str, i32), u32> = HashMap::with_capacity(with.claims.len());
        for requirement in with.requirements() {
            let claim = with.claim(requirement);
            requirements.insert((&claim.line, claim.part), requirement);
        }
        for requirement in without.requirements() {
            let claim = without.claim(requirement);
            let other = requirements.get(&(claim.line.as_str(), claim.part)).copied();
            self.add_line((without, requirement), (with, other));
        }
        let known: BTreeSet<(&str, i32)> = without
            .exceptions
            .iter()
            .map(|exception| without.claim(exception.requirement))
            .map(|claim| (claim.line.as_str(), claim.part))
            .collect();
        for exception in &with.exceptions {
            let claim = with.claim(exception.requirement);
            if !known.contains(&(claim.line.as_str(), claim.part)) && self.message.exceptions.len() < LINES_MAX {
                self.message.exceptions.push(exception_message(with, exception));
            }
        }
    }

    fn add_line(&mut self, (without, requirement): (&Decided, u32), (with, other): (&Decided, Option<u32>)) {
        self.message.lines_decided += 1;
        let asked = &without.demand.requirements[requirement as usize];
        let before = without.after(requirement);
        let now = other.map(|other| with.after(other)).unwrap_or_default();
        let claim = without.claim(requirement);
        let Some(facts) = claim.facts.as_deref() else { return };
        let effect = match other {
            None => pb::WhatIfEffect::Cancelled,
            Some(_) => match effect(asked, facts.promised.map(Day::of), &before, &now) {
                Some(effect) => effect,
                None => return,
            },
        };
        let change = profile::total(&now).saturating_sub(profile::total(&before));
        let days = days_between(&before, &now);
        let rank = self.count(effect, change);
        let line = pb::WhatIfLine {
            line: claim.line.clone(),
            part: claim.part,
            item: format!("items/{}", without.live.item),
            customer: facts.customer.to_string(),
            customer_tier: facts.tier.to_string(),
            promised_date: facts.promised.map(encode::date),
            effect: effect.into(),
            without: confirmations(without, &before),
            with: confirmations(with, &now),
            quantity_change: change,
            days_change: days,
        };
        self.lines.push(((rank, change, Reverse(days.unwrap_or(0))), line));
        // The worst ones stay; what comes later is judged beside them.
        if self.lines.len() >= 2 * LINES_MAX {
            self.cut();
        }
    }

    /// Counts a line that differs; answers its rank.
    fn count(&mut self, effect: pb::WhatIfEffect, change: i64) -> u8 {
        let message = &mut self.message;
        message.lines_total += 1;
        if effect != pb::WhatIfEffect::Cancelled {
            message.units_gained = message.units_gained.saturating_add(change.max(0));
            message.units_lost = message.units_lost.saturating_add(change.min(0).saturating_neg());
        }
        match effect {
            pb::WhatIfEffect::PromiseBreaks => {
                message.promises_broken += 1;
                message.lines_worsened += 1;
                0
            }
            pb::WhatIfEffect::Worsens => {
                message.lines_worsened += 1;
                1
            }
            pb::WhatIfEffect::Improves => {
                message.lines_improved += 1;
                2
            }
            pb::WhatIfEffect::Cancelled | pb::WhatIfEffect::Unspecified => 3,
        }
    }

    fn cut(&mut self) {
        self.lines.sort_by(|(a, x), (b, y)| (a, &x.line, x.part).cmp(&(b, &y.line, y.part)));
        self.lines.truncate(LINES_MAX);
    }

    fn into_message(mut self) -> pb::WhatIfResponse {
        self.cut();
        self.message.lines = self.lines.into_iter().map(|(_, line)| line).collect();
        self.message
    }
}
