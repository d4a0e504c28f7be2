//! Closed months: figures that stay as they were reported, and what later postings would change of them.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::figures::cohort::Terms;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, encode},
};
use backorder_service_kit::problem::Problem;
use backorder_storage::{StorageError, WriteTx, columns};
use jiff::{Timestamp, civil::Date};
use prost::Message as _;

use super::{
    FiguresCommand, GroupPage, Grouping, Scope,
    asked::{AskedTerms, first_of_month, grouping},
};
use crate::{
    error::{Error, Kind},
    store::{entity::figure_period, figure_reviews as table},
    use_cases::UseCases,
    write::{Who, Write},
};

const TABLE: &str = "figure_period";
/// Groups of a closed month at most.
const GROUPS_MAX: usize = 200;
/// Restatements in an answer at most.
const RESTATEMENTS_MAX: usize = 1_000;

/// A month to close.
#[derive(Debug, Clone)]
pub struct ClosePeriod {
    /// Its first day.
    pub first: Date,
    /// By what lines are grouped.
    pub by: Option<Grouping>,
    /// What its figures depend on.
    pub terms: Terms,
    /// The same on the wire.
    pub request: pb::CloseFigurePeriodRequest,
    /// Who does it and why.
    pub who: Who,
}

/// A closed month that is asked for.
#[derive(Debug, Clone)]
pub struct PeriodAt {
    /// As `2026-03`.
    pub month: String,
    /// The edition; 0 is the last one.
    pub edition: i32,
}

/// The name of a period.
fn name_of(month: &str) -> String {
    format!("figurePeriods/{month}")
}

impl UseCases {
    /// Freezes the figures of a month.
    ///
    /// # Errors
    /// [`Error::Exists`] when it is closed and this is no restatement; [`Error::Invalid`] when it has too many groups.
    pub async fn close_figure_period(self, write: Write<ClosePeriod>) -> Result<pb::FigurePeriod, Error> {
        let ClosePeriod { first, by, terms, .. } = &write.command;
        let counted = self.count_month((*first, *by), *terms, self.now()).await?;
        let (this, write) = (&self, &write);
        self.store()
            .write("close_figure_period", move |tx| {
                let counted = counted.clone();
                Box::pin(async move { this.close_period_in_tx(tx, write, counted).await })
            })
            .await
    }

    async fn count_month(
        &self,
        (first, by): (Date, Option<Grouping>),
        terms: Terms,
        as_of: Timestamp,
    ) -> Result<pb::GetServiceFiguresResponse, Error> {
        let scope = Scope { from: Some(first), until: Some(first.last_of_month()), ..Scope::whole(as_of) };
        let command = FiguresCommand { scope, figures: Vec::new(), terms };
        let (counted, more) = self.get_service_figures(command, GroupPage { by, after: None, max: GROUPS_MAX }).await?;
        if more.is_some() {
            let mut violations = Violations::new();
            violations.push("group_by", format!("makes more than {GROUPS_MAX} groups of this month"));
            return Err(Error::Invalid(violations));
        }
        Ok(counted)
    }

    async fn close_period_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<ClosePeriod>,
        counted: pb::GetServiceFiguresResponse,
    ) -> Result<pb::FigurePeriod, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let ClosePeriod { request, who, .. } = &write.command;
        let before = table::find_period(tx, &request.month, 0).await?;
        if before.is_some() && !request.restate {
            return Err(Error::Exists { kind: "figure_period", name: name_of(&request.month) });
        }
        let who = who.clone().or_caller(&write.key.caller);
        let (edition, now) = (before.map_or(0, |before| before.edition).saturating_add(1), self.now());
        let period = pb::FigurePeriod {
            name: name_of(&request.month),
            edition,
            group_by: request.group_by,
            basis: counted.basis,
            total: counted.total,
            groups: counted.groups,
            on_time_days_early: request.on_time_days_early,
            on_time_days_late: request.on_time_days_late,
            old_order_days: request.old_order_days,
            context: Some(who.message()),
            close_time: Some(encode::timestamp(now)),
        };
        let row = figure_period::Model {
            month: request.month.clone(),
            edition,
            detail: period.encode_to_vec(),
            closed_at: columns::micros(now),
        };
        if !table::insert_period_in_tx(tx, row).await? {
            return Err(Problem::contention().into());
        }
        self.end_rule_in_tx(tx, write, period).await
    }

    /// A closed month as it was frozen.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_figure_period(&self, at: &PeriodAt) -> Result<pb::FigurePeriod, Error> {
        match table::find_period(self.store().reader(), &at.month, at.edition).await? {
            Some(row) => Ok(message(&row)?),
            None => Err(Error::missing(Kind::FigurePeriod, name_of(&at.month))),
        }
    }

    /// Closed months before a month, the latest first, without their figures.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_figure_periods(&self, before: Option<&str>, limit: u64) -> Result<Vec<pb::FigurePeriod>, Error> {
        let rows = table::list_periods(self.store().reader(), before, limit).await?;
        let bare = |row| message(row).map(|period| pb::FigurePeriod { total: None, groups: Vec::new(), ..period });
        Ok(rows.iter().map(bare).collect::<Result<_, _>>()?)
    }

    /// What is otherwise now than it was frozen.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Invalid`] when it has too many groups by now.
    pub async fn list_restatements(&self, at: &PeriodAt) -> Result<pb::ListRestatementsResponse, Error> {
        let frozen = self.get_figure_period(at).await?;
        let (first, by, terms) = counting(&at.month, &frozen)?;
        let now = self.count_month((first, by), terms, self.now()).await?;
        let mut restatements = differing("", false, frozen.total.as_ref(), now.total.as_ref());
        let groups = |groups: Vec<pb::FigureGroup>| groups.into_iter().map(|group| (group.key.clone(), group));
        let before: BTreeMap<String, pb::FigureGroup> = groups(frozen.groups).collect();
        let after: BTreeMap<String, pb::FigureGroup> = groups(now.groups).collect();
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            restatements.extend(differing(key, true, before.get(key), after.get(key)));
        }
        let total_size = i32::try_from(restatements.len()).unwrap_or(i32::MAX);
        restatements.truncate(RESTATEMENTS_MAX);
        Ok(pb::ListRestatementsResponse { edition: frozen.edition, basis: now.basis, restatements, total_size })
    }
}

