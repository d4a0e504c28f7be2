//! `backorder exceptions`: the planner's list, one by one or by a file.

use std::path::{Path, PathBuf};

use backorder_domain::ids::derived_uuid;
use backorder_proto::{
    allocation::v1::{
        AssignExceptionRequest, Exception, ExceptionKind, ListExceptionsRequest, ListExceptionsResponse,
        NoteExceptionRequest, SnoozeExceptionRequest,
    },
    convert::encode,
};
use clap::{Args, Subcommand};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    exception_limits::{LimitsArgs, limits},
    order::{context, line_name},
    pages,
};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    decimal::{format_hundredths, format_nanos},
    failure::Failure,
    input,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const PACKAGE: &str = "backorder.allocation.v1";

const EXCEPTIONS: [Column; 6] = [
    Words("exception"),
    Number("units"),
    Number("at risk"),
    Words("owner"),
    Words("what is known"),
    Words("resolve it with"),
];

/// What to do with exceptions.
#[derive(Debug, Subcommand)]
pub enum ExceptionsCommand {
    /// List what needs a person, the most valuable first, each with the one command that resolves it.
    List {
        /// Only this kind, for example no-date or wait-escalated; may be repeated.
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<String>,
        /// Only what this owner looks after.
        #[arg(long, default_value = "", value_name = "OWNER")]
        owner: String,
        /// Also what is snoozed.
        #[arg(long)]
        snoozed: bool,
        /// As CSV, in the form that `backorder exceptions apply` reads.
        #[arg(long)]
        csv: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Say who looks after an exception; an empty owner means nobody.
    Assign {
        /// The exception, as `backorder exceptions list` names it.
        exception: String,
        /// Who looks after it.
        owner: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Take an exception off the list until a time, or list it again.
    Snooze {
        /// The exception.
        exception: String,
        /// Until when: a day such as 2026-01-05, which begins at midnight UTC, or an instant. None lists it again.
        until: Option<String>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Write a note to an exception; an empty one removes it.
    Note {
        /// The exception.
        exception: String,
        /// The note.
        text: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show or set how long what nobody answers or ends may stand before the list names it.
    Limits(LimitsArgs),
    /// Do what a CSV file says, row by row: columns exception, owner, snooze_until, note; what is empty stays as it is.
    Apply(ApplyArgs),
}

/// A file to apply.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The file, plain or gzip. `backorder exceptions list --csv` writes one to begin with.
    file: PathBuf,
    /// Only say which rows would be refused.
    #[arg(long)]
    dry_run: bool,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// A row of the file; other columns are passed over.
#[derive(Debug, Deserialize)]
struct Row {
    exception: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    snooze_until: String,
    #[serde(default)]
    note: String,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: ExceptionsCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let id = session.request_id();
    let changed = match command {
        ExceptionsCommand::List { kinds, owner, snoozed, csv, page } => {
            let request = ListExceptionsRequest {
                kinds: kinds.iter().map(|word| kind_of(word)).collect::<Result<_, _>>()?,
                owner,
                show_snoozed: snoozed,
                ..ListExceptionsRequest::default()
            };
            return list(request, csv, page.limit, session, output).await;
        }
        ExceptionsCommand::Apply(args) => return apply(&args, session, output).await,
        ExceptionsCommand::Limits(args) => return limits(&args, session, output).await,
        ExceptionsCommand::Assign { exception, owner, why } => {
            assign(id, &exception_name(&exception)?, &owner, false, &why, session).await?
        }
        ExceptionsCommand::Snooze { exception, until, why } => {
            let until = until.as_deref().map(instant).transpose()?;
            snooze(id, &exception_name(&exception)?, until, false, &why, session).await?
        }
        ExceptionsCommand::Note { exception, text, why } => {
            note(id, &exception_name(&exception)?, &text, false, &why, session).await?
        }
    };
    output.message(&format!("{PACKAGE}.Exception"), &changed, |changed| table(std::slice::from_ref(changed)))
}

async fn list(
    request: ListExceptionsRequest,
    csv: bool,
    limit: usize,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let exceptions = pages::collect(limit, |page_size, page_token| {
        let mut client = session.clients.exceptions.clone();
        let request = ListExceptionsRequest { page_size, page_token, ..request.clone() };
        async move {
            let page = client.list_exceptions(request).await?.into_inner();
            Ok((page.exceptions, page.next_page_token))
        }
    })
    .await?;
    let answer = ListExceptionsResponse { exceptions, next_page_token: String::new() };
    let show = |answer: &ListExceptionsResponse| {
        if csv { as_csv(&answer.exceptions) } else { table(&answer.exceptions) }
    };
    output.message(&format!("{PACKAGE}.ListExceptionsResponse"), &answer, show)
}

async fn assign(
    request_id: String,
    name: &str,
    owner: &str,
    validate_only: bool,
    why: &ReasonArgs,
    session: &Session,
) -> Result<Exception, Failure> {
    let (name, owner) = (name.to_owned(), owner.to_owned());
    let request = AssignExceptionRequest { request_id, name, owner, validate_only, context: context(why) };
    Ok(session.clients.exceptions.clone().assign_exception(request).await?.into_inner())
}

async fn snooze(
    request_id: String,
    name: &str,
    until: Option<Timestamp>,
    validate_only: bool,
    why: &ReasonArgs,
    session: &Session,
) -> Result<Exception, Failure> {
    let (name, until_time) = (name.to_owned(), until.map(encode::timestamp));
    let request = SnoozeExceptionRequest { request_id, name, until_time, validate_only, context: context(why) };
    Ok(session.clients.exceptions.clone().snooze_exception(request).await?.into_inner())
}

async fn note(
    request_id: String,
    name: &str,
    text: &str,
    validate_only: bool,
    why: &ReasonArgs,
    session: &Session,
) -> Result<Exception, Failure> {
    let (name, note) = (name.to_owned(), text.to_owned());
    let request = NoteExceptionRequest { request_id, name, note, validate_only, context: context(why) };
    Ok(session.clients.exceptions.clone().note_exception(request).await?.into_inner())
}

/// Applies a file. A row that is refused is named and does not keep the others from being done.
async fn apply(args: &ApplyArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let write = Uuid::parse_str(&session.request_id()).unwrap_or_default();
    let rows = rows(&args.file)?;
    let (mut done, mut refused) = (0_u64, Vec::new());
    for (number, row) in (2..).zip(rows) {
        let result = match row {
            Ok(row) => apply_row(&row, derived_uuid(write, &format!("row {number}")), args, session).await,
            Err(error) => Err(Failure::new(error.to_string())),
        };
        match result {
            Ok(()) => done += 1,
            Err(failure) => refused.push(format!("line {number}: {failure}")),
        }
    }
    let what = if args.dry_run { "could be done" } else { "are done" };
    let mut lines = vec![format!("{done} rows {what}, {} are refused", refused.len())];
    lines.extend(refused.iter().cloned());
    if output.is_json() {
        output.value(&serde_json::json!({ "dry_run": args.dry_run, "done": done, "refused": refused }));
    } else {
        output.text(&lines.join("\n"));
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::new("some rows are refused").next("correct them and apply the file again"))
    }
}

async fn apply_row(row: &Row, write: Uuid, args: &ApplyArgs, session: &Session) -> Result<(), Failure> {
    let name = exception_name(&row.exception)?;
    let id = |what: &str| derived_uuid(write, what).to_string();
    let until = if row.snooze_until.is_empty() { None } else { Some(instant(&row.snooze_until)?) };
    if !row.owner.is_empty() {
        assign(id("owner"), &name, &row.owner, args.dry_run, &args.why, session).await?;
    }
    if until.is_some() {
        snooze(id("snooze"), &name, until, args.dry_run, &args.why, session).await?;
    }
    if !row.note.is_empty() {
        note(id("note"), &name, &row.note, args.dry_run, &args.why, session).await?;
    }
    Ok(())
}

fn rows(file: &Path) -> Result<Vec<Result<Row, csv::Error>>, Failure> {
    let input = input::open(file)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(input.reader);
    Ok(reader.deserialize().collect())
}

/// The name of an exception, of `A-17/3/no-date`, or a whole one.
fn exception_name(text: &str) -> Result<String, Failure> {
    if text.contains("/exceptions/") {
        return Ok(text.to_owned());
    }
    let wrong = || {
        Failure::new(format!("{text:?} is no exception")).next(
            "write ORDER/NUMBER/KIND, for example A-17/3/no-date, or the name as `backorder exceptions list` shows it",
        )
    };
    let (line, kind) = text.rsplit_once('/').ok_or_else(wrong)?;
    Ok(format!("{}/exceptions/{kind}", line_name(line).map_err(|_| wrong())?))
}

fn short_name(name: &str) -> String {
    match name.split_once("/exceptions/") {
        Some((line, kind)) if line.starts_with("orders/") => format!("{}/{kind}", text::line(line)),
        Some(_) | None => name.to_owned(),
    }
}

fn kind_of(word: &str) -> Result<i32, Failure> {
    let name = format!("EXCEPTION_KIND_{}", word.to_uppercase().replace('-', "_"));
    let kind = ExceptionKind::from_str_name(&name).filter(|kind| *kind != ExceptionKind::Unspecified);
    kind.map(Into::into).ok_or_else(|| {
        Failure::new(format!("{word:?} is no kind of exception")).next(
            "write one of no-date, promise-at-risk, wait-limit-near, question-open, wait-escalated, victim-of-loss, \
             overdue-inbound, unresolved-hold, blind-receipt, recall-pending, \
             stale-drop-ship, drop-ship-declined, drop-ship-late, kit-out-of-proportion",
        )
    })
}

/// An instant, or the begin of a day in UTC.
fn instant(text: &str) -> Result<Timestamp, Failure> {
    let of_day = |day: Date| TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok();
    let parsed = text.parse::<Timestamp>().ok().or_else(|| text.parse().ok().and_then(of_day));
    parsed.ok_or_else(|| Failure::new(format!("{text:?} is no time")).next("write 2026-01-05 or 2026-01-05T09:30:00Z"))
}

fn table(exceptions: &[Exception]) -> String {
    render(
        &EXCEPTIONS,
        exceptions.iter().map(|exception| {
            vec![
                short_name(&exception.name),
                exception.quantity.to_string(),
                format_hundredths(exception.value_at_risk_nanos),
                exception.owner.clone(),
                exception.detail.clone(),
                exception.suggested_command.clone(),
            ]
        }),
    )
}

/// The columns that `apply` reads, and what is known beside them.
fn as_csv(exceptions: &[Exception]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["exception", "owner", "snooze_until", "note", "units", "value_at_risk", "detail", "command"];
    let rows = exceptions.iter().map(|exception| {
        let until = exception.snooze_until_time.as_ref();
        [
            short_name(&exception.name),
            exception.owner.clone(),
            until.map_or_else(String::new, |until| text::time(Some(until))),
            exception.note.clone(),
            exception.quantity.to_string(),
            format_nanos(exception.value_at_risk_nanos),
            exception.detail.clone(),
            exception.suggested_command.clone(),
        ]
    });
    let written =
        writer.write_record(header).and_then(|()| rows.into_iter().try_for_each(|row| writer.write_record(row)));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn names_are_short_for_people_and_full_for_services() {
        let full = "orders/A-17/lines/3/exceptions/no-date";
        assert_eq!(
            (exception_name("A-17/3/no-date").unwrap().as_str(), short_name(full).as_str()),
            (full, "A-17/3/no-date")
        );
        let supply = "supplies/po-1/exceptions/overdue-inbound";
        assert_eq!((exception_name(supply).unwrap().as_str(), short_name(supply).as_str()), (supply, supply));
        assert!(exception_name("A-17").is_err() && kind_of("no_such").is_err());
        assert_eq!(kind_of("no-date").unwrap(), i32::from(ExceptionKind::NoDate));
    }

    #[test]
    fn what_is_listed_as_csv_can_be_applied() {
        let exception = Exception {
            name: "orders/A-17/lines/3/exceptions/no-date".to_owned(),
            owner: "kim".to_owned(),
            note: "asked, twice".to_owned(),
            ..Exception::default()
        };
        let listed = as_csv(&[exception]);
        let row: Row = csv::Reader::from_reader(listed.as_bytes()).deserialize().next().unwrap().unwrap();
        assert_eq!((row.exception.as_str(), row.owner.as_str()), ("A-17/3/no-date", "kim"));
        assert_eq!((row.note.as_str(), row.snooze_until.as_str()), ("asked, twice", ""));
        assert_eq!(instant("2026-01-05").unwrap(), instant("2026-01-05T00:00:00Z").unwrap());
    }
}
