//! Items and locations that callers of two instances make at once: one makes them, and the others hear what they would hear
//! a moment later.

use std::{collections::BTreeMap, sync::Arc};

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_service_kit::{clients::InventoryClients, problem::reason_of};
use backorder_storage::feed;
use backorder_testkit::{Backend, counts::cases, on_each_backend};
use tokio::sync::Barrier;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::World;

/// Callers of each instance.
const CALLERS: usize = 2;

#[derive(Debug, Clone, Copy)]
enum Resource {
    Item,
    Location,
}

const BOTH: [Resource; 2] = [Resource::Item, Resource::Location];

impl Resource {
    fn name(self, round: u32) -> String {
        match self {
            Self::Item => format!("items/i-{round}"),
            Self::Location => format!("locations/l-{round}"),
        }
    }

    /// What errors call it.
    fn kind(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Location => "location",
        }
    }

    /// Makes one of this name and text, and answers it as text.
    async fn create(
        self,
        clients: InventoryClients,
        request_id: String,
        name: String,
        text: String,
    ) -> Result<String, Status> {
        let mut catalog = clients.catalog;
        match self {
            Self::Item => {
                let request = CreateItemRequest { request_id, item: Some(item(&name, &text)) };
                catalog.create_item(request).await.map(|item| format!("{:?}", item.into_inner()))
            }
            Self::Location => {
                let location = Location {
                    name,
                    display_name: text,
                    kind: LocationKind::Warehouse.into(),
                    time_zone: "Europe/London".to_owned(),
                    ..Location::default()
                };
                let request = CreateLocationRequest { request_id, location: Some(location) };
                catalog.create_location(request).await.map(|location| format!("{:?}", location.into_inner()))
            }
        }
    }

    /// The one that is there, as text.
    async fn read(self, world: &World, name: String) -> String {
        let mut catalog = world.clients.catalog.clone();
        match self {
            Self::Item => format!("{:?}", catalog.get_item(GetItemRequest { name }).await.unwrap().into_inner()),
            Self::Location => {
                format!("{:?}", catalog.get_location(GetLocationRequest { name }).await.unwrap().into_inner())
            }
        }
    }
}

fn item(name: &str, text: &str) -> Item {
    Item { name: name.to_owned(), description: text.to_owned(), ..Item::default() }
}

/// A world and the clients of each caller, of one instance and of the other in turn.
async fn two_instances(backend: Backend) -> (World, Vec<InventoryClients>) {
    let world = World::empty(backend).await;
    let other = world.another_instance().await;
    let callers = (0..CALLERS).flat_map(|_| [world.clients.clone(), other.clone()]).collect();
    (world, callers)
}

/// Runs all calls at once and answers their results.
async fn at_once<F>(calls: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let calls: Vec<F> = calls.collect();
    let start = Arc::new(Barrier::new(calls.len()));
    let running = calls.into_iter().map(|call| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            call.await
        })
    });
    futures::future::join_all(running.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect()
}

/// The versions of each resource that events tell of, in their order.
async fn versions_told(world: &World) -> BTreeMap<String, Vec<i64>> {
    let store = world.app.store();
    feed::stamp(store).await.unwrap();
    let mut versions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut position = 0;
    loop {
        let events = feed::read_after(store, position, 500).await.unwrap();
        let Some(last) = events.last() else { return versions };
        position = last.position;
        for event in events {
            versions.entry(event.aggregate).or_default().push(event.sequence);
        }
    }
}

/// Each resource of each round was made, and made once.
async fn assert_each_made_once(world: &World) {
    let rounds = 0..cases("catalog_races");
    let expected = rounds.flat_map(|round| BOTH.map(|resource| (resource.name(round), vec![1])));
    assert_eq!(versions_told(world).await, expected.collect());
}

/// The one answer and the refusals of all others.
fn one_of_all(results: Vec<Result<String, Status>>) -> (String, Vec<Status>) {
    let (answers, refusals): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(answers.len(), 1, "{answers:?} {refusals:?}");
    let answer = answers.into_iter().map(Result::unwrap).next().unwrap();
    (answer, refusals.into_iter().map(Result::unwrap_err).collect())
}

async fn what_callers_make_at_once_is_made_once_and_answered_to_all(backend: Backend) {
    let (world, callers) = two_instances(backend).await;
    for round in 0..cases("catalog_races") {
        for resource in BOTH {
            let name = resource.name(round);
            let create = |clients: &InventoryClients| {
                resource.create(clients.clone(), world.id(), name.clone(), "one".to_owned())
            };
            let answers = at_once(callers.iter().map(create)).await;
            let made = resource.read(&world, name.clone()).await;
            assert!(answers.iter().all(|answer| answer.as_ref().ok() == Some(&made)), "{answers:?}");
        }
    }
    assert_each_made_once(&world).await;
}

