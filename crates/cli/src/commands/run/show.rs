//! Runs, their lines and comparisons for people.

use backorder_proto::allocation::v1::{
    AllocationRun, CompareRunsResponse, RunCommitProgress, RunConfirmation, RunConstraint, RunException,
    RunLeftOutCause, RunLine, RunLineOutcome, RunProgress, RunResult, RunRules, RunSide, RunState, RunStrategy,
    RunTierSums,
};

use crate::output::{
    table::{
        Column::{Number, Words},
        pairs, render,
    },
    text,
};

const fn state(state: RunState) -> &'static str {
    match state {
        RunState::Unspecified => "-",
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Cancelled => "cancelled",
        RunState::Failed => "failed",
        RunState::Committing => "committing",
        RunState::Committed => "committed",
    }
}

const fn strategy(strategy: RunStrategy) -> &'static str {
    match strategy {
        RunStrategy::Unspecified => "-",
        RunStrategy::Win => "win",
        RunStrategy::Gain => "gain",
        RunStrategy::Improve => "improve",
        RunStrategy::Redistribute => "redistribute",
        RunStrategy::Fill => "fill",
        RunStrategy::Lose => "lose",
        RunStrategy::Skip => "skip",
    }
}

const fn result(result: RunResult) -> &'static str {
    match result {
        RunResult::Unspecified => "-",
        RunResult::Unchanged => "as now",
        RunResult::Improved => "better",
        RunResult::Worsened => "worse",
        RunResult::Moved => "moved",
        RunResult::Discarded => "left as it is",
    }
}

const fn outcome(outcome: RunLineOutcome) -> &'static str {
    match outcome {
        RunLineOutcome::Unspecified => "-",
        RunLineOutcome::Applied => "done",
        RunLineOutcome::Unchanged => "nothing to do",
        RunLineOutcome::ExpectedOnly => "expected only: follows the queue",
        RunLineOutcome::Kept => "kept: nobody gets its units",
        RunLineOutcome::Stale => "stale: it changed since",
        RunLineOutcome::NoCover => "no cover: too little is there",
        RunLineOutcome::NotReserved => "not reserved any more",
        RunLineOutcome::NotForRuns => "not for runs any more",
        RunLineOutcome::NotWaiting => "does not wait any more",
        RunLineOutcome::Limited => "its groups do not let it take so many",
        RunLineOutcome::Pinned => "pinned since",
        RunLineOutcome::Barred => "takes no stock since",
    }
}

/// What became of a line: `done: -4` where it gave four reserved units, `done: +2` where it got two.
fn committed(line: &RunLine) -> String {
    let units = [(line.units_taken, '-'), (line.units_given, '+')];
    let units: Vec<String> =
        units.iter().filter(|(units, _)| *units > 0).map(|(units, sign)| format!("{sign}{units}")).collect();
    let outcome = outcome(line.outcome());
    if units.is_empty() { outcome.to_owned() } else { format!("{outcome}: {}", units.join(" ")) }
}

const fn constraint(constraint: RunConstraint) -> &'static str {
    match constraint {
        RunConstraint::Unspecified => "-",
        RunConstraint::Supply => "supply",
        RunConstraint::ShipmentMin => "too few at one location",
        RunConstraint::OneLocation => "one location only",
        RunConstraint::Strategy => "strategy",
    }
}

const fn cause(cause: RunLeftOutCause) -> &'static str {
    match cause {
        RunLeftOutCause::Unspecified => "left out",
        RunLeftOutCause::Scope => "not in scope",
        RunLeftOutCause::Skipped => "skipped",
        RunLeftOutCause::ShipSet => "in a ship set",
        RunLeftOutCause::BoundUnits => "asks for a batch",
        RunLeftOutCause::Pinned => "pinned",
        RunLeftOutCause::Barred => "takes no stock now",
        RunLeftOutCause::NoOrder => "no order",
        RunLeftOutCause::Released => "with the warehouse",
        RunLeftOutCause::Unclaimed => "in no segment",
    }
}

