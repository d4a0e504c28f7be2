//! `backorder run schedule`: runs that start by themselves.

use backorder_proto::{
    allocation::v1::{
        DeleteRunScheduleRequest, GetRunScheduleRequest, ListRunSchedulesRequest, PutRunScheduleRequest, RunMode,
        RunSchedule,
    },
    convert::encode,
    inventory::v1::Weekday,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::{Date, Time};

use super::{PACKAGE, RuleArgs, start::ScopeArgs};
use crate::{
    args::ReasonArgs,
    client::Session,
    commands::order::context,
    failure::Failure,
    output::{
        Output,
        table::{Column::Words, render},
        text,
    },
};

/// What to do about schedules.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Put a schedule: a new one, or in place of the one of that name.
    #[command(after_help = "Examples:\n  backorder run schedule put nightly --at 02:00 --zone Europe/London\n  \
        backorder run schedule put scarce --at 17:30 --zone Europe/London --day mon --day thu \\\n      \
        --item 85123A --tier-strategy GOLD=win --strategy redistribute --commit\n\n\
        Each moment starts one run. Of moments for which no service was there, the last one starts a run that says how many\n\
        were missed. `backorder run list` shows the runs.")]
    Put(Box<PutArgs>),
    /// List all schedules.
    List,
    /// Show a schedule.
    Show {
        /// The schedule, as `backorder run schedule list` shows it.
        schedule: String,
    },
    /// Delete a schedule. The runs that it started stay.
    Delete {
        /// The schedule, as `backorder run schedule list` shows it.
        schedule: String,
        /// Only if it is still of this version.
        #[arg(long, value_name = "VERSION", default_value = "")]
        etag: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// A schedule to put.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// Its name.
    schedule: String,
    /// When runs are started, as HH:MM.
    #[arg(long, value_name = "HH:MM")]
    at: Time,
    /// The time zone of that, for example Europe/London.
    #[arg(long, value_name = "ZONE")]
    zone: String,
    /// A day of the week on which they are started; may be repeated. Left out, every day.
    #[arg(long = "day", value_enum, value_name = "DAY")]
    days: Vec<Day>,
    /// The last day on which they are started.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Keep the schedule, and start nothing.
    #[arg(long)]
    off: bool,
    /// Commit each run as soon as it is simulated.
    #[arg(long)]
    commit: bool,
    /// What the runs are about.
    #[command(flatten)]
    scope: ScopeArgs,
    /// The rules.
    #[command(flatten)]
    rules: RuleArgs,
    /// Only if it is still of this version.
    #[arg(long, value_name = "VERSION", default_value = "")]
    etag: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Mon => Self::Monday,
            Day::Tue => Self::Tuesday,
            Day::Wed => Self::Wednesday,
            Day::Thu => Self::Thursday,
            Day::Fri => Self::Friday,
            Day::Sat => Self::Saturday,
            Day::Sun => Self::Sunday,
        }
    }
}

impl PutArgs {
    fn schedule(&self) -> Result<RunSchedule, Failure> {
        Ok(RunSchedule {
            name: text::named("runSchedules", &self.schedule),
            scope: Some(self.scope.message()),
            rules: Some(self.rules.message()?),
            mode: if self.commit { RunMode::Commit } else { RunMode::Simulate }.into(),
            time: Some(encode::time_of_day(self.at)),
            weekdays: self.days.iter().map(|day| Weekday::from(*day).into()).collect(),
            time_zone: self.zone.clone(),
            until: self.until.map(encode::date),
            disabled: self.off,
            etag: self.etag.clone(),
            ..RunSchedule::default()
        })
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub(super) async fn run(command: ScheduleCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.runs.clone();
    let named = |schedule: &str| text::named("runSchedules", schedule);
    let one = |schedule: &RunSchedule| people(std::slice::from_ref(schedule));
    match command {
        ScheduleCommand::Put(args) => {
            let (request_id, context) = (session.request_id(), context(&args.why));
            let request = PutRunScheduleRequest { request_id, schedule: Some(args.schedule()?), context };
            let put = client.put_run_schedule(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.RunSchedule"), &put, one)
        }
        ScheduleCommand::List => {
            let answer = client.list_run_schedules(ListRunSchedulesRequest {}).await?.into_inner();
            output.message(&format!("{PACKAGE}.ListRunSchedulesResponse"), &answer, |answer| people(&answer.schedules))
        }
        ScheduleCommand::Show { schedule } => {
            let request = GetRunScheduleRequest { name: named(&schedule) };
            let found = client.get_run_schedule(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.RunSchedule"), &found, one)
        }
        ScheduleCommand::Delete { schedule, etag, why } => {
            let (request_id, context) = (session.request_id(), context(&why));
            let request = DeleteRunScheduleRequest { request_id, name: named(&schedule), etag, context };
            let answer = client.delete_run_schedule(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.DeleteRunScheduleResponse"), &answer, |_| {
                format!("schedule {schedule} is deleted")
            })
        }
    }
}

const fn day(day: Weekday) -> &'static str {
    match day {
        Weekday::Unspecified => "-",
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

/// Schedules as a table.
fn people(schedules: &[RunSchedule]) -> String {
    let columns = [
        Words("schedule"),
        Words("at"),
        Words("zone"),
        Words("days"),
        Words("until"),
        Words("does"),
        Words("next run"),
        Words("last run"),
        Words("version"),
    ];
    render(
        &columns,
        schedules.iter().map(|schedule| {
            let time = schedule.time.unwrap_or_default();
            let days: Vec<&str> = schedule.weekdays().map(day).collect();
            let does = match schedule.mode() {
                RunMode::Commit => "commit",
                RunMode::Simulate | RunMode::Unspecified => "simulate",
            };
            let next = match (&schedule.next_time, schedule.disabled) {
                (Some(next), _) => text::time(Some(next)),
                (None, true) => "off".to_owned(),
                (None, false) => "over".to_owned(),
            };
            vec![
                text::id(&schedule.name).to_owned(),
                format!("{:02}:{:02}", time.hours, time.minutes),
                schedule.time_zone.clone(),
                if days.is_empty() { "every day".to_owned() } else { days.join(" ") },
                text::date(schedule.until.as_ref()),
                does.to_owned(),
                next,
                if schedule.last_run.is_empty() { "-".to_owned() } else { text::id(&schedule.last_run).to_owned() },
                schedule.etag.clone(),
            ]
        }),
    )
}
