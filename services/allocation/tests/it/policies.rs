//! Policies: creating, changing, deleting, and which one decides.

use backorder_proto::{allocation::v1::*, common::v1::ErrorReason};
use backorder_testkit::{Backend, on_each_backend};
use prost_types::FieldMask;
use tonic::{Code, Response, Status};

use crate::world::{World, because, day, refusal};

fn policy(id: &str) -> BackorderPolicy {
    BackorderPolicy {
        name: format!("policies/{id}"),
        allowed: true,
        wait_day_type: WaitDayType::Calendar.into(),
        wait_start: WaitStart::OrderTime.into(),
        after_wait: AfterWait::Ask.into(),
        ..BackorderPolicy::default()
    }
}

impl World {
    async fn create_with(&self, id: String, policy: BackorderPolicy) -> Result<BackorderPolicy, Status> {
        let request = CreateBackorderPolicyRequest { request_id: id, policy: Some(policy), context: because("season") };
        self.clients.policies.clone().create_backorder_policy(request).await.map(Response::into_inner)
    }

    async fn create(&self, policy: BackorderPolicy) -> BackorderPolicy {
        self.create_with(self.id(), policy).await.unwrap()
    }

    async fn update(&self, policy: BackorderPolicy, paths: &[&str]) -> Result<BackorderPolicy, Status> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let request = UpdateBackorderPolicyRequest {
            request_id: self.id(),
            policy: Some(policy),
            update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
            context: because("season"),
        };
        self.clients.policies.clone().update_backorder_policy(request).await.map(Response::into_inner)
    }

    async fn delete(&self, id: String, name: &str) -> Result<(), Status> {
        let request = DeleteBackorderPolicyRequest { request_id: id, name: name.to_owned(), context: None };
        self.clients.policies.clone().delete_backorder_policy(request).await.map(|_| ())
    }

    async fn get(&self, name: &str) -> Result<BackorderPolicy, Status> {
        let request = GetBackorderPolicyRequest { name: name.to_owned() };
        self.clients.policies.clone().get_backorder_policy(request).await.map(Response::into_inner)
    }

    async fn resolve(&self, request: ResolvePolicyRequest) -> Result<Vec<String>, Status> {
        let answer = self.clients.policies.clone().resolve_policy(request).await?.into_inner();
        Ok(answer.policies.into_iter().map(|policy| policy.name).collect())
    }
}

async fn a_policy_is_read_as_it_was_created(backend: Backend) {
    let world = World::new(backend).await;
    let wanted = BackorderPolicy {
        item: "items/a".to_owned(),
        channel: "web".to_owned(),
        waiting_limit: Some(100),
        acceptable_wait_days: Some(14),
        wait_day_type: WaitDayType::Working.into(),
        wait_start: WaitStart::RequestedDate.into(),
        after_wait: AfterWait::Cancel.into(),
        promise_rule: Some(PromiseRule { later_days: 2, earlier_days: 3, stable_hours: 24 }),
        split_allowed: true,
        minimum_per_location: 5,
        locations: vec!["locations/main".to_owned(), "locations/north".to_owned()],
        effective_from: Some(day(1)),
        effective_to: Some(day(31)),
        ask_days_before: 3,
        answer_days: 10,
        after_silence: AfterSilence::Keep.into(),
        wait_near_days: Some(0),
        ship_set_days: 6,
        ..policy("p")
    };
    let created = world.create(wanted.clone()).await;
    assert_eq!(world.get("policies/p").await.unwrap(), created);
    let (etag, create_time, update_time) = ("1".to_owned(), created.create_time, created.update_time);
    assert!(create_time.is_some());
    assert_eq!(created, BackorderPolicy { etag, create_time, update_time, ..wanted });
}

async fn the_same_policy_again_is_answered_and_another_one_of_the_id_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    let created = world.create(policy("p")).await;
    assert_eq!(world.create(policy("p")).await, created);
    let other = BackorderPolicy { allowed: false, ..policy("p") };
    let refused = world.create_with(world.id(), other.clone()).await;
    assert_eq!(refusal(refused), (Code::AlreadyExists, ErrorReason::AlreadyExists));

    let id = world.id();
    world.create_with(id.clone(), policy("q")).await.unwrap();
    let reused = world.create_with(id, other).await;
    assert_eq!(refusal(reused), (Code::InvalidArgument, ErrorReason::RequestIdReused));
}

async fn an_update_changes_the_named_fields_only_and_needs_the_present_etag(backend: Backend) {
    let world = World::new(backend).await;
    let created = world.create(BackorderPolicy { waiting_limit: Some(7), ..policy("p") }).await;
    let change = BackorderPolicy { allowed: false, waiting_limit: None, ..created.clone() };
    let changed = world.update(change.clone(), &["allowed"]).await.unwrap();
    assert_eq!((changed.allowed, changed.waiting_limit, changed.etag.as_str()), (false, Some(7), "2"));

    let stale = world.update(change.clone(), &[]).await;
    assert_eq!(refusal(stale), (Code::Aborted, ErrorReason::VersionMismatch));
    let fresh = BackorderPolicy { etag: String::new(), ship_set_days: 3, wait_near_days: Some(9), ..change };
    let changed = world.update(fresh.clone(), &[]).await.unwrap();
    assert_eq!((changed.waiting_limit, changed.etag.as_str()), (None, "3"));
    assert_eq!(world.update(fresh, &[]).await.unwrap(), changed, "a change of nothing keeps the version");
    assert_eq!(world.get("policies/p").await.unwrap(), changed);
}