/// A line, with its part where it has several.
pub(super) fn part(line: &str, part: i32) -> String {
    let name = text::line(line);
    if part > 1 { format!("{name} part {part}") } else { name }
}

/// Confirmations in one cell: `30 on 2026-11-28 at main`.
pub(super) fn confirmations(parts: &[RunConfirmation]) -> String {
    let one = |part: &RunConfirmation| {
        format!("{} on {} at {}", part.quantity, text::date(part.ship_date.as_ref()), text::id(&part.location))
    };
    if parts.is_empty() { "-".to_owned() } else { parts.iter().map(one).collect::<Vec<_>>().join("\n") }
}

/// An exception in one sentence.
pub(super) fn exception(exception: &RunException) -> String {
    format!(
        "{} cannot {}: {} units are missing ({}); its item is left as it is",
        part(&exception.line, exception.part),
        strategy(exception.strategy()),
        exception.missing,
        constraint(exception.binding_constraint())
    )
}

/// Runs as a table.
pub(super) fn runs(runs: &[AllocationRun]) -> String {
    let columns = [
        Words("run"),
        Words("state"),
        Words("started"),
        Number("items"),
        Number("lines"),
        Number("changed"),
        Number("exceptions"),
        Words("by"),
        Words("reason"),
    ];
    render(
        &columns,
        runs.iter().map(|run| {
            let (progress, context) =
                (run.progress.clone().unwrap_or_default(), run.context.clone().unwrap_or_default());
            vec![
                text::id(&run.name).to_owned(),
                state(run.state()).to_owned(),
                text::time(run.create_time.as_ref()),
                format!("{} of {}", progress.items_done, progress.items_total),
                progress.lines.to_string(),
                progress.lines_changed.to_string(),
                progress.exceptions.to_string(),
                context.actor,
                context.reason_code,
            ]
        }),
    )
}

/// How far a run is, in one line.
pub(super) fn progress(run: &AllocationRun) -> String {
    let progress = run.progress.clone().unwrap_or_default();
    if let (RunState::Committing, Some(commit)) = (run.state(), progress.commit) {
        return format!(
            "{}: committed {} of {} items, {} units taken, {} given",
            text::id(&run.name),
            commit.items_done,
            commit.items_total,
            commit.units_taken,
            commit.units_given
        );
    }
    format!(
        "{}: {} of {} items, {} lines, {} changed",
        text::id(&run.name),
        progress.items_done,
        progress.items_total,
        progress.lines,
        progress.lines_changed
    )
}

/// The rules of a run: a policy, or a strategy for each tier.
fn rules(rules: &RunRules) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let version = |name: &str| name.trim_start_matches("allocationPolicies/").replace("/versions/", " version ");
    if !rules.policy.is_empty() {
        rows.push(("policy".to_owned(), version(&rules.policy)));
    } else if let Some(draft) = &rules.policy_draft {
        rows.push(("draft of a policy".to_owned(), text::id(&draft.name).to_owned()));
    } else {
        rows.push(("strategy".to_owned(), strategy(rules.default_strategy()).to_owned()));
    }
    if !rules.fallback.is_empty() {
        rows.push(("fallback".to_owned(), version(&rules.fallback)));
    }
    for one in &rules.tier_strategies {
        let tier = if one.tier.is_empty() { "without a tier" } else { &one.tier };
        rows.push((format!("  of {tier}"), strategy(one.strategy()).to_owned()));
    }
    rows
}

