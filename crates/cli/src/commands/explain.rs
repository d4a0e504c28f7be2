//! `backorder explain`: why a line is promised as it is.

use backorder_proto::allocation::v1::{
    DateStepKind, ExplainPromiseRequest, ExplainPromiseResponse, PromiseConstraint, PromiseReason,
};
use clap::Args;

use super::{order::line_name, show};
use crate::{
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

/// Which line.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The line, for example A-17/3.
    line: String,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: &ExplainArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = ExplainPromiseRequest { name: line_name(&args.line)? };
    let answer = session.clients.backlog.clone().explain_promise(request).await?.into_inner();
    output.message("backorder.allocation.v1.ExplainPromiseResponse", &answer, people)
}

fn people(answer: &ExplainPromiseResponse) -> String {
    let constraint = PromiseConstraint::try_from(answer.binding_constraint).unwrap_or_default();
    let mut parts = vec![
        answer.summary.clone(),
        format!("what binds it: {}", constraint.as_str_name().trim_start_matches("PROMISE_CONSTRAINT_")),
        format!("{}{}", show::order_lines(answer.line.as_slice()), show::line_holds(answer.line.as_slice())),
    ];
    if let Some(arrives) = answer.line.as_ref().and_then(|line| line.expected_delivery_date.as_ref()) {
        parts.push(format!("arrives: {} in {}", text::zoned_date(Some(arrives)), arrives.time_zone));
    }
    if let Some(set) = &answer.ship_set {
        let lines = |names: &[String]| names.iter().map(|name| text::line(name)).collect::<Vec<_>>().join(", ");
        parts.push(format!(
            "goes together ({}): {}; the last are {}",
            set.name,
            lines(&set.lines),
            lines(&set.last_lines)
        ));
    }
    parts.extend(stands(answer));
    if !answer.date_steps.is_empty() {
        parts.push(date_steps(answer));
    }
    if !answer.supplies.is_empty() {
        parts.push(supplies(answer));
    }
    if answer.lines_ahead > 0 {
        parts.push(format!("{} lines with {} units are ahead", answer.lines_ahead, answer.units_ahead));
        parts.push(ahead(answer));
    }
    parts.push(history(answer));
    parts.join("\n")
}

/// What is said of a promise that stands against what is expected.
fn stands(answer: &ExplainPromiseResponse) -> Option<String> {
    let line = answer.line.as_ref()?;
    let (promised, expected) = (line.current_promised_date.as_ref()?, line.expected_ship_date.as_ref()?);
    if promised.date == expected.date {
        return None;
    }
    let head = format!(
        "the promise of {} stands by its rule, {} is expected",
        text::zoned_date(Some(promised)),
        text::zoned_date(Some(expected))
    );
    let review = answer.promise_review_time.as_ref();
    Some(review.map_or_else(|| head.clone(), |at| format!("{head}; looked at again at {}", text::time(Some(at)))))
}

fn date_steps(answer: &ExplainPromiseResponse) -> String {
    let columns = [Words("what moves the date"), Words("from"), Words("to")];
    render(
        &columns,
        answer.date_steps.iter().map(|step| {
            let kind = DateStepKind::try_from(step.kind).unwrap_or_default();
            vec![
                kind.as_str_name().trim_start_matches("DATE_STEP_KIND_").to_owned(),
                text::date(step.from_date.as_ref()),
                text::date(step.to_date.as_ref()),
            ]
        }),
    )
}

fn supplies(answer: &ExplainPromiseResponse) -> String {
    let columns = [
        Words("supply"),
        Words("location"),
        Number("open"),
        Number("for this line"),
        Number("for others"),
        Words("agreed"),
        Words("expected"),
    ];
    render(
        &columns,
        answer.supplies.iter().map(|supply| {
            let late = if supply.past_due { " (past due)" } else { "" };
            vec![
                text::id(&supply.supply).to_owned(),
                text::id(&supply.location).to_owned(),
                supply.open.to_string(),
                supply.pegged_to_line.to_string(),
                supply.pegged_to_others.to_string(),
                text::date(supply.agreed_date.as_ref()),
                format!("{}{late}", text::date(supply.expected_date.as_ref())),
            ]
        }),
    )
}

fn ahead(answer: &ExplainPromiseResponse) -> String {
    let columns = [Words("line ahead"), Number("waits for"), Words("since")];
    render(
        &columns,
        answer
            .ahead
            .iter()
            .map(|line| vec![text::line(&line.line), line.waiting.to_string(), text::time(line.queue_time.as_ref())]),
    )
}

fn history(answer: &ExplainPromiseResponse) -> String {
    let columns = [Number("revision"), Words("when"), Words("promised"), Words("why"), Words("cause")];
    render(
        &columns,
        answer.history.iter().map(|revision| {
            let reason = PromiseReason::try_from(revision.reason).unwrap_or_default();
            vec![
                revision.revision.to_string(),
                text::time(revision.promise_time.as_ref()),
                text::zoned_date(revision.promised_date.as_ref()),
                reason.as_str_name().trim_start_matches("PROMISE_REASON_").to_owned(),
                revision.cause.clone(),
            ]
        }),
    )
}
