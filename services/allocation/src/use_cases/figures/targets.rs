//! What service figures should reach: kept, judged once a day, and told when they stand otherwise.

use backorder_domain::{
    figures::{
        cohort::{CohortSums, Terms},
        named::{Figure, FigureName, NotMeasured, Value},
        target::{Bound, Judgement},
    },
    time::civil_date_in,
};
use backorder_proto::{
    allocation::v1::{self as pb, figure_target::Bound as Asked},
    convert::{Violations, decimal::nanos, decode, encode},
};
use backorder_service_kit::problem::Problem;
use backorder_storage::{StorageError, WriteTx, columns, outbox};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use prost::Message as _;

use super::{AskedTerms, FiguresCommand, Scope, message};
use crate::{
    error::{Error, Kind},
    events::Events,
    store::{entity::figure_target, figure_reviews as table},
    use_cases::{
        UseCases,
        policies::{RuleWrite, check_etag, note_in_tx},
    },
    write::{Who, Write},
};

const TABLE: &str = "figure_target";
/// Targets at most: each one counts its lines every day.
const TARGETS_MAX: u64 = 100;

/// Days that a target looks at, at most: ten years.
const WINDOW_DAYS_MAX: i32 = 3_650;

/// What a target says.
#[derive(Debug, Clone)]
pub struct TargetTerms {
    figure: FigureName,
    weight: pb::FigureWeight,
    statistic: pb::FigureStatistic,
    /// Which lines, without days.
    scope: Scope,
    terms: Terms,
    bound: Bound,
    window_days: i32,
}

impl TargetTerms {
    /// What the message in the field `target` says.
    pub fn decode(target: &pb::FigureTarget, now: Timestamp, violations: &mut Violations) -> Option<Self> {
        let figure = decode::required_enum(target.figure, "target.figure", violations).and_then(message::figure_name);
        let weight = decode::required_enum(target.weight, "target.weight", violations);
        let statistic = decode::required_enum(target.statistic, "target.statistic", violations);
        if let Some(scope) = &target.scope
            && (scope.from_date.is_some() || scope.until_date.is_some() || scope.as_of.is_some())
        {
            violations.push("target.scope", "must not have days or a time: a target looks at the days up to yesterday");
        }
        let scope = Scope::decode(target.scope.as_ref(), "target.scope", now, violations);
        let terms = AskedTerms {
            days_early: target.on_time_days_early,
            days_late: target.on_time_days_late,
            old_days: target.old_order_days,
        };
        let terms = terms.decode("target.", violations);
        if !(1..=WINDOW_DAYS_MAX).contains(&target.window_days) {
            violations.push("target.window_days", format!("must be from 1 to {WINDOW_DAYS_MAX}"));
        }
        let bound = match &target.bound {
            Some(Asked::AtLeast(bound)) => nanos(Some(bound), "target.at_least", violations).map(Bound::AtLeast),
            Some(Asked::AtMost(bound)) => nanos(Some(bound), "target.at_most", violations).map(Bound::AtMost),
            None => {
                violations.push("target.bound", "must be set: at_least or at_most");
                None
            }
        };
        let window_days = target.window_days;
        let (figure, weight, statistic) = (figure?, weight?, statistic?);
        let this = Self { figure, weight, statistic, scope: scope?, terms: terms?, bound: bound?, window_days };
        let known = CohortSums::default().figures();
        if known.iter().filter(|figure| this.is_about(figure)).count() != 1 {
            violations.push("target.figure", "must be a figure with one value of this weight and statistic");
        }
        Some(this)
    }

    fn is_about(&self, figure: &Figure) -> bool {
        figure.name == self.figure
            && message::weight(figure.weight) == self.weight
            && message::statistic(figure.statistic) == self.statistic
    }
}

/// A target to put.
#[derive(Debug, Clone)]
pub struct PutTarget {
    /// The id.
    pub id: String,
    /// The target without what is output only.
    pub target: pb::FigureTarget,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

/// A target to delete.
#[derive(Debug, Clone)]
pub struct DeleteTarget {
    /// The id.
    pub id: String,
    /// Who does it and why.
    pub who: Who,
}

fn name_of(id: &str) -> String {
    format!("figureTargets/{id}")
}

impl UseCases {
    /// Makes or changes a target. A job judges it, which is woken.
    ///
    /// # Errors
    /// [`Error::VersionMismatch`]; OVERLOADED when there are too many.
    pub async fn put_figure_target(self, write: Write<PutTarget>) -> Result<pb::FigureTarget, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("put_figure_target", move |tx| Box::pin(async move { this.put_target_in_tx(tx, write).await }))
            .await?;
        self.wakes().targets.wake();
        Ok(answer)
    }