/// What became of the lines of each segment, and how long each tier waits.
fn segments_and_waits(progress: &RunProgress) -> Vec<String> {
    let mut parts = Vec::new();
    if !progress.segments.is_empty() {
        let columns = [
            Words("segment"),
            Words("strategy"),
            Number("lines"),
            Number("changed"),
            Number("units"),
            Number("on time"),
            Number("confirmed"),
        ];
        parts.push(render(
            &columns,
            progress.segments.iter().map(|sums| {
                vec![
                    if sums.by_fallback { format!("{} (fallback)", sums.segment) } else { sums.segment.clone() },
                    strategy(sums.strategy()).to_owned(),
                    sums.lines.to_string(),
                    sums.lines_changed.to_string(),
                    sums.units.to_string(),
                    sums.units_on_time.to_string(),
                    sums.units_confirmed.to_string(),
                ]
            }),
        ));
    }
    if !progress.tier_waits.is_empty() {
        let columns = [Words("tier"), Number("lines"), Number("longest wait"), Words("line"), Number("promoted")];
        parts.push(render(
            &columns,
            progress.tier_waits.iter().map(|wait| {
                vec![
                    if wait.customer_tier.is_empty() { "-".to_owned() } else { wait.customer_tier.clone() },
                    wait.lines.to_string(),
                    wait.longest_wait_days.map_or_else(|| "-".to_owned(), |days| format!("{days} days")),
                    text::line(&wait.longest_waiting_line),
                    wait.lines_promoted.to_string(),
                ]
            }),
        ));
    }
    let unanswered = progress.filter_failures.iter().map(|failure| {
        let of = if failure.by_fallback { "the fallback's " } else { "" };
        format!(
            "{of}{} had no answer for {} lines, which it does not match: {}",
            failure.field, failure.lines, failure.problem
        )
    });
    parts.extend(unanswered);
    parts
}

/// One run.
pub(super) fn run(run: &AllocationRun) -> String {
    let progress = run.progress.clone().unwrap_or_default();
    let mut rows =
        vec![("run".to_owned(), text::id(&run.name).to_owned()), ("state".to_owned(), state(run.state()).to_owned())];
    if !run.schedule.is_empty() {
        let due = format!("{}, due {}", text::id(&run.schedule), text::time(run.due_time.as_ref()));
        rows.push(("started by".to_owned(), due));
    }
    rows.extend(run.rules.as_ref().map(rules).unwrap_or_default());
    rows.extend([
        ("items".to_owned(), format!("{} of {}", progress.items_done, progress.items_total)),
        ("lines".to_owned(), progress.lines.to_string()),
        ("  better".to_owned(), progress.lines_improved.to_string()),
        ("  worse".to_owned(), progress.lines_worsened.to_string()),
        ("  moved".to_owned(), progress.lines_moved.to_string()),
        ("  left as they are".to_owned(), progress.lines_discarded.to_string()),
        ("units gained".to_owned(), progress.units_gained.to_string()),
        ("units lost".to_owned(), progress.units_lost.to_string()),
        ("exceptions".to_owned(), progress.exceptions.to_string()),
    ]);
    for left in &progress.left_out {
        rows.push((
            format!("not decided: {}", cause(left.cause())),
            format!("{} lines, {} units", left.claims, left.units),
        ));
    }
    rows.extend(progress.commit.iter().flat_map(commit));
    let mut parts = vec![pairs(rows)];
    parts.extend(segments_and_waits(&progress));
    if progress.exception_reached_all {
        parts.push("an exception reached the whole run, as the policy says".to_owned());
    }
    parts.extend(run.exceptions.iter().map(exception));
    if !run.failure.is_empty() {
        parts.push(format!("it failed: {}", run.failure));
    }
    if run.cancel_requested {
        parts.push("it ends after the items that it is at".to_owned());
    }
    if progress.lines_changed > 0 {
        parts.push(format!("see `backorder run lines {} --changed`", text::id(&run.name)));
        if run.state() == RunState::Done {
            parts.push(format!("`backorder run commit {}` does it", text::id(&run.name)));
        }
    }
    parts.join("\n")
}

