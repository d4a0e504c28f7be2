//! Imports working calendars. The same file again changes nothing; a changed row updates the calendar.

use std::sync::Arc;

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{
    CreateWorkingCalendarRequest, UpdateWorkingCalendarRequest, Weekday, WorkingCalendar,
};
use tonic::{Code, Status};

use super::{
    drive::RowImport,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "calendar (required), working_days (required: mon|tue|wed|thu|fri|sat|sun), holidays (2026-12-25|2026-12-28|...), extra_working_days, display_name";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 2] = ["calendar", "working_days"];

/// The words for days of the week.
pub const WEEKDAYS: [(&str, i32); 7] = [
    ("mon", Weekday::Monday as i32),
    ("tue", Weekday::Tuesday as i32),
    ("wed", Weekday::Wednesday as i32),
    ("thu", Weekday::Thursday as i32),
    ("fri", Weekday::Friday as i32),
    ("sat", Weekday::Saturday as i32),
    ("sun", Weekday::Sunday as i32),
];

/// The import of working calendars.
pub struct CalendarImport {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: a write of the same content is harmless, so they need not repeat.
    pub ids: Arc<dyn IdProvider>,
}

impl RowImport for CalendarImport {
    type Parsed = WorkingCalendar;
    const ROWS_PER_CALL: usize = 1;

    fn parse(&self, row: &Row) -> Result<WorkingCalendar, Refusal> {
        let mut fields = row.fields();
        let calendar = WorkingCalendar {
            name: named("calendars", &fields.required("calendar")),
            display_name: fields.text("display_name"),
            working_days: fields.several_of("working_days", &WEEKDAYS),
            holidays: fields.dates("holidays"),
            extra_working_days: fields.dates("extra_working_days"),
            ..WorkingCalendar::default()
        };
        fields.required("working_days");
        fields.finish()?;
        Ok(calendar)
    }

    async fn send(&self, rows: &[WorkingCalendar]) -> Result<Vec<Outcome>, Status> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for calendar in rows {
            outcomes.push(self.put(calendar).await?);
        }
        Ok(outcomes)
    }
}

impl CalendarImport {
    async fn put(&self, calendar: &WorkingCalendar) -> Result<Outcome, Status> {
        let working_calendar = Some(calendar.clone());
        let request_id = self.ids.next_uuid().to_string();
        let create = CreateWorkingCalendarRequest { request_id, working_calendar };
        match self.clients.catalog.clone().create_working_calendar(create).await {
            Ok(_) => return Ok(Outcome::Applied),
            Err(status) if status.code() == Code::AlreadyExists => {}
            Err(status) => return Err(status),
        }
        let working_calendar = Some(calendar.clone());
        let request_id = self.ids.next_uuid().to_string();
        let update = UpdateWorkingCalendarRequest { request_id, working_calendar, update_mask: None };
        self.clients.catalog.clone().update_working_calendar(update).await?;
        Ok(Outcome::Applied)
    }
}
