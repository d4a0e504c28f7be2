//! `backorder group`: what groups of customers may take of items at most, and what is kept for them.

use backorder_proto::inventory::v1::{
    AllocateRequest, GetItemGroupsRequest, GroupAllocation, ItemGroups, ListItemGroupsRequest, ListItemGroupsResponse,
    LocationAllocation, LocationProtections, ProtectionGroup, PutItemGroupsRequest, QueryAllocationRequest, QuotaGroup,
    QuotaPeriod, QuotaPlan, ReallocateRequest, UnallocateRequest,
};
use clap::{Args, Subcommand};
use jiff::civil;

use super::{order::context, pages};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::{Session, requests},
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const INVENTORY: &str = "backorder.inventory.v1";

const QUOTAS: [Column; 6] =
    [Number("plan"), Words("group"), Words("from"), Words("until"), Number("maximum"), Number("consumed")];

const PROTECTIONS: [Column; 6] =
    [Words("location"), Words("group"), Number("core"), Number("priority"), Number("protected"), Number("consumed")];

const KEPT: [Column; 3] = [Words("group"), Number("allocated"), Number("consumed")];

/// What to do.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Show the groups of an item with what is consumed.
    Show {
        /// The item.
        item: String,
    },
    /// List the items that have groups, each with all of them.
    List {
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Set the characteristics that tell groups of an item apart. Groups that were set before are gone.
    Levels {
        /// The item.
        item: String,
        /// The characteristics, most important first: orders say their tier, channel and customer.
        #[arg(required = true, value_name = "NAME")]
        levels: Vec<String>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Set what a group may take of an item in periods. Without periods the group has no quota any more.
    Quota(QuotaArgs),
    /// Set what is kept of an item for a group at a location. 0 keeps nothing any more.
    Protect(ProtectArgs),
    /// Keep free units of a location for a group.
    Allocate(MoveArgs),
    /// Give up units that are kept for a group.
    Unallocate(MoveArgs),
    /// Keep units for another group than before.
    Reallocate {
        /// For whom they are to be kept: one value for each level with commas between them.
        #[arg(long, value_name = "GROUP")]
        to: String,
        /// The units, and for whom they are kept.
        #[command(flatten)]
        moved: MoveArgs,
    },
    /// Show what is kept of an item at a location, and what could be.
    Allocated {
        /// The item.
        item: String,
        /// The location.
        location: String,
    },
    /// Take all groups of an item away. What is consumed is still counted.
    Clear {
        /// The item.
        item: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// The quota of a group.
#[derive(Debug, Args)]
pub struct QuotaArgs {
    /// The item.
    item: String,
    /// One value for each level with commas between them; # is any. For example GOLD,#.
    group: String,
    /// Periods as FROM..UNTIL=UNITS; UNTIL is the first day after it.
    #[arg(value_name = "FROM..UNTIL=UNITS")]
    periods: Vec<String>,
    /// The plan in the sequence: when the first is exhausted, the next one is taken from.
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=100))]
    plan: u16,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// The protection of a group.
#[derive(Debug, Args)]
pub struct ProtectArgs {
    /// The item.
    item: String,
    /// The location.
    location: String,
    /// One value for each level with commas between them; # is any.
    group: String,
    /// Base units.
    units: i64,
    /// The core: groups of different cores are protected against each other.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    core: i32,
    /// Inside the core: a smaller number outranks a larger one.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    priority: i32,
    /// Let demand beyond its own protection take what is kept for groups of lower priority.
    #[arg(long)]
    open_outside: bool,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Units that are kept for a group.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// The item.
    item: String,
    /// The location.
    location: String,
    /// One value for each level with commas between them; # is any.
    group: String,
    /// Base units.
    units: i64,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: GroupCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let (groups, why) = match command {
        GroupCommand::Show { item } => {
            let groups = get(session, &item).await?;
            return output.message(&format!("{INVENTORY}.ItemGroups"), &groups, shown);
        }
        GroupCommand::List { page } => return list(&page, session, output).await,
        GroupCommand::Allocate(_)
        | GroupCommand::Unallocate(_)
        | GroupCommand::Reallocate { .. }
        | GroupCommand::Allocated { .. } => {
            let allocation = allocated(command, session).await?;
            return output.message(&format!("{INVENTORY}.LocationAllocation"), &allocation, kept);
        }
        GroupCommand::Levels { item, levels, why } => {
            let etag = get(session, &item).await?.etag;
            (ItemGroups { item: text::named("items", &item), levels, etag, ..ItemGroups::default() }, why)
        }
        GroupCommand::Clear { item, why } => {
            (ItemGroups { item: text::named("items", &item), ..ItemGroups::default() }, why)
        }
        GroupCommand::Quota(args) => (with_quota(get(session, &args.item).await?, &args)?, args.why),
        GroupCommand::Protect(args) => (with_protection(get(session, &args.item).await?, &args), args.why),
    };
    let request =
        PutItemGroupsRequest { request_id: session.request_id(), groups: Some(groups), context: context(&why) };
    let answer = session.clients.groups.clone().put_item_groups(request).await?.into_inner();
    output.message(&format!("{INVENTORY}.ItemGroups"), &answer.groups.unwrap_or_default(), shown)
}

async fn get(session: &Session, item: &str) -> Result<ItemGroups, Failure> {
    let request = GetItemGroupsRequest { item: text::named("items", item) };
    let answer = session.clients.groups.clone().get_item_groups(request).await?.into_inner();
    Ok(answer.groups.unwrap_or_default())
}

async fn list(page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let groups = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.groups.clone();
        async move {
            let page = client.list_item_groups(ListItemGroupsRequest { page_size, page_token }).await?.into_inner();
            Ok((page.groups, page.next_page_token))
        }
    })
    .await?;
    let answer = ListItemGroupsResponse { groups, next_page_token: String::new() };
    output.message(&format!("{INVENTORY}.ListItemGroupsResponse"), &answer, |answer| {
        answer.groups.iter().map(shown).collect::<Vec<_>>().join("\n\n")
    })
}

