//! `backorder catalog`: items, locations, working calendars and lanes.

use backorder_proto::inventory::v1::{
    BatchPutItemsRequest, CreateLocationRequest, GetItemRequest, GetLocationRequest, Item, ListItemsRequest,
    ListItemsResponse, ListLanesRequest, ListLanesResponse, ListLocationsRequest, ListLocationsResponse,
    ListWorkingCalendarsRequest, ListWorkingCalendarsResponse, Location,
};
use clap::{Args, Subcommand};

use super::{pages, show};
use crate::{
    args::PageArgs,
    client::{Session, requests},
    decimal::parse_nanos,
    failure::Failure,
    import::{items::PACK_ROUNDINGS, locations::KINDS, parts, rows::item_unit},
    output::{Output, text},
};

const PACKAGE: &str = "backorder.inventory.v1";

/// What to do with master data.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List items.
    Items {
        /// Only of this category.
        #[arg(long, default_value = "", value_name = "CATEGORY")]
        category: String,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one item.
    Item {
        /// The item.
        item: String,
    },
    /// Create an item, or replace it.
    PutItem(ItemArgs),
    /// List locations by rank.
    Locations,
    /// Show one location.
    Location {
        /// The location.
        location: String,
    },
    /// List working calendars.
    Calendars,
    /// List lanes.
    Lanes,
    /// Create a location.
    CreateLocation(LocationArgs),
}

/// An item.
#[derive(Debug, Args)]
pub struct ItemArgs {
    /// The item's id.
    item: String,
    /// What people call it.
    #[arg(long, default_value = "", value_name = "TEXT")]
    description: String,
    /// The category that policies may select by.
    #[arg(long, default_value = "", value_name = "CATEGORY")]
    category: String,
    /// A unit beside the base unit; may be repeated. What it holds, then /sell, /buy or /sell+buy, then /GTIN.
    #[arg(long = "unit", value_name = "CODE=UNITS/USES/GTIN")]
    units: Vec<String>,
    /// The smallest number of base units that is sold at once.
    #[arg(long, default_value_t = 1, value_name = "UNITS")]
    pack_size: i64,
    /// What happens to an ordered quantity that is no whole number of packs: refuse, up or down.
    #[arg(long, default_value = "refuse", value_name = "RULE")]
    pack_rounding: String,
    /// Reserve stock only so many days before goods have to leave. Left out, at once.
    #[arg(long, value_name = "DAYS")]
    reservation_horizon: Option<i32>,
    /// The list price of one unit.
    #[arg(long, value_name = "AMOUNT")]
    price: Option<String>,
    /// The currency of the price.
    #[arg(long, default_value = "GBP", value_name = "CODE")]
    currency: String,
    /// What it is made of, once for each item: it is a kit then, which customers order and which has no stock of its own.
    /// `--component mug=2 --component lid=1` is a set of two mugs and a lid.
    #[arg(long, value_name = "ITEM=UNITS")]
    component: Vec<String>,
    /// What may be sent in its place, best first: `mug2` unit for unit, `mug2=2/1` two for one, `mug2=1/1:ask` when the
    /// customer agrees to its price, `mug2=1/1:ask:2026-01-01..2026-06-30:!ann,bob` within days and not for some customers.
    /// The price is `keep_lower` (the lower of both), `new_price` or `ask`.
    #[arg(long, value_name = "ITEM=N/M:PRICE")]
    substitute: Vec<String>,
}