    async fn put_target_in_tx(&self, tx: &WriteTx<'_>, write: &Write<PutTarget>) -> Result<pb::FigureTarget, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let PutTarget { id, target, etag, who } = &write.command;
        let (terms, old) = (target.encode_to_vec(), table::lock_target_in_tx(tx, id).await?);
        check_etag(&name_of(id), etag, old.as_ref().map_or(0, |old| old.version))?;
        if let Some(same) = old.as_ref().filter(|old| old.terms == terms) {
            return self.end_rule_in_tx(tx, write, told(same)?).await;
        }
        let kind = if old.is_some() { RuleWrite::Update } else { RuleWrite::Create };
        let new = match old {
            Some(old) => figure_target::Model { terms, version: old.version + 1, ..old },
            None if table::count_targets(tx).await? >= TARGETS_MAX => {
                let mut violations = Violations::new();
                violations.push("target.name", format!("must be one of the {TARGETS_MAX} targets: no more are kept"));
                return Err(Error::Invalid(violations));
            }
            None => figure_target::Model {
                id: id.clone(),
                terms,
                version: 1,
                state: pb::FigureTargetState::Unspecified.into(),
                since_at: None,
                judged_at: None,
                judged_until: None,
                judged_version: 0,
                measured: Vec::new(),
                sequence: 0,
            },
        };
        if matches!(kind, RuleWrite::Create) {
            if !table::insert_target_in_tx(tx, new.clone()).await? {
                return Err(Problem::contention().into());
            }
        } else {
            table::update_target_in_tx(tx, new.clone()).await?;
        }
        note_in_tx(tx, write, who, (kind, name_of(id), new.version), self.now()).await?;
        self.end_rule_in_tx(tx, write, told(&new)?).await
    }