/// Keeps units for somebody else than before, or asks what is kept.
async fn allocated(command: GroupCommand, session: &Session) -> Result<LocationAllocation, Failure> {
    let (request_id, mut client) = (session.request_id(), session.clients.groups.clone());
    let place = |item: &str, location: &str| (text::named("items", item), text::named("locations", location));
    let allocation = match command {
        GroupCommand::Allocate(MoveArgs { item, location, group, units, why }) => {
            let ((item, location), values) = (place(&item, &location), values(&group));
            let context = context(&why);
            let request = AllocateRequest { request_id, item, location, values, quantity: units, context };
            client.allocate(request).await?.into_inner().allocation
        }
        GroupCommand::Unallocate(MoveArgs { item, location, group, units, why }) => {
            let ((item, location), values) = (place(&item, &location), values(&group));
            let context = context(&why);
            let request = UnallocateRequest { request_id, item, location, values, quantity: units, context };
            client.unallocate(request).await?.into_inner().allocation
        }
        GroupCommand::Reallocate { to, moved: MoveArgs { item, location, group, units, why } } => {
            let (item, location) = place(&item, &location);
            let (from_values, to_values, context) = (values(&group), values(&to), context(&why));
            let quantity = units;
            let request = ReallocateRequest { request_id, item, location, from_values, to_values, quantity, context };
            client.reallocate(request).await?.into_inner().allocation
        }
        GroupCommand::Allocated { item, location } => {
            let (item, location) = place(&item, &location);
            client.query_allocation(QueryAllocationRequest { item, location }).await?.into_inner().allocation
        }
        GroupCommand::Show { .. }
        | GroupCommand::List { .. }
        | GroupCommand::Levels { .. }
        | GroupCommand::Quota(_)
        | GroupCommand::Protect(_)
        | GroupCommand::Clear { .. } => None,
    };
    Ok(allocation.unwrap_or_default())
}

fn kept(allocation: &LocationAllocation) -> String {
    let row =
        |group: &GroupAllocation| vec![group.values.join(","), group.allocated.to_string(), group.consumed.to_string()];
    let free = format!("{}: {} free for nobody", text::id(&allocation.location), allocation.available_to_allocate);
    let groups: Vec<Vec<String>> = allocation.groups.iter().map(row).collect();
    if groups.is_empty() { free } else { format!("{free}\n\n{}", render(&KEPT, groups)) }
}

/// The groups with the quota of one group in place of what it had.
fn with_quota(mut groups: ItemGroups, args: &QuotaArgs) -> Result<ItemGroups, Failure> {
    let periods = args.periods.iter().map(|text| period(text)).collect::<Result<Vec<_>, _>>()?;
    let place = usize::from(args.plan) - 1;
    while groups.plans.len() <= place {
        groups.plans.push(QuotaPlan::default());
    }
    let values = values(&args.group);
    let plan = &mut groups.plans[place].groups;
    match plan.iter().position(|group| group.values == values) {
        Some(known) if periods.is_empty() => drop(plan.remove(known)),
        Some(known) => plan[known].periods = periods,
        None => plan.push(QuotaGroup { values, periods }),
    }
    Ok(groups)
}

/// The groups with what is kept for one group in place of what was.
fn with_protection(mut groups: ItemGroups, args: &ProtectArgs) -> ItemGroups {
    let location = text::named("locations", &args.location);
    let known = groups.protections.iter().position(|there| there.location == location);
    let place = known.unwrap_or_else(|| {
        groups.protections.push(LocationProtections { location, ..LocationProtections::default() });
        groups.protections.len() - 1
    });
    let there = &mut groups.protections[place];
    there.restricted_outside_own = !args.open_outside;
    let values = values(&args.group);
    let (core, priority, protected) = (args.core, args.priority, args.units);
    let group = ProtectionGroup { values, core, priority, protected, consumed: 0 };
    match there.groups.iter().position(|known| known.values == group.values) {
        Some(known) if protected == 0 => drop(there.groups.remove(known)),
        Some(known) => there.groups[known] = group,
        None => there.groups.push(group),
    }
    groups
}