/// A location.
#[derive(Debug, Args)]
pub struct LocationArgs {
    /// The location's id.
    location: String,
    /// warehouse, store or drop_ship_supplier.
    #[arg(long, default_value = "warehouse", value_name = "KIND")]
    kind: String,
    /// The time zone in which its dates are read.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    time_zone: String,
    /// What people call it.
    #[arg(long, default_value = "", value_name = "TEXT")]
    name: String,
    /// Lower ranks are used first.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    rank: i32,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: CatalogCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        CatalogCommand::Items { category, page } => items(category, page.limit, session, output).await,
        CatalogCommand::Item { item } => {
            let request = GetItemRequest { name: text::named("items", &item) };
            let item = session.clients.catalog.clone().get_item(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.Item"), &item, show::item)
        }
        CatalogCommand::PutItem(args) => put_item(&args, session, output).await,
        CatalogCommand::Locations => locations(session, output).await,
        CatalogCommand::Location { location } => {
            let request = GetLocationRequest { name: text::named("locations", &location) };
            let location = session.clients.catalog.clone().get_location(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.Location"), &location, |location| show::locations([location]))
        }
        CatalogCommand::Calendars => calendars(session, output).await,
        CatalogCommand::Lanes => lanes(session, output).await,
        CatalogCommand::CreateLocation(args) => create_location(args, session, output).await,
    }
}

async fn items(category: String, limit: usize, session: &Session, output: Output) -> Result<(), Failure> {
    let items = pages::collect(limit, |page_size, page_token| {
        let mut catalog = session.clients.catalog.clone();
        let request = ListItemsRequest { page_size, page_token, category: category.clone() };
        async move {
            let page = catalog.list_items(request).await?.into_inner();
            Ok((page.items, page.next_page_token))
        }
    })
    .await?;
    let answer = ListItemsResponse { items, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListItemsResponse"), &answer, |answer| show::items(&answer.items))
}

async fn locations(session: &Session, output: Output) -> Result<(), Failure> {
    let locations = all_locations(session).await?;
    let answer = ListLocationsResponse { locations, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListLocationsResponse"), &answer, |answer| show::locations(&answer.locations))
}

async fn calendars(session: &Session, output: Output) -> Result<(), Failure> {
    let working_calendars = pages::collect(0, |page_size, page_token| {
        let mut catalog = session.clients.catalog.clone();
        let request = ListWorkingCalendarsRequest { page_size, page_token };
        async move {
            let page = catalog.list_working_calendars(request).await?.into_inner();
            Ok((page.working_calendars, page.next_page_token))
        }
    })
    .await?;
    let answer = ListWorkingCalendarsResponse { working_calendars, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListWorkingCalendarsResponse"), &answer, |answer| {
        show::calendars(&answer.working_calendars)
    })
}

async fn lanes(session: &Session, output: Output) -> Result<(), Failure> {
    let lanes = pages::collect(0, |page_size, page_token| {
        let mut catalog = session.clients.catalog.clone();
        async move {
            let page = catalog.list_lanes(ListLanesRequest { page_size, page_token }).await?.into_inner();
            Ok((page.lanes, page.next_page_token))
        }
    })
    .await?;
    let answer = ListLanesResponse { lanes, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListLanesResponse"), &answer, |answer| show::lanes(&answer.lanes))
}

/// Every location, by rank.
///
/// # Errors
/// [`Failure`] when the service cannot answer.
pub(super) async fn all_locations(session: &Session) -> Result<Vec<Location>, Failure> {
    let locations = pages::collect(0, |page_size, page_token| {
        let mut catalog = session.clients.catalog.clone();
        async move {
            let page = catalog.list_locations(ListLocationsRequest { page_size, page_token }).await?.into_inner();
            Ok((page.locations, page.next_page_token))
        }
    });
    Ok(locations.await?)
}

async fn put_item(args: &ItemArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let price = args.price.as_deref().map(parse_nanos).transpose()?;
    let wrong = |text: &str| Failure::new(format!("{text:?} is not a unit such as CASE=24/sell+buy/4006381333931"));
    let units: Result<_, _> = args.units.iter().map(|text| item_unit(text).ok_or_else(|| wrong(text))).collect();
    let known = PACK_ROUNDINGS.iter().find(|(word, _)| *word == args.pack_rounding);
    let (_, pack_rounding) = known.ok_or_else(|| Failure::new("--pack-rounding must be refuse, up or down"))?;
    let item = Item {
        units: units?,
        pack_size: args.pack_size,
        pack_rounding: *pack_rounding,
        name: text::named("items", &args.item),
        description: args.description.clone(),
        category: args.category.clone(),
        reservation_horizon_days: args.reservation_horizon,
        unit_price: price.map(|nanos| requests::money(&args.currency, nanos)),
        components: each(&args.component, parts::component, parts::COMPONENT)?,
        substitutes: each(&args.substitute, parts::substitute, parts::SUBSTITUTE)?,
        ..Item::default()
    };
    let request = BatchPutItemsRequest { request_id: session.request_id(), items: vec![item] };
    let answer = session.clients.catalog.clone().batch_put_items(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.BatchPutItemsResponse"), &answer, |answer| {
        format!("{} created, {} replaced, {} unchanged", answer.created, answer.replaced, answer.unchanged)
    })
}

fn each<T>(texts: &[String], read: fn(&str) -> Option<T>, expected: &str) -> Result<Vec<T>, Failure> {
    let one = |text: &String| read(text).ok_or_else(|| Failure::new(format!("{text:?} is not {expected}")));
    texts.iter().map(one).collect()
}

async fn create_location(args: LocationArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let known = KINDS.iter().find(|(word, _)| *word == args.kind);
    let (_, kind) = known.ok_or_else(|| Failure::new(format!("{:?} is no kind of location", args.kind)))?;
    let location = Location {
        name: text::named("locations", &args.location),
        display_name: args.name,
        kind: *kind,
        time_zone: args.time_zone,
        rank: args.rank,
        ..Location::default()
    };
    let request = CreateLocationRequest { request_id: session.request_id(), location: Some(location) };
    let location = session.clients.catalog.clone().create_location(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.Location"), &location, |location| show::locations([location]))
}