/// How a month was counted.
fn counting(month: &str, frozen: &pb::FigurePeriod) -> Result<(Date, Option<Grouping>, Terms), StorageError> {
    let mut violations = Violations::new();
    let by = grouping(frozen.group_by, &mut violations);
    let terms = AskedTerms {
        days_early: frozen.on_time_days_early,
        days_late: frozen.on_time_days_late,
        old_days: frozen.old_order_days,
    };
    let terms = terms.decode("", &mut violations);
    let counting = first_of_month(month).zip(by).zip(terms).map(|((first, by), terms)| (first, by, terms));
    violations
        .finish_with(counting)
        .map_err(|violations| StorageError::InvalidRow { table: TABLE, detail: violations.to_string() })
}

/// The figures of a group that differ, in their order.
fn differing(
    key: &str,
    of_group: bool,
    frozen: Option<&pb::FigureGroup>,
    now: Option<&pb::FigureGroup>,
) -> Vec<pb::FigureRestatement> {
    let figures = |group: Option<&pb::FigureGroup>| group.map(|group| group.figures.clone()).unwrap_or_default();
    let (frozen, mut now) = (figures(frozen), figures(now));
    let is_same_figure = |one: &pb::ServiceFigure, other: &pb::ServiceFigure| {
        (one.figure, one.weight, one.statistic, one.age_days_min)
            == (other.figure, other.weight, other.statistic, other.age_days_min)
    };
    let restated = |frozen, now| pb::FigureRestatement { key: key.to_owned(), of_group, frozen, now };
    let mut found = Vec::new();
    for frozen in frozen {
        let place = now.iter().position(|now| is_same_figure(&frozen, now));
        let now = place.map(|place| now.remove(place));
        if now.as_ref() != Some(&frozen) {
            found.push(restated(Some(frozen), now));
        }
    }
    found.extend(now.into_iter().map(|now| restated(None, Some(now))));
    found
}

fn message(row: &figure_period::Model) -> Result<pb::FigurePeriod, StorageError> {
    pb::FigurePeriod::decode(row.detail.as_slice())
        .map_err(|error| StorageError::InvalidRow { table: TABLE, detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use backorder_proto::common::v1::Decimal;

    use super::*;

    fn group(values: &[(i32, &str)]) -> pb::FigureGroup {
        let figure = |(figure, value): &(i32, &str)| pb::ServiceFigure {
            figure: *figure,
            value: Some(Decimal { value: (*value).to_owned() }),
            ..pb::ServiceFigure::default()
        };
        pb::FigureGroup { figures: values.iter().map(figure).collect(), ..pb::FigureGroup::default() }
    }

    #[test]
    fn only_what_differs_is_told_and_what_is_new_or_gone() {
        let told = |frozen, now| {
            let found = differing("gold", true, frozen, now);
            let of = |figure: &Option<pb::ServiceFigure>| figure.as_ref().map(|figure| figure.figure);
            found.iter().map(|one| (of(&one.frozen), of(&one.now))).collect::<Vec<_>>()
        };
        let (frozen, now) = (group(&[(1, "0.5"), (2, "0.6"), (3, "1")]), group(&[(1, "0.5"), (2, "0.7"), (4, "1")]));
        assert_eq!(told(Some(&frozen), Some(&now)), [(Some(2), Some(2)), (Some(3), None), (None, Some(4))]);
        assert_eq!(told(Some(&frozen), Some(&frozen)), []);
        assert_eq!(told(None, Some(&group(&[(1, "1")]))), [(None, Some(1))]);
    }
}
