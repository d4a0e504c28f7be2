//! The commands that look at stock.

use std::time::Duration;

use backorder_proto::inventory::v1::{
    BatchGetAvailabilityRequest, BatchGetAvailabilityResponse, GetAvailabilityProfileRequest,
    GetAvailabilityProfileResponse, GetResumeTokenRequest, ItemLocation, ListMovementsRequest, ListMovementsResponse,
    ListPositionsRequest, ListPositionsResponse, Movement, ReadConsistency, StockState, WatchAvailabilityRequest,
    WatchAvailabilityResponse,
};
use backorder_service_kit::shutdown::Shutdown;
use clap::Subcommand;
use prost_types::FieldMask;

use super::{PACKAGE, PlaceArgs};
use crate::{
    args::PageArgs,
    client::Session,
    commands::{
        pages, show,
        watch::{Change, follow},
    },
    failure::Failure,
    output::{
        Output, json,
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

/// Ways to look at stock.
#[derive(Debug, Subcommand)]
pub enum StockRead {
    /// List positions: what is on hand, in which state.
    List {
        /// Only this item.
        #[arg(long, value_name = "ITEM")]
        item: Option<String>,
        /// Only this location.
        #[arg(long, value_name = "LOCATION")]
        location: Option<String>,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show what can be had of an item at locations now.
    Available {
        /// The item.
        item: String,
        /// The locations.
        #[arg(required = true)]
        locations: Vec<String>,
        /// Only what the position tells, which memory answers: at most a moment old, and much faster.
        #[arg(long)]
        quick: bool,
    },
    /// Show what can be had over time, and when a quantity can be had.
    Profile {
        /// Which stock.
        #[command(flatten)]
        place: PlaceArgs,
        /// How many days ahead.
        #[arg(long, default_value_t = 180, value_name = "DAYS")]
        days: i32,
        /// Ask for the earliest day on which so many units can be had.
        #[arg(long, default_value_t = 0, value_name = "UNITS")]
        quantity: i64,
    },
    /// List the movements of an item, newest first.
    Movements {
        /// The item.
        item: String,
        /// Only from or to this location.
        #[arg(long, value_name = "LOCATION")]
        location: Option<String>,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show every position that changes, until it is stopped.
    Watch {
        /// Only these items.
        #[arg(long = "item", value_name = "ITEM")]
        items: Vec<String>,
        /// The token after which to watch, as an earlier watch showed it.
        #[arg(long, default_value = "", value_name = "TOKEN")]
        resume_token: String,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub(super) async fn run(command: StockRead, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        StockRead::List { item, location, page } => list(item, location, page.limit, session, output).await,
        StockRead::Available { item, locations, quick } => available(&item, &locations, quick, session, output).await,
        StockRead::Profile { place, days, quantity } => profile(&place, days, quantity, session, output).await,
        StockRead::Movements { item, location, page } => movements(&item, location, page.limit, session, output).await,
        StockRead::Watch { items, resume_token } => watch(&items, resume_token, session, output).await,
    }
}

async fn list(
    item: Option<String>,
    location: Option<String>,
    limit: usize,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let item = item.map(|item| text::named("items", &item)).unwrap_or_default();
    let location = location.map(|location| text::named("locations", &location)).unwrap_or_default();
    let positions = pages::collect(limit, |page_size, page_token| {
        let mut stock = session.clients.stock.clone();
        let request = ListPositionsRequest { page_size, page_token, item: item.clone(), location: location.clone() };
        async move {
            let page = stock.list_positions(request).await?.into_inner();
            Ok((page.positions, page.next_page_token))
        }
    })
    .await?;
    let answer = ListPositionsResponse { positions, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListPositionsResponse"), &answer, |answer| show::positions(&answer.positions))
}

/// What memory can answer of a position.
const QUICK_FIELDS: [&str; 2] = ["position", "available_to_sell"];

async fn available(
    item: &str,
    locations: &[String],
    is_quick: bool,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let pair = |location: &String| ItemLocation {
        item: text::named("items", item),
        location: text::named("locations", location),
    };
    let mask = FieldMask { paths: QUICK_FIELDS.map(str::to_owned).into() };
    let consistency = if is_quick { ReadConsistency::Bounded } else { ReadConsistency::Exact };
    let request = BatchGetAvailabilityRequest {
        pairs: locations.iter().map(pair).collect(),
        read_mask: is_quick.then_some(mask),
        consistency: consistency.into(),
    };
    let answer = session.clients.availability.clone().batch_get_availability(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.BatchGetAvailabilityResponse"), &answer, |answer| {
        let table = if is_quick { quick_availabilities(answer) } else { availabilities(answer) };
        format!("{table}\n{}", source(answer.age.as_ref()))
    })
}

/// Who answered, and how old the answer may be.
fn source(age: Option<&prost_types::Duration>) -> String {
    let age = age.map(|age| Duration::try_from(*age).unwrap_or_default());
    age.map_or_else(
        || "from the database: exact".to_owned(),
        |age| format!("from memory: every change is in it that is older than {} ms", age.as_millis() + 1),
    )
}

fn quick_availabilities(answer: &BatchGetAvailabilityResponse) -> String {
    let columns = [Words("location"), Number("on hand"), Number("available"), Number("to sell"), Number("version")];
    render(
        &columns,
        answer.availabilities.iter().map(|found| {
            let position = found.position.clone().unwrap_or_default();
            vec![
                text::id(&position.location).to_owned(),
                position.on_hand.to_string(),
                position.available.to_string(),
                found.available_to_sell.to_string(),
                position.version.to_string(),
            ]
        }),
    )
}

fn availabilities(answer: &BatchGetAvailabilityResponse) -> String {
    let columns = [
        Words("location"),
        Number("on hand"),
        Number("to sell"),
        Number("waiting"),
        Number("inbound"),
        Number("past due"),
        Words("next supply"),
    ];
    render(
        &columns,
        answer.availabilities.iter().map(|found| {
            let position = found.position.clone().unwrap_or_default();
            vec![
                text::id(&position.location).to_owned(),
                position.on_hand.to_string(),
                found.available_to_sell.to_string(),
                found.waiting.to_string(),
                found.inbound.to_string(),
                found.inbound_past_due.to_string(),
                text::date(found.next_supply_date.as_ref()),
            ]
        }),
    )
}

async fn profile(
    place: &PlaceArgs,
    days: i32,
    quantity: i64,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let request =
        GetAvailabilityProfileRequest { item: place.item(), location: place.location(), horizon_days: days, quantity };
    let answer = session.clients.availability.clone().get_availability_profile(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.GetAvailabilityProfileResponse"), &answer, |answer| buckets(answer, quantity))
}

fn buckets(answer: &GetAvailabilityProfileResponse, quantity: i64) -> String {
    let columns = [
        Words("day"),
        Number("supply"),
        Number("demand"),
        Number("discrete"),
        Number("cumulative"),
        Number("to promise"),
    ];
    let table = render(
        &columns,
        answer.buckets.iter().map(|bucket| {
            let numbers =
                [bucket.supply, bucket.demand, bucket.discrete, bucket.cumulative, bucket.available_to_promise];
            let mut row = vec![text::date(bucket.date.as_ref())];
            row.extend(numbers.map(|number| number.to_string()));
            row
        }),
    );
    if quantity == 0 {
        return table;
    }
    format!("{table}\n{quantity} units can be had on {}", text::date(answer.earliest_date.as_ref()))
}

async fn movements(
    item: &str,
    location: Option<String>,
    limit: usize,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let location = location.map(|location| text::named("locations", &location)).unwrap_or_default();
    let movements = pages::collect(limit, |page_size, page_token| {
        let mut stock = session.clients.stock.clone();
        let (item, location) = (text::named("items", item), location.clone());
        let request = ListMovementsRequest { item, location, page_size, page_token };
        async move {
            let page = stock.list_movements(request).await?.into_inner();
            Ok((page.movements, page.next_page_token))
        }
    })
    .await?;
    let answer = ListMovementsResponse { movements, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListMovementsResponse"), &answer, |answer| movement_table(&answer.movements))
}

fn movement_table(movements: &[Movement]) -> String {
    let columns = [Words("when"), Words("from"), Words("to"), Number("units"), Words("cause"), Words("reason")];
    let place = |location: &str, state: i32| {
        let state = StockState::try_from(state).unwrap_or_default();
        format!("{} {}", text::id(location), state.as_str_name().trim_start_matches("STOCK_STATE_")).trim().to_owned()
    };
    render(
        &columns,
        movements.iter().map(|movement| {
            vec![
                text::time(movement.effective_time.as_ref()),
                place(&movement.from_location, movement.from_state),
                place(&movement.to_location, movement.to_state),
                movement.quantity.to_string(),
                movement.cause.clone(),
                movement.context.clone().unwrap_or_default().reason_code,
            ]
        }),
    )
}

async fn watch(items: &[String], resume_token: String, session: &Session, output: Output) -> Result<(), Failure> {
    let shutdown = Shutdown::on_signals()?;
    let items: Vec<String> = items.iter().map(|item| text::named("items", item)).collect();
    let availability = &session.clients.availability;
    let resume_token = if resume_token.is_empty() {
        availability.clone().get_resume_token(GetResumeTokenRequest {}).await?.into_inner().resume_token
    } else {
        resume_token
    };
    let open = |resume_token| {
        let mut availability = availability.clone();
        let request = WatchAvailabilityRequest { resume_token, items: items.clone(), locations: Vec::new() };
        async move { Ok(availability.watch_availability(request).await?.into_inner()) }
    };
    follow(resume_token, &shutdown, output, open, |change| show_change(change, output)).await
}

impl Change for WatchAvailabilityResponse {
    fn resume_token(&self) -> &str {
        &self.resume_token
    }
}

fn show_change(change: &WatchAvailabilityResponse, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        output.line_of(&json::of(&format!("{PACKAGE}.WatchAvailabilityResponse"), change)?);
    } else if let Some(position) = &change.position {
        output.text(&format!(
            "{} {} at {}: {} available, {} reserved, {} held",
            text::time(change.change_time.as_ref()),
            text::id(&position.item),
            text::id(&position.location),
            position.available,
            position.reserved,
            position.held
        ));
    }
    Ok(())
}