/// What the commit of a run has done.
fn commit(commit: &RunCommitProgress) -> Vec<(String, String)> {
    let counted = [
        ("committed: lines", commit.lines_committed),
        ("  stale", commit.lines_stale),
        ("  without cover", commit.lines_without_cover),
        ("  expected only", commit.lines_expected_only),
        ("  kept", commit.lines_kept),
        ("  skipped", commit.lines_skipped),
        ("  units taken", commit.units_taken),
        ("  units given", commit.units_given),
    ];
    let items = ("committed: items".to_owned(), format!("{} of {}", commit.items_done, commit.items_total));
    let counted = counted.into_iter().map(|(what, count)| (what.to_owned(), count.to_string()));
    std::iter::once(items).chain(counted).collect()
}

/// Lines of a run as a table.
pub(super) fn lines(lines: &[RunLine]) -> String {
    let columns = [
        Words("item"),
        Number("place"),
        Words("line"),
        Words("tier"),
        Words("segment"),
        Words("strategy"),
        Number("units"),
        Words("due"),
        Words("now"),
        Words("then"),
        Words("result"),
        Words("committed"),
        Words("bound by"),
        Words("served before it"),
        Words("smallest change that helps"),
    ];
    render(
        &columns,
        lines.iter().map(|line| {
            let before =
                line.competitors.iter().map(|other| format!("{} x{}", part(&other.line, other.part), other.quantity));
            vec![
                text::id(&line.item).to_owned(),
                line.place.to_string(),
                part(&line.line, line.part),
                if line.promoted { format!("{} (promoted)", line.customer_tier) } else { line.customer_tier.clone() },
                if line.by_fallback { format!("{} (fallback)", line.segment) } else { line.segment.clone() },
                strategy(line.strategy()).to_owned(),
                line.quantity.to_string(),
                text::date(line.due_date.as_ref()),
                confirmations(&line.before),
                confirmations(&line.after),
                result(line.result()).to_owned(),
                committed(line),
                constraint(line.binding_constraint()).to_owned(),
                before.collect::<Vec<_>>().join("\n"),
                line.fix.as_ref().map(|fix| fix.summary.clone()).unwrap_or_default(),
            ]
        }),
    )
}

/// Two runs beside each other.
pub(super) fn comparison(answer: &CompareRunsResponse) -> String {
    let columns = [
        Words("tier"),
        Number("lines"),
        Number("units"),
        Number("on time: first"),
        Number("second"),
        Number("confirmed: first"),
        Number("second"),
        Number("unit-days late: first"),
        Number("second"),
    ];
    let tiers = render(
        &columns,
        answer.tiers.iter().map(|tier| {
            let (first, second) = (tier.first.unwrap_or_default(), tier.second.unwrap_or_default());
            let both = |of: fn(&RunTierSums) -> i64| [of(&first).to_string(), of(&second).to_string()];
            let mut row = vec![
                if tier.customer_tier.is_empty() { "-".to_owned() } else { tier.customer_tier.clone() },
                first.lines.max(second.lines).to_string(),
                first.units.max(second.units).to_string(),
            ];
            row.extend(both(|sums| sums.units_on_time));
            row.extend(both(|sums| sums.units_confirmed));
            row.extend(both(|sums| sums.unit_days_late));
            row
        }),
    );
    if answer.differences.is_empty() {
        return format!("{tiers}\nboth confirm the same");
    }
    let columns =
        [Words("item"), Words("line"), Words("tier"), Words("first"), Words("second"), Number("units"), Number("days")];
    let side = |side: &Option<RunSide>| {
        side.as_ref().map_or_else(|| "not in it".to_owned(), |side| confirmations(&side.confirmations))
    };
    let differences = render(
        &columns,
        answer.differences.iter().map(|one| {
            vec![
                text::id(&one.item).to_owned(),
                part(&one.line, one.part),
                one.customer_tier.clone(),
                side(&one.first),
                side(&one.second),
                format!("{:+}", one.quantity_change),
                one.days_change.map_or_else(|| "-".to_owned(), |days| format!("{days:+}")),
            ]
        }),
    );
    format!("{tiers}\n{differences}")
}