async fn new_values_must_go_with_the_old_ones(backend: Backend) {
    let world = World::new(backend).await;
    let created = world.create(BackorderPolicy { effective_from: Some(day(10)), ..policy("p") }).await;
    let ends_before = BackorderPolicy { effective_to: Some(day(9)), ..created.clone() };
    let refused = world.update(ends_before, &["effective_to"]).await;
    assert_eq!(refusal(refused), (Code::InvalidArgument, ErrorReason::InvalidRequest));
    assert_eq!(world.get("policies/p").await.unwrap(), created);
    let missing = world.update(policy("q"), &[]).await;
    assert_eq!(refusal(missing), (Code::NotFound, ErrorReason::PolicyNotFound));
}

async fn a_deleted_policy_is_gone_and_its_deletion_is_answered_again(backend: Backend) {
    let world = World::new(backend).await;
    world.create(policy("p")).await;
    let id = world.id();
    world.delete(id.clone(), "policies/p").await.unwrap();
    world.delete(id, "policies/p").await.unwrap();
    let gone = (Code::NotFound, ErrorReason::PolicyNotFound);
    assert_eq!(refusal(world.delete(world.id(), "policies/p").await), gone);
    assert_eq!(refusal(world.get("policies/p").await), gone);
    let created = world.create(BackorderPolicy { allowed: false, ..policy("p") }).await;
    assert_eq!(created.etag, "1", "the id is free again");
}

async fn policies_are_listed_by_id_page_by_page(backend: Backend) {
    let world = World::new(backend).await;
    for id in ["b", "B", "a", "c"] {
        world.create(policy(id)).await;
    }
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListBackorderPoliciesRequest { page_size: 3, page_token };
        let page = world.clients.policies.clone().list_backorder_policies(request).await.unwrap().into_inner();
        names.extend(page.policies.into_iter().map(|policy| policy.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["policies/B", "policies/a", "policies/b", "policies/c"]);
}

async fn the_most_specific_policy_that_holds_on_the_day_decides(backend: Backend) {
    let world = World::new(backend).await;
    world.create(policy("all")).await;
    world.create(BackorderPolicy { category: "china".to_owned(), ..policy("china") }).await;
    world.create(BackorderPolicy { location: "locations/main".to_owned(), ..policy("main") }).await;
    world.create(BackorderPolicy { customer_tier: "GOLD".to_owned(), ..policy("gold") }).await;
    let later = BackorderPolicy { item: "items/a".to_owned(), effective_from: Some(day(3)), ..policy("later") };
    world.create(later).await;

    let line = ResolvePolicyRequest { item: "items/a".to_owned(), ..ResolvePolicyRequest::default() };
    let names = ["policies/china", "policies/main", "policies/all"];
    assert_eq!(world.resolve(line.clone()).await.unwrap(), names, "main serves first where no location is named");
    let tomorrow = ResolvePolicyRequest { date: Some(day(3)), customer_tier: "GOLD".to_owned(), ..line };
    let names = ["policies/later", "policies/china", "policies/gold", "policies/main", "policies/all"];
    assert_eq!(world.resolve(tomorrow.clone()).await.unwrap(), names);
    let unknown = ResolvePolicyRequest { item: "items/x".to_owned(), ..tomorrow };
    assert_eq!(refusal(world.resolve(unknown).await), (Code::NotFound, ErrorReason::ItemNotFound));
}

async fn all_that_is_wrong_with_a_policy_is_named(backend: Backend) {
    let world = World::new(backend).await;
    let wrong = BackorderPolicy {
        name: "p".to_owned(),
        item: "a".to_owned(),
        waiting_limit: Some(-1),
        acceptable_wait_days: Some(-1),
        after_wait: 99,
        ..BackorderPolicy::default()
    };
    let status = world.create_with("no uuid".to_owned(), wrong).await.unwrap_err();
    let details = tonic_types::StatusExt::get_details_bad_request(&status).unwrap();
    let fields: Vec<&str> = details.field_violations.iter().map(|violation| violation.field.as_str()).collect();
    let all = [
        "request_id",
        "policy.name",
        "policy.item",
        "policy.waiting_limit",
        "policy.acceptable_wait_days",
        "policy.after_wait",
    ];
    assert_eq!(fields, all);
}

async fn of_many_creations_at_once_one_content_stands(backend: Backend) {
    let world = World::new(backend).await;
    let one = |limit: i64| BackorderPolicy { waiting_limit: Some(limit), ..policy("p") };
    let calls = (0..8).map(|limit| world.create_with(world.id(), one(limit)));
    let answers = futures::future::join_all(calls).await;
    let created: Vec<&BackorderPolicy> = answers.iter().flatten().collect();
    assert_eq!(created.len(), 1);
    assert_eq!(world.get("policies/p").await.unwrap(), *created[0]);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(refused), (Code::AlreadyExists, ErrorReason::AlreadyExists));
    }
}

on_each_backend!(
    a_policy_is_read_as_it_was_created,
    the_same_policy_again_is_answered_and_another_one_of_the_id_is_refused,
    an_update_changes_the_named_fields_only_and_needs_the_present_etag,
    new_values_must_go_with_the_old_ones,
    a_deleted_policy_is_gone_and_its_deletion_is_answered_again,
    policies_are_listed_by_id_page_by_page,
    the_most_specific_policy_that_holds_on_the_day_decides,
    all_that_is_wrong_with_a_policy_is_named,
    of_many_creations_at_once_one_content_stands,
);
