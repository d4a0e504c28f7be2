//! Makes the world in the services: a warehouse, the items, one policy, opening stock and orders under way. Every write
//! has a name of its own, so that a setup that was stopped is simply done again.

use backorder_proto::{
    allocation::v1::{BackorderPolicy, CreateBackorderPolicyRequest, UpdateServingSequenceRequest},
    inventory::v1::{
        BatchCreateSuppliesRequest, BatchPutItemsRequest, CreateLocationRequest, Item, ItemRelease, Location,
        LocationKind, ReceiptLine, ReceiveStockRequest, Supply, SupplyKind,
    },
};
use jiff::civil::Date;

use super::{buyer::Buyer, policy_file::PolicyFile, tiers::Terms, untidy::release_day};
use crate::{
    client::{Clients, requests},
    demand::CatalogueItem,
    draw::{happens, source_of},
    failure::Failure,
    import::{
        import_id,
        items::of_catalogue,
        retail_orders::{CATEGORY, CURRENCY},
    },
    model::supply::PlannedSupply,
    output::text::named,
    retail::row::ZONE,
};

/// The one warehouse of the demo.
pub const WAREHOUSE: &str = "locations/main";
/// The category of items that are sold off and never backordered.
pub const CLEARANCE: &str = "clearance";
/// The policy that says so.
pub const CLEARANCE_POLICY: &str = "clearance-is-not-backordered";
/// Of 100 items so many are sold off.
const CLEARANCE_OF_100: u32 = 2;
/// The most lines of one call.
const LINES_PER_CALL: usize = 1_000;

/// A policy of a file and what is assumed of customers and items, so that it can decide.
#[derive(Debug, Clone)]
pub struct Ruled {
    /// The policy.
    pub policy: PolicyFile,
    /// What is assumed.
    pub terms: Terms,
}

/// Makes the world on its first day. In an untidy one some items are not released yet. Without a policy of a file, the
/// services serve as they do by default, and costs are unknown.
///
/// # Errors
/// [`Failure`] when a service refuses or cannot answer.
pub async fn world(
    clients: &Clients,
    seed: u64,
    catalogue: &[CatalogueItem],
    buyer: &mut Buyer,
    start: Date,
    is_untidy: bool,
    ruled: Option<&Ruled>,
) -> Result<(), Failure> {
    location(clients).await?;
    let preordered_from = is_untidy.then_some(start);
    items(clients, seed, catalogue, preordered_from, ruled.map(|ruled| &ruled.terms)).await?;
    let clearance = BackorderPolicy {
        name: named("policies", CLEARANCE_POLICY),
        category: CLEARANCE.to_owned(),
        allowed: false,
        split_allowed: true,
        ..BackorderPolicy::default()
    };
    policy(clients, import_id(&["demo", "policy"]).to_string(), clearance).await?;
    if let Some(ruled) = ruled {
        rules(clients, &ruled.policy).await?;
    }
    opening_stock(clients, buyer).await?;
    for item in 0..buyer.model().plans().len() {
        let under_way = buyer.model().under_way(item, start);
        under_way.into_iter().for_each(|supply| buyer.expect(supply));
    }
    let under_way: Vec<PlannedSupply> =
        (0..buyer.model().plans().len()).flat_map(|item| buyer.model().under_way(item, start)).collect();
    order_supplies(clients, buyer, &under_way, "opening").await
}

async fn location(clients: &Clients) -> Result<(), Failure> {
    let location = Location {
        name: WAREHOUSE.to_owned(),
        display_name: "main warehouse".to_owned(),
        kind: LocationKind::Warehouse.into(),
        time_zone: ZONE.to_owned(),
        ..Location::default()
    };
    let request_id = import_id(&["demo", "location"]).to_string();
    let request = CreateLocationRequest { request_id, location: Some(location) };
    clients.catalog.clone().create_location(request).await?;
    Ok(())
}