    /// Deletes a target.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_figure_target(
        self,
        write: Write<DeleteTarget>,
    ) -> Result<pb::DeleteFigureTargetResponse, Error> {
        let (this, write) = (&self, &write);
        self.store()
            .write("delete_figure_target", move |tx| Box::pin(async move { this.delete_target_in_tx(tx, write).await }))
            .await
    }

    async fn delete_target_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<DeleteTarget>,
    ) -> Result<pb::DeleteFigureTargetResponse, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let DeleteTarget { id, who } = &write.command;
        let missing = || Error::missing(Kind::FigureTarget, name_of(id));
        let old = table::lock_target_in_tx(tx, id).await?.ok_or_else(missing)?;
        table::delete_target_in_tx(tx, id).await?;
        note_in_tx(tx, write, who, (RuleWrite::Delete, name_of(id), old.version), self.now()).await?;
        self.end_rule_in_tx(tx, write, pb::DeleteFigureTargetResponse {}).await
    }

    /// One target.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_figure_target(&self, id: &str) -> Result<pb::FigureTarget, Error> {
        match table::find_target(self.store().reader(), id).await? {
            Some(row) => Ok(told(&row)?),
            None => Err(Error::missing(Kind::FigureTarget, name_of(id))),
        }
    }

    /// All targets, by name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_figure_targets(&self) -> Result<Vec<pb::FigureTarget>, Error> {
        let rows = table::list_targets(self.store().reader()).await?;
        Ok(rows.iter().map(told).collect::<Result<_, _>>()?)
    }

    /// How many targets were not yet judged over the days up to yesterday, or not as they were put last.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn count_targets_to_judge(&self) -> Result<u64, StorageError> {
        table::count_unjudged(self.store().reader(), &columns::date_text(self.last_day())).await
    }

    /// The last requested day that targets look at: yesterday.
    fn last_day(&self) -> Date {
        civil_date_in(self.now(), &TimeZone::UTC).saturating_sub(1.day())
    }

    /// Judges every target that was not yet judged over the days up to yesterday, or not as it was put last.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn judge_figure_targets(&self) -> Result<(), Error> {
        let until = self.last_day();
        for row in table::list_targets(self.store().reader()).await? {
            if is_judged(&row, until) {
                continue;
            }
            let terms = terms_of(&row, self.now())?;
            let figure = self.measure_target(&terms, until).await?;
            let value = figure.as_ref().map_or(Value::NotMeasured(NotMeasured::Nothing), |figure| figure.value);
            self.note_judgement(row, terms.bound.judge(value), figure.as_ref(), until).await?;
        }
        Ok(())
    }

    /// The figure that a target is about, over the days up to one.
    async fn measure_target(&self, terms: &TargetTerms, until: Date) -> Result<Option<Figure>, Error> {
        let (from, until) = (Some(first_of(until, terms.window_days)), Some(until));
        let scope = Scope { from, until, as_of: self.now(), ..terms.scope.clone() };
        let command = FiguresCommand { scope, figures: vec![terms.figure], terms: terms.terms };
        let sums = self.cohort_sums(command).await?;
        Ok(sums.figures().into_iter().find(|figure| terms.is_about(figure)))
    }

    async fn note_judgement(
        &self,
        read: figure_target::Model,
        judgement: Judgement,
        figure: Option<&Figure>,
        until: Date,
    ) -> Result<(), Error> {
        let measured = figure.map(message::figure).unwrap_or_default().encode_to_vec();
        let (read, measured, now) = (&read, &measured, self.now());
        self.store()
            .write("judge_figure_target", move |tx| {
                Box::pin(async move {
                    // Who deletes or changes it meanwhile has it judged anew.
                    let Some(old) = table::lock_target_in_tx(tx, &read.id).await? else { return Ok(()) };
                    if old.version != read.version {
                        return Ok(());
                    }
                    let state = i32::from(state_of(judgement));
                    let is_other = state != old.state;
                    let micros = columns::micros(now);
                    let before = old.state;
                    let new = figure_target::Model {
                        state,
                        since_at: if is_other { Some(micros) } else { old.since_at },
                        judged_at: Some(micros),
                        judged_until: Some(columns::date_text(until)),
                        judged_version: old.version,
                        measured: measured.clone(),
                        sequence: if is_other { micros.max(old.sequence + 1) } else { old.sequence },
                        ..old
                    };
                    table::update_target_in_tx(tx, new.clone()).await?;
                    if is_other {
                        self.tell_judgement_in_tx(tx, &new, before).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    async fn tell_judgement_in_tx(
        &self,
        tx: &WriteTx<'_>,
        row: &figure_target::Model,
        before: i32,
    ) -> Result<(), Error> {
        let mut events = Events::new(self.ids(), self.now(), None);
        events.target_judged(told(row)?, before, row.sequence);
        Ok(outbox::append_in_tx(tx, events.into_new()).await?)
    }
}

fn is_judged(row: &figure_target::Model, until: Date) -> bool {
    row.judged_until.as_deref() == Some(&*columns::date_text(until)) && row.judged_version == row.version
}

/// The first of so many days.
fn first_of(until: Date, window_days: i32) -> Date {
    until.saturating_sub(i64::from(window_days - 1).days())
}

const fn state_of(judgement: Judgement) -> pb::FigureTargetState {
    match judgement {
        Judgement::Met => pb::FigureTargetState::Met,
        Judgement::Breached => pb::FigureTargetState::Breached,
        Judgement::NotMeasured => pb::FigureTargetState::NotMeasured,
    }
}

fn terms_of(row: &figure_target::Model, now: Timestamp) -> Result<TargetTerms, StorageError> {
    let mut violations = Violations::new();
    let terms = TargetTerms::decode(&put(row)?, now, &mut violations);
    violations
        .finish_with(terms)
        .map_err(|violations| StorageError::InvalidRow { table: TABLE, detail: violations.to_string() })
}

/// A target as it was put.
fn put(row: &figure_target::Model) -> Result<pb::FigureTarget, StorageError> {
    pb::FigureTarget::decode(row.terms.as_slice()).map_err(invalid)
}

/// A target with how it stands.
fn told(row: &figure_target::Model) -> Result<pb::FigureTarget, StorageError> {
    let target = put(row)?;
    let until = columns::optional_date(row.judged_until.as_deref(), TABLE)?;
    let time = |micros| columns::optional_instant(micros, TABLE).map(|time| time.map(encode::timestamp));
    let measured = until.map(|_| pb::ServiceFigure::decode(row.measured.as_slice()).map_err(invalid)).transpose()?;
    Ok(pb::FigureTarget {
        state: row.state,
        since_time: time(row.since_at)?,
        judge_time: time(row.judged_at)?,
        measured,
        from_date: until.map(|until| encode::date(first_of(until, target.window_days))),
        until_date: until.map(encode::date),
        etag: row.version.to_string(),
        ..target
    })
}

fn invalid(error: prost::DecodeError) -> StorageError {
    StorageError::InvalidRow { table: TABLE, detail: error.to_string() }
}