async fn of_callers_that_make_different_ones_of_a_name_one_does_and_the_others_hear_that_it_exists(backend: Backend) {
    let (world, callers) = two_instances(backend).await;
    for round in 0..cases("catalog_races") {
        for resource in BOTH {
            let name = resource.name(round);
            let create = |(caller, clients): (usize, &InventoryClients)| {
                resource.create(clients.clone(), world.id(), name.clone(), format!("of caller {caller}"))
            };
            let (made, refusals) = one_of_all(at_once(callers.iter().enumerate().map(create)).await);
            for status in refusals {
                assert_eq!(
                    (status.code(), reason_of(&status)),
                    (Code::AlreadyExists, Some(ErrorReason::AlreadyExists))
                );
                assert_eq!(status.get_details_error_info().unwrap().metadata[resource.kind()], name);
            }
            assert_eq!(resource.read(&world, name).await, made);
        }
    }
    assert_each_made_once(&world).await;
}

async fn a_request_that_two_instances_get_at_once_is_done_once_and_answered_alike(backend: Backend) {
    let (world, callers) = two_instances(backend).await;
    for round in 0..cases("catalog_races") {
        for resource in BOTH {
            let (name, id) = (resource.name(round), world.id());
            let create = |clients: &InventoryClients| {
                resource.create(clients.clone(), id.clone(), name.clone(), "one".to_owned())
            };
            let answers = at_once(callers.iter().map(create)).await;
            let made = resource.read(&world, name.clone()).await;
            assert!(answers.iter().all(|answer| answer.as_ref().ok() == Some(&made)), "{answers:?}");
        }
    }
    assert_each_made_once(&world).await;
}

async fn of_different_commands_that_two_instances_get_under_one_id_one_is_done(backend: Backend) {
    let (world, callers) = two_instances(backend).await;
    for round in 0..cases("catalog_races") {
        for resource in BOTH {
            let (name, id) = (resource.name(round), world.id());
            let create = |(caller, clients): (usize, &InventoryClients)| {
                resource.create(clients.clone(), id.clone(), name.clone(), format!("of caller {caller}"))
            };
            let (made, refusals) = one_of_all(at_once(callers.iter().enumerate().map(create)).await);
            for status in refusals {
                let reused = (Code::InvalidArgument, Some(ErrorReason::RequestIdReused));
                assert_eq!((status.code(), reason_of(&status)), reused);
            }
            assert_eq!(resource.read(&world, name).await, made);
        }
    }
    assert_each_made_once(&world).await;
}

async fn a_batch_that_two_instances_get_at_once_is_done_once_and_counted_alike(backend: Backend) {
    let (world, callers) = two_instances(backend).await;
    for round in 0..cases("catalog_races") {
        let request = BatchPutItemsRequest {
            request_id: world.id(),
            items: ["x", "y"].map(|id| item(&format!("items/{id}-{round}"), "one")).to_vec(),
        };
        let put = |clients: &InventoryClients| {
            let (mut catalog, request) = (clients.catalog.clone(), request.clone());
            async move { catalog.batch_put_items(request).await }
        };
        for answer in at_once(callers.iter().map(put)).await {
            // Done again, it would find both unchanged.
            assert_eq!(answer.unwrap().into_inner().created, 2);
        }
    }
    assert!(versions_told(&world).await.values().all(|versions| *versions == [1]));
}

async fn batches_that_put_the_same_new_items_at_once_are_done_one_after_another(backend: Backend) {
    let (world, callers) = two_instances(backend).await;
    for round in 0..cases("catalog_races") {
        let names = ["x", "y", "z"].map(|id| format!("items/{id}-{round}"));
        let put = |(caller, clients): (usize, &InventoryClients)| {
            let mut items = names.each_ref().map(|name| item(name, &format!("of caller {caller}"))).to_vec();
            // Whatever the order in which they are sent, they are written in one.
            items.rotate_left(caller % 3);
            let (mut catalog, request_id) = (clients.catalog.clone(), world.id());
            async move { catalog.batch_put_items(BatchPutItemsRequest { request_id, items }).await }
        };
        let answers = at_once(callers.iter().enumerate().map(put)).await;
        let mut counts: Vec<_> = answers
            .into_iter()
            .map(|answer| answer.unwrap().into_inner())
            .map(|answer| (answer.created, answer.replaced, answer.unchanged))
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [(0, 3, 0), (0, 3, 0), (0, 3, 0), (3, 0, 0)]);
        let mut texts = Vec::new();
        for name in names {
            let found = world.clients.catalog.clone().get_item(GetItemRequest { name }).await.unwrap().into_inner();
            texts.push(found.description);
        }
        assert!(texts.iter().all(|text| *text == texts[0]), "the last batch stands as a whole: {texts:?}");
    }
    let mut told = versions_told(&world).await;
    told.retain(|_, versions| *versions != [1, 2, 3, 4]);
    assert_eq!(told, BTreeMap::new(), "each change has a version of its own");
}

on_each_backend!(
    what_callers_make_at_once_is_made_once_and_answered_to_all,
    of_callers_that_make_different_ones_of_a_name_one_does_and_the_others_hear_that_it_exists,
    a_request_that_two_instances_get_at_once_is_done_once_and_answered_alike,
    of_different_commands_that_two_instances_get_under_one_id_one_is_done,
    a_batch_that_two_instances_get_at_once_is_done_once_and_counted_alike,
    batches_that_put_the_same_new_items_at_once_are_done_one_after_another,
);