async fn items(
    clients: &Clients,
    seed: u64,
    catalogue: &[CatalogueItem],
    preordered_from: Option<Date>,
    terms: Option<&Terms>,
) -> Result<(), Failure> {
    let item = |item: &CatalogueItem| -> Item {
        let is_sold_off = happens(&mut source_of(seed, &["clearance", &item.code]), CLEARANCE_OF_100, 100);
        let released = preordered_from.and_then(|start| release_day(seed, start, &item.code));
        let release = |day| ItemRelease { release_date: Some(requests::date(day)), ..ItemRelease::default() };
        let cost = terms.and_then(|terms| terms.cost_nanos(&item.code));
        Item {
            unit_cost: cost.map(|nanos| requests::money(CURRENCY, nanos)),
            releases: released.map(release).into_iter().collect(),
            ..of_catalogue(item, if is_sold_off { CLEARANCE } else { CATEGORY }, CURRENCY)
        }
    };
    for (number, chunk) in catalogue.chunks(LINES_PER_CALL).enumerate() {
        let request_id = import_id(&["demo", "items", &number.to_string()]).to_string();
        let request = BatchPutItemsRequest { request_id, items: chunk.iter().map(item).collect() };
        clients.catalog.clone().batch_put_items(request).await?;
    }
    Ok(())
}

async fn policy(clients: &Clients, request_id: String, policy: BackorderPolicy) -> Result<(), Failure> {
    let context = Some(requests::context("demo", ""));
    let request = CreateBackorderPolicyRequest { request_id, policy: Some(policy), context };
    clients.policies.clone().create_backorder_policy(request).await?;
    Ok(())
}

async fn rules(clients: &Clients, file: &PolicyFile) -> Result<(), Failure> {
    for rule in &file.rules {
        policy(clients, import_id(&["demo", "policy", &rule.name]).to_string(), rule.clone()).await?;
    }
    let request = UpdateServingSequenceRequest {
        request_id: import_id(&["demo", "sequence"]).to_string(),
        sequence: Some(file.sequence.clone()),
        context: Some(requests::context("demo", &file.name)),
    };
    clients.policies.clone().update_serving_sequence(request).await?;
    Ok(())
}

async fn opening_stock(clients: &Clients, buyer: &mut Buyer) -> Result<(), Failure> {
    let line = |item: usize| ReceiptLine {
        item: named("items", buyer.code(item)),
        location: WAREHOUSE.to_owned(),
        accepted: buyer.model().opening_stock(item),
        ..ReceiptLine::default()
    };
    let lines: Vec<ReceiptLine> = (0..buyer.model().plans().len()).map(line).filter(|line| line.accepted > 0).collect();
    for (number, chunk) in lines.chunks(LINES_PER_CALL).enumerate() {
        let request = ReceiveStockRequest {
            request_id: import_id(&["demo", "opening", &number.to_string()]).to_string(),
            lines: chunk.to_vec(),
            document: "modelled opening stock".to_owned(),
            effective_time: None,
            context: Some(requests::context("demo", "modelled")),
        };
        clients.stock.clone().receive_stock(request).await?;
    }
    lines.iter().for_each(|line| buyer.moved(&line.item, line.accepted));
    Ok(())
}

/// Creates purchase order lines in the service.
///
/// # Errors
/// [`Failure`] when the service refuses or cannot answer.
pub async fn order_supplies(
    clients: &Clients,
    buyer: &Buyer,
    supplies: &[PlannedSupply],
    document: &str,
) -> Result<(), Failure> {
    let supply = |planned: &PlannedSupply| Supply {
        name: named("supplies", &planned.id),
        item: named("items", buyer.code(planned.item)),
        location: WAREHOUSE.to_owned(),
        kind: SupplyKind::PurchaseOrderLine.into(),
        ordered: planned.quantity,
        agreed_date: Some(requests::date(planned.dates.agreed_on)),
        expected_date: Some(requests::date(planned.dates.agreed_on)),
        ..Supply::default()
    };
    for (number, chunk) in supplies.chunks(LINES_PER_CALL).enumerate() {
        let mut request = BatchCreateSuppliesRequest {
            request_id: String::new(),
            supplies: chunk.iter().map(supply).collect(),
            context: Some(requests::context("demo", "modelled")),
        };
        request.request_id = crate::undo::content_id("supplies", &format!("{document}/{number}"), &request);
        clients.supply.clone().batch_create_supplies(request).await?;
    }
    Ok(())
}
