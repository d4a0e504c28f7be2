//! Working calendars and lanes, and what a location states about its working days.

use backorder_proto::{
    common::v1::{Date, ErrorReason, TimeOfDay},
    inventory::v1::*,
};
use backorder_testkit::{Backend, on_each_backend};
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::world::{World, refusal};

fn day(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

/// Monday to Friday, closed at Christmas.
fn office(id: &str) -> WorkingCalendar {
    WorkingCalendar {
        name: format!("calendars/{id}"),
        display_name: "office hours".to_owned(),
        working_days: (1..=5).collect(),
        holidays: vec![day(2026, 12, 25), day(2026, 12, 28)],
        extra_working_days: vec![day(2026, 12, 19)],
        ..WorkingCalendar::default()
    }
}

fn to_europe(id: &str) -> Lane {
    Lane {
        name: format!("lanes/{id}"),
        location: "locations/main".to_owned(),
        destination_zone: "EU".to_owned(),
        destination_time_zone: "Europe/Berlin".to_owned(),
        transit_days: 2,
        calendar: "calendars/office".to_owned(),
        ..Lane::default()
    }
}

fn mask(fields: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: fields.iter().map(|field| (*field).to_owned()).collect() })
}

async fn create(world: &World, calendar: WorkingCalendar) -> Result<WorkingCalendar, Status> {
    let request = CreateWorkingCalendarRequest { request_id: world.id(), working_calendar: Some(calendar) };
    Ok(world.clients.catalog.clone().create_working_calendar(request).await?.into_inner())
}

async fn update(world: &World, calendar: WorkingCalendar, fields: &[&str]) -> Result<WorkingCalendar, Status> {
    let request = UpdateWorkingCalendarRequest {
        request_id: world.id(),
        working_calendar: Some(calendar),
        update_mask: mask(fields),
    };
    Ok(world.clients.catalog.clone().update_working_calendar(request).await?.into_inner())
}

async fn create_lane(world: &World, lane: Lane) -> Result<Lane, Status> {
    let request = CreateLaneRequest { request_id: world.id(), lane: Some(lane) };
    Ok(world.clients.catalog.clone().create_lane(request).await?.into_inner())
}

async fn update_lane(world: &World, lane: Lane, fields: &[&str]) -> Result<Lane, Status> {
    let request = UpdateLaneRequest { request_id: world.id(), lane: Some(lane), update_mask: mask(fields) };
    Ok(world.clients.catalog.clone().update_lane(request).await?.into_inner())
}

async fn update_location(world: &World, location: Location, fields: &[&str]) -> Result<Location, Status> {
    let request = UpdateLocationRequest { request_id: world.id(), location: Some(location), update_mask: mask(fields) };
    Ok(world.clients.catalog.clone().update_location(request).await?.into_inner())
}

async fn a_calendar_is_created_once_and_changed_by_version(backend: Backend) {
    let world = World::empty(backend).await;
    let created = create(&world, office("office")).await.unwrap();
    assert_eq!((created.working_days.as_slice(), created.etag.as_str()), ([1, 2, 3, 4, 5].as_slice(), "1"));
    assert_eq!(create(&world, office("office")).await.unwrap(), created);
    let other = WorkingCalendar { working_days: vec![6], ..office("office") };
    let refused = refusal(create(&world, other.clone()).await);
    assert_eq!(refused, (Code::AlreadyExists, ErrorReason::AlreadyExists));

    let saturday = WorkingCalendar { etag: "1".to_owned(), ..other };
    let updated = update(&world, saturday.clone(), &["working_days"]).await.unwrap();
    assert_eq!((updated.working_days.as_slice(), updated.holidays.len()), ([6].as_slice(), 2));
    let refused = refusal(update(&world, saturday, &["working_days"]).await);
    assert_eq!(refused, (Code::Aborted, ErrorReason::VersionMismatch));
    let fewer = WorkingCalendar { holidays: vec![day(2027, 1, 1)], ..office("office") };
    update(&world, fewer, &["holidays"]).await.unwrap();

    let request = GetWorkingCalendarRequest { name: "calendars/office".to_owned() };
    let kept = world.clients.catalog.clone().get_working_calendar(request).await.unwrap().into_inner();
    assert_eq!((kept.holidays, kept.extra_working_days), (vec![day(2027, 1, 1)], vec![day(2026, 12, 19)]));
    let refused = refusal(update(&world, office("none"), &["holidays"]).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::CalendarNotFound));
}

