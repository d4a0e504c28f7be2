//! Tables of locations, working calendars and lanes.

use backorder_proto::{
    common::v1::{Date, TimeOfDay},
    inventory::v1::{Lane, Location, LocationKind, WorkingCalendar},
};

use crate::{
    import::calendars::WEEKDAYS,
    output::{
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

/// Locations.
pub(in crate::commands) fn locations<'a>(locations: impl IntoIterator<Item = &'a Location>) -> String {
    let columns = [
        Words("location"),
        Words("name"),
        Words("kind"),
        Words("time zone"),
        Number("rank"),
        Words("calendar"),
        Words("cut-off"),
        Number("dock days"),
        Number("handling days"),
    ];
    let kind = |kind: i32| LocationKind::try_from(kind).unwrap_or_default().as_str_name();
    render(
        &columns,
        locations.into_iter().map(|location| {
            vec![
                text::id(&location.name).to_owned(),
                location.display_name.clone(),
                kind(location.kind).trim_start_matches("LOCATION_KIND_").to_owned(),
                location.time_zone.clone(),
                location.rank.to_string(),
                calendar(&location.calendar),
                time(location.order_cut_off.as_ref()),
                location.dock_to_stock_days.to_string(),
                location.handling_days.to_string(),
            ]
        }),
    )
}

/// Working calendars.
pub(in crate::commands) fn calendars<'a>(calendars: impl IntoIterator<Item = &'a WorkingCalendar>) -> String {
    let columns =
        [Words("calendar"), Words("name"), Words("working days"), Words("holidays"), Words("extra working days")];
    render(
        &columns,
        calendars.into_iter().map(|calendar| {
            let works = |day: &i32| calendar.working_days.contains(day);
            let week: Vec<&str> = WEEKDAYS.iter().filter(|(_, day)| works(day)).map(|(word, _)| *word).collect();
            vec![
                text::id(&calendar.name).to_owned(),
                calendar.display_name.clone(),
                week.join(" "),
                dates(&calendar.holidays),
                dates(&calendar.extra_working_days),
            ]
        }),
    )
}

/// Lanes.
pub(in crate::commands) fn lanes<'a>(lanes: impl IntoIterator<Item = &'a Lane>) -> String {
    let columns = [
        Words("lane"),
        Words("from"),
        Words("to"),
        Words("service"),
        Words("time zone there"),
        Number("transit days"),
        Words("calendar"),
        Words("pickup"),
    ];
    render(
        &columns,
        lanes.into_iter().map(|lane| {
            vec![
                text::id(&lane.name).to_owned(),
                text::id(&lane.location).to_owned(),
                lane.destination_zone.clone(),
                lane.service.clone(),
                lane.destination_time_zone.clone(),
                lane.transit_days.to_string(),
                calendar(&lane.calendar),
                time(lane.pickup_time.as_ref()),
            ]
        }),
    )
}

fn calendar(name: &str) -> String {
    if name.is_empty() { "every day".to_owned() } else { text::id(name).to_owned() }
}

fn time(time: Option<&TimeOfDay>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:02}:{:02}", time.hours, time.minutes))
}

fn dates(dates: &[Date]) -> String {
    dates.iter().map(|date| text::date(Some(date))).collect::<Vec<_>>().join(" ")
}
