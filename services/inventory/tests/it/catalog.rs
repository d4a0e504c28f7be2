//! Items and locations: created once, changed by version, put by batches that may come again.

use backorder_proto::{
    common::v1::{Date, ErrorReason},
    inventory::v1::*,
};
use backorder_testkit::{Backend, on_each_backend};
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::world::{World, refusal};

fn item(id: &str, description: &str) -> Item {
    Item { name: format!("items/{id}"), description: description.to_owned(), ..Item::default() }
}

async fn create(world: &World, item: Item) -> Result<Item, Status> {
    let request = CreateItemRequest { request_id: world.id(), item: Some(item) };
    Ok(world.clients.catalog.clone().create_item(request).await?.into_inner())
}

async fn update(world: &World, item: Item, fields: &[&str]) -> Result<Item, Status> {
    let update_mask = Some(FieldMask { paths: fields.iter().map(|field| (*field).to_owned()).collect() });
    let request = UpdateItemRequest { request_id: world.id(), item: Some(item), update_mask };
    Ok(world.clients.catalog.clone().update_item(request).await?.into_inner())
}

async fn the_same_item_again_is_answered_and_another_of_its_id_is_refused(backend: Backend) {
    let world = World::empty(backend).await;
    let created = create(&world, item("x", "first")).await.unwrap();
    assert_eq!((created.base_unit.as_str(), created.pack_size, created.etag.as_str()), ("EA", 1, "1"));
    assert_eq!(create(&world, item("x", "first")).await.unwrap(), created);
    let refused = refusal(create(&world, item("x", "second")).await);
    assert_eq!(refused, (Code::AlreadyExists, ErrorReason::AlreadyExists));
}

async fn an_update_changes_the_named_fields_of_the_version_that_was_read(backend: Backend) {
    let world = World::empty(backend).await;
    let unit = ItemUnit { code: "CASE".to_owned(), base_units: 12, sellable: true, ..ItemUnit::default() };
    let created = create(&world, Item { units: vec![unit], category: "mugs".to_owned(), ..item("x", "first") }).await;
    let created = created.unwrap();
    let changed = Item { etag: created.etag.clone(), ..item("x", "second") };
    let updated = update(&world, changed.clone(), &["description"]).await.unwrap();
    assert_eq!((updated.description.as_str(), updated.category.as_str()), ("second", "mugs"));
    assert_eq!((updated.units.len(), updated.etag.as_str()), (1, "2"));
    let refused = refusal(update(&world, changed, &["description"]).await);
    assert_eq!(refused, (Code::Aborted, ErrorReason::VersionMismatch));
    let refused = refusal(update(&world, item("y", ""), &["description"]).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::ItemNotFound));
    let refused = refusal(update(&world, item("x", ""), &["etag"]).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn release_dates_are_kept_and_taken_off_by_name(backend: Backend) {
    let world = World::empty(backend).await;
    let release = |channel: &str| ItemRelease {
        release_date: Some(Date { year: 2027, month: 1, day: 15 }),
        channel: channel.to_owned(),
        destination_zone: String::new(),
    };
    let released = Item { releases: vec![release(""), release("web")], ..item("x", "first") };
    let created = create(&world, released.clone()).await.unwrap();
    assert_eq!(created.releases, released.releases);
    let renamed = update(&world, item("x", "second"), &["description"]).await.unwrap();
    assert_eq!(renamed.releases, released.releases);
    let open = update(&world, item("x", ""), &["releases"]).await.unwrap();
    assert_eq!((open.description.as_str(), open.releases.len()), ("second", 0));
    for wrong in [ItemRelease { release_date: None, ..release("") }, release("two\nlines")] {
        let refused = refusal(update(&world, Item { releases: vec![wrong], ..item("x", "") }, &["releases"]).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
}

async fn a_batch_that_comes_again_changes_nothing(backend: Backend) {
    let world = World::empty(backend).await;
    let put = async |items: Vec<Item>| {
        let request = BatchPutItemsRequest { request_id: world.id(), items };
        let answer = world.clients.catalog.clone().batch_put_items(request).await.unwrap().into_inner();
        (answer.created, answer.replaced, answer.unchanged)
    };
    assert_eq!(put(vec![item("b", "1"), item("a", "1")]).await, (2, 0, 0));
    assert_eq!(put(vec![item("b", "1"), item("a", "1")]).await, (0, 0, 2));
    assert_eq!(put(vec![item("b", "2"), item("a", "1"), item("c", "1")]).await, (1, 1, 1));
}

async fn items_are_listed_page_by_page(backend: Backend) {
    let world = World::new(backend).await;
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListItemsRequest { page_size: 2, page_token, ..ListItemsRequest::default() };
        let page = world.clients.catalog.clone().list_items(request).await.unwrap().into_inner();
        names.extend(page.items.into_iter().map(|item| item.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["items/a", "items/b", "items/c"]);
}

async fn locations_are_listed_by_rank_and_change_by_version(backend: Backend) {
    let world = World::new(backend).await;
    world.location("first", LocationKind::Store, 0).await;
    let request = ListLocationsRequest { page_size: 2, ..ListLocationsRequest::default() };
    let page = world.clients.catalog.clone().list_locations(request).await.unwrap().into_inner();
    let names: Vec<_> = page.locations.iter().map(|location| location.name.as_str()).collect();
    assert_eq!(names, ["locations/first", "locations/main"]);
    let request = ListLocationsRequest { page_size: 2, page_token: page.next_page_token };
    let page = world.clients.catalog.clone().list_locations(request).await.unwrap().into_inner();
    assert_eq!(page.locations[0].name, "locations/north");

    let moved = Location { rank: 9, etag: "1".to_owned(), ..page.locations[0].clone() };
    let update_mask = Some(FieldMask { paths: vec!["rank".to_owned()] });
    let request = UpdateLocationRequest { request_id: world.id(), location: Some(moved), update_mask };
    let updated = world.clients.catalog.clone().update_location(request).await.unwrap().into_inner();
    assert_eq!((updated.rank, updated.etag.as_str(), updated.time_zone.as_str()), (9, "2", "Europe/London"));
}

async fn a_line_without_locations_is_served_by_rank_not_by_drop_ship_suppliers(backend: Backend) {
    let world = World::new(backend).await;
    world.location("supplier", LocationKind::DropShipSupplier, 0).await;
    world.location("shop", LocationKind::Store, 3).await;
    let claim = world.backorder("a", 1).await;
    assert_eq!(claim.locations, ["locations/main", "locations/north", "locations/shop"]);
}

on_each_backend!(
    the_same_item_again_is_answered_and_another_of_its_id_is_refused,
    an_update_changes_the_named_fields_of_the_version_that_was_read,
    release_dates_are_kept_and_taken_off_by_name,
    a_batch_that_comes_again_changes_nothing,
    items_are_listed_page_by_page,
    locations_are_listed_by_rank_and_change_by_version,
    a_line_without_locations_is_served_by_rank_not_by_drop_ship_suppliers,
);