async fn a_calendar_that_never_works_or_contradicts_itself_is_refused(backend: Backend) {
    let world = World::empty(backend).await;
    create(&world, office("office")).await.unwrap();
    let wrong = [
        WorkingCalendar { working_days: vec![], ..office("x") },
        WorkingCalendar { working_days: vec![1, 1], ..office("x") },
        WorkingCalendar { working_days: vec![8], ..office("x") },
        WorkingCalendar { holidays: vec![day(2026, 2, 29)], ..office("x") },
        WorkingCalendar { extra_working_days: vec![day(2026, 12, 25)], ..office("x") },
    ];
    for calendar in wrong {
        let refused = refusal(create(&world, calendar.clone()).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest), "{calendar:?}");
    }
    // Right by itself, and a contradiction to the holidays that stay.
    let extra = WorkingCalendar { extra_working_days: vec![day(2026, 12, 25)], ..office("office") };
    let refused = refusal(update(&world, extra, &["extra_working_days"]).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn a_location_states_its_working_days_and_may_state_none(backend: Backend) {
    let world = World::new(backend).await;
    let request = GetLocationRequest { name: "locations/main".to_owned() };
    let plain = world.clients.catalog.clone().get_location(request).await.unwrap().into_inner();
    assert_eq!((plain.calendar.as_str(), plain.order_cut_off), ("", None));
    assert_eq!((plain.dock_to_stock_days, plain.handling_days), (0, 0));

    let stated = Location {
        calendar: "calendars/office".to_owned(),
        order_cut_off: Some(TimeOfDay { hours: 14, minutes: 30 }),
        dock_to_stock_days: 1,
        handling_days: 2,
        ..plain.clone()
    };
    let fields = ["calendar", "order_cut_off", "dock_to_stock_days", "handling_days"];
    let refused = refusal(update_location(&world, stated.clone(), &fields).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::CalendarNotFound));
    create(&world, office("office")).await.unwrap();
    let updated = update_location(&world, stated.clone(), &fields).await.unwrap();
    assert_eq!((updated.order_cut_off, updated.handling_days), (stated.order_cut_off, 2));
    let back = Location { etag: String::new(), ..plain };
    let updated = update_location(&world, back, &fields).await.unwrap();
    assert_eq!((updated.calendar.as_str(), updated.order_cut_off, updated.etag.as_str()), ("", None, "3"));

    let late = Location { order_cut_off: Some(TimeOfDay { hours: 24, minutes: 0 }), ..updated.clone() };
    let long = Location { handling_days: 367, ..updated };
    for (wrong, field) in [(late, "order_cut_off"), (long, "handling_days")] {
        let refused = refusal(update_location(&world, wrong, &[field]).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
}

async fn a_lane_keeps_its_way_and_there_is_one_of_each(backend: Backend) {
    let world = World::new(backend).await;
    let refused = refusal(create_lane(&world, to_europe("main-eu")).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::CalendarNotFound));
    create(&world, office("office")).await.unwrap();
    let elsewhere = Lane { location: "locations/elsewhere".to_owned(), ..to_europe("main-eu") };
    let refused = refusal(create_lane(&world, elsewhere).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::LocationNotFound));

    let created = create_lane(&world, to_europe("main-eu")).await.unwrap();
    assert_eq!(created.pickup_time, Some(TimeOfDay { hours: 12, minutes: 0 }));
    let refused = refusal(create_lane(&world, to_europe("again")).await);
    assert_eq!(refused, (Code::AlreadyExists, ErrorReason::AlreadyExists));
    let express = Lane { service: "EXPRESS".to_owned(), transit_days: 1, ..to_europe("main-eu-express") };
    create_lane(&world, express).await.unwrap();

    let faster = Lane { transit_days: 1, calendar: String::new(), ..to_europe("main-eu") };
    let updated = update_lane(&world, faster, &["transit_days"]).await.unwrap();
    assert_eq!((updated.transit_days, updated.calendar.as_str()), (1, "calendars/office"));
    let refused = refusal(update_lane(&world, to_europe("main-eu"), &["location"]).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let refused = refusal(update_lane(&world, to_europe("none"), &["transit_days"]).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::LaneNotFound));
}

async fn calendars_and_lanes_are_listed_page_by_page(backend: Backend) {
    let world = World::new(backend).await;
    for id in ["c", "a", "office"] {
        create(&world, office(id)).await.unwrap();
    }
    let mut catalog = world.clients.catalog.clone();
    let request = ListWorkingCalendarsRequest { page_size: 2, page_token: String::new() };
    let first = catalog.list_working_calendars(request).await.unwrap().into_inner();
    let request = ListWorkingCalendarsRequest { page_size: 2, page_token: first.next_page_token };
    let second = catalog.list_working_calendars(request).await.unwrap().into_inner();
    let names: Vec<_> = first.working_calendars.iter().chain(&second.working_calendars).map(|c| &c.name).collect();
    assert_eq!(names, ["calendars/a", "calendars/c", "calendars/office"]);
    assert_eq!(second.working_calendars[0].holidays.len(), 2);

    create_lane(&world, to_europe("main-eu")).await.unwrap();
    let lanes = catalog.list_lanes(ListLanesRequest::default()).await.unwrap().into_inner();
    assert_eq!((lanes.lanes.len(), lanes.next_page_token.as_str()), (1, ""));
}

on_each_backend!(
    a_calendar_is_created_once_and_changed_by_version,
    a_calendar_that_never_works_or_contradicts_itself_is_refused,
    a_location_states_its_working_days_and_may_state_none,
    a_lane_keeps_its_way_and_there_is_one_of_each,
    calendars_and_lanes_are_listed_page_by_page,
);
