//! Groups that cannot be, and writes that come too late.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::{get, kept, of, protections, put, quota, quotas};
use crate::world::{World, because, refusal};

async fn groups_that_contradict_themselves_are_refused_with_the_field(backend: Backend) {
    let world = World::new(backend).await;
    let two = |first, second| quotas("a", vec![first, second]);
    let mut mixed = quotas("a", vec![quota(["GOLD", "#"], &[])]);
    mixed.plans[0].groups[0].values.pop();
    let mut unnamed = quotas("a", vec![]);
    unnamed.levels[1] = "tier".to_owned();
    let many = ItemGroups { levels: (0..9).map(|level| level.to_string()).collect(), ..quotas("a", vec![]) };
    let twice = vec![kept(["A", "#"], 1, 1, 1), kept(["A", "#"], 1, 2, 1)];
    let mut nowhere = protections("a", vec![]);
    nowhere.protections[0].location = "main".to_owned();
    let wrong = [
        (mixed, "groups.plans[0].groups[0].values"),
        (two(quota(["A", "#"], &[]), quota(["A", "#"], &[])), "groups.plans[0].groups[1].values"),
        (quotas("a", vec![quota(["A", "#"], &[(1, 5, 1), (4, 6, 1)])]), "groups.plans[0].groups[0].periods[1]"),
        (quotas("a", vec![quota(["A", "#"], &[(5, 5, 1)])]), "groups.plans[0].groups[0].periods[0].until"),
        (quotas("a", vec![quota(["A", "#"], &[(5, 6, -1)])]), "groups.plans[0].groups[0].periods[0].maximum"),
        (quotas("a", vec![quota(["", "#"], &[])]), "groups.plans[0].groups[0].values[0]"),
        (unnamed, "groups.levels[1]"),
        (many, "groups.levels"),
        (ItemGroups { levels: vec![], ..quotas("a", vec![]) }, "groups.levels"),
        (protections("a", twice), "groups.protections[0].groups[1].values"),
        (protections("a", vec![kept(["A", "#"], -1, 1, 1)]), "groups.protections[0].groups[0].core"),
        (nowhere, "groups.protections[0].location"),
    ];
    for (groups, field) in wrong {
        let status = put(&world, groups).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert!(violations.iter().any(|violation| violation.field == field), "{field}: {violations:?}");
    }
    assert_eq!(get(&world, "a").await.levels, Vec::<String>::new());
    let nowhere = refusal(put(&world, quotas("none", vec![])).await);
    assert_eq!(nowhere, (Code::NotFound, ErrorReason::ItemNotFound));
}

async fn a_write_on_what_was_read_before_another_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    let first = put(&world, quotas("a", vec![])).await.unwrap();
    let request = PutItemGroupsRequest {
        request_id: world.id(),
        groups: Some(ItemGroups { etag: first.etag.clone(), ..quotas("a", vec![quota(["A", "#"], &[(1, 2, 3)])]) }),
        context: because("plan"),
    };
    let client = || world.clients.groups.clone();
    let second = client().put_item_groups(request.clone()).await.unwrap().into_inner();
    let again = client().put_item_groups(request).await.unwrap().into_inner();
    assert_eq!(second, again, "the same request, the same answer");
    let late = put(&world, ItemGroups { etag: first.etag, ..quotas("a", vec![]) }).await;
    assert_eq!(refusal(late), (Code::Aborted, ErrorReason::VersionMismatch));
    assert_eq!(get(&world, "a").await, second.groups.unwrap());
    let listed = client().list_item_groups(ListItemGroupsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.groups, [get(&world, "a").await]);
}

async fn what_a_line_says_of_itself_is_short_and_said_once(backend: Backend) {
    let world = World::new(backend).await;
    let mut twice = of(world.wants("a", 1), "GOLD", "web");
    twice.characteristics.push(twice.characteristics[0].clone());
    let mut many = of(world.wants("a", 1), "GOLD", "web");
    many.characteristics =
        (0..9).map(|name: i32| Characteristic { name: name.to_string(), value: "x".to_owned() }).collect();
    for line in [twice, many, of(world.wants("a", 1), &"x".repeat(101), "web"), of(world.wants("a", 1), "", "web")] {
        let refused = refusal(world.reserve(vec![line]).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
}

on_each_backend!(
    groups_that_contradict_themselves_are_refused_with_the_field,
    a_write_on_what_was_read_before_another_is_refused,
    what_a_line_says_of_itself_is_short_and_said_once,
);
