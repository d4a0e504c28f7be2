//! The stock that a benchmark reserves: items with more units than a run can take.

use backorder_proto::inventory::v1::{
    BatchPutItemsRequest, CreateLocationRequest, Item, Location, LocationKind, ReceiptLine, ReceiveStockRequest,
    catalog_service_client::CatalogServiceClient, stock_service_client::StockServiceClient,
};
use backorder_service_kit::clients::ServiceChannel;
use tonic::Code;
use uuid::Uuid;

use crate::{client::requests, failure::Failure, output::progress::Progress};

/// The one location.
pub const LOCATION: &str = "locations/bench";
/// Units of each item.
pub const UNITS_PER_ITEM: i64 = 1_000_000_000;
const ITEMS_PER_CALL: usize = 1_000;

/// The name of an item.
#[must_use]
pub fn item_name(number: u32) -> String {
    format!("items/B{number:07}")
}

/// Makes a location and `items` items with stock. What an earlier run made is there, and gets more.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub async fn make(channel: &ServiceChannel, items: u32) -> Result<(), Failure> {
    let (mut catalog, mut stock) =
        (CatalogServiceClient::new(channel.clone()), StockServiceClient::new(channel.clone()));
    let location = Location {
        name: LOCATION.to_owned(),
        display_name: "benchmark".to_owned(),
        kind: LocationKind::Warehouse.into(),
        time_zone: "Etc/UTC".to_owned(),
        ..Location::default()
    };
    match catalog.create_location(CreateLocationRequest { request_id: new_id(), location: Some(location) }).await {
        Err(status) if status.code() != Code::AlreadyExists => return Err(status.into()),
        Ok(_) | Err(_) => {}
    }
    let numbers: Vec<u32> = (1..=items).collect();
    let progress = Progress::of("items", u64::from(items));
    for chunk in numbers.chunks(ITEMS_PER_CALL) {
        let item = |number: &u32| Item {
            name: item_name(*number),
            description: format!("benchmark item {number}"),
            ..Item::default()
        };
        let items = chunk.iter().map(item).collect();
        catalog.batch_put_items(BatchPutItemsRequest { request_id: new_id(), items }).await?;
        let line = |number: &u32| ReceiptLine {
            item: item_name(*number),
            location: LOCATION.to_owned(),
            accepted: UNITS_PER_ITEM,
            ..ReceiptLine::default()
        };
        let receipt = ReceiveStockRequest {
            request_id: new_id(),
            lines: chunk.iter().map(line).collect(),
            document: "opening stock of a benchmark".to_owned(),
            effective_time: None,
            context: Some(requests::context("bench", "")),
        };
        stock.receive_stock(receipt).await?;
        progress.at(chunk.last().copied().unwrap_or_default().into(), "");
    }
    progress.finish();
    Ok(())
}

/// An id for a write.
#[must_use]
pub fn new_id() -> String {
    Uuid::from_u128(rand::random()).to_string()
}