fn values(group: &str) -> Vec<String> {
    group.split(',').map(|value| value.trim().to_owned()).collect()
}

fn period(text: &str) -> Result<QuotaPeriod, Failure> {
    let parsed = text.split_once('=').and_then(|(days, maximum)| {
        let (from, until) = days.split_once("..")?;
        let day = |text: &str| text.parse::<civil::Date>().ok().map(requests::date);
        Some(QuotaPeriod {
            from_date: Some(day(from)?),
            until_date: Some(day(until)?),
            maximum: maximum.parse().ok()?,
            consumed: 0,
        })
    });
    parsed.ok_or_else(|| {
        Failure::new(format!("{text:?} is not FROM..UNTIL=UNITS"))
            .next("name the first day, the first day after it and the units, such as 2026-12-01..2027-01-01=500")
    })
}

fn shown(groups: &ItemGroups) -> String {
    let item = text::id(&groups.item);
    if groups.levels.is_empty() {
        return format!("{item} has no groups");
    }
    let mut parts = vec![format!("{item}: groups by {}", groups.levels.join(", "))];
    let quotas: Vec<Vec<String>> =
        groups.plans.iter().zip(1..).flat_map(|(plan, number)| quota_rows(plan, number)).collect();
    if !quotas.is_empty() {
        parts.push(render(&QUOTAS, quotas));
    }
    let kept: Vec<Vec<String>> = groups.protections.iter().flat_map(protection_rows).collect();
    if !kept.is_empty() {
        parts.push(render(&PROTECTIONS, kept));
    }
    parts.join("\n\n")
}

fn quota_rows(plan: &QuotaPlan, number: i32) -> Vec<Vec<String>> {
    let of_group = |group: &QuotaGroup| -> Vec<Vec<String>> {
        let row = |period: &QuotaPeriod| {
            vec![
                number.to_string(),
                group.values.join(","),
                text::date(period.from_date.as_ref()),
                text::date(period.until_date.as_ref()),
                period.maximum.to_string(),
                period.consumed.to_string(),
            ]
        };
        group.periods.iter().map(row).collect()
    };
    plan.groups.iter().flat_map(of_group).collect()
}

fn protection_rows(there: &LocationProtections) -> Vec<Vec<String>> {
    let row = |group: &ProtectionGroup| {
        vec![
            text::id(&there.location).to_owned(),
            group.values.join(","),
            group.core.to_string(),
            group.priority.to_string(),
            group.protected.to_string(),
            group.consumed.to_string(),
        ]
    };
    there.groups.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn why() -> ReasonArgs {
        ReasonArgs { reason: "plan".to_owned(), note: String::new() }
    }

    #[test]
    fn a_quota_replaces_that_of_its_group_and_none_takes_it_away() {
        let args = |periods: &[&str]| QuotaArgs {
            item: "mug".to_owned(),
            group: "GOLD, #".to_owned(),
            periods: periods.iter().map(|text| (*text).to_owned()).collect(),
            plan: 2,
            why: why(),
        };
        let groups = with_quota(ItemGroups::default(), &args(&["2026-12-01..2027-01-01=500"])).unwrap();
        assert_eq!((groups.plans.len(), groups.plans[1].groups[0].values.clone()), (2, values("GOLD,#")));
        assert_eq!(groups.plans[1].groups[0].periods[0].maximum, 500);
        let groups = with_quota(groups, &args(&["2026-12-01..2027-01-01=7"])).unwrap();
        assert_eq!(groups.plans[1].groups[0].periods[0].maximum, 7);
        assert!(shown(&ItemGroups { levels: vec!["tier".to_owned()], ..groups.clone() }).contains("2027-01-01"));
        assert!(with_quota(groups, &args(&[])).unwrap().plans[1].groups.is_empty());
        assert!(with_quota(ItemGroups::default(), &args(&["2026-12=5"])).is_err());
    }

    #[test]
    fn what_is_kept_replaces_what_was_and_nothing_takes_it_away() {
        let args = |units| ProtectArgs {
            item: "mug".to_owned(),
            location: "main".to_owned(),
            group: "GOLD".to_owned(),
            units,
            core: 1,
            priority: 2,
            open_outside: false,
            why: why(),
        };
        let groups = with_protection(with_protection(ItemGroups::default(), &args(5)), &args(8));
        assert_eq!((groups.protections.len(), groups.protections[0].groups[0].protected), (1, 8));
        assert!(groups.protections[0].restricted_outside_own);
        assert!(with_protection(groups, &args(0)).protections[0].groups.is_empty());
    }
}
