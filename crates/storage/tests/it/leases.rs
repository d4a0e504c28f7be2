//! One holder at a time; a late holder cannot write.

use std::time::Duration;

use backorder_storage::{StorageError, Store, lease};
use backorder_testkit::{Backend, eventually, on_each_backend};

use crate::TestStore;

const LONG: Duration = Duration::from_secs(3_600);

async fn check(store: &Store, lease: &lease::Lease) -> Result<(), StorageError> {
    store.write("check", move |tx| Box::pin(lease::check_in_tx(tx, lease))).await
}

async fn a_lease_has_one_holder_who_can_extend_it(backend: Backend) {
    let test = TestStore::new(backend).await;
    let first = lease::acquire(&test, "relay", "one", LONG).await.unwrap().unwrap();
    assert_eq!(lease::acquire(&test, "relay", "two", LONG).await.unwrap(), None);
    assert_eq!(lease::acquire(&test, "relay", "one", LONG).await.unwrap(), Some(first.clone()));
    assert!(lease::acquire(&test, "other", "two", LONG).await.unwrap().is_some());
    check(&test, &first).await.unwrap();
}

async fn an_expired_lease_goes_to_another_with_a_higher_token_and_the_late_holder_cannot_write(backend: Backend) {
    let test = TestStore::new(backend).await;
    let first = lease::acquire(&test, "relay", "one", Duration::ZERO).await.unwrap().unwrap();
    let store = &test.store;
    eventually("the lease has run out", || async {
        lease::acquire(store, "relay", "two", LONG).await.unwrap().is_some()
    })
    .await;
    let second = lease::acquire(&test, "relay", "two", LONG).await.unwrap().unwrap();
    assert!(second.token > first.token);
    assert!(check(&test, &first).await.unwrap_err().is_transient());
    check(&test, &second).await.unwrap();
}

async fn a_released_lease_is_free_at_once(backend: Backend) {
    let test = TestStore::new(backend).await;
    let first = lease::acquire(&test, "relay", "one", LONG).await.unwrap().unwrap();
    lease::release(&test, &first).await.unwrap();
    let second = lease::acquire(&test, "relay", "two", LONG).await.unwrap().unwrap();
    lease::release(&test, &first).await.unwrap();
    check(&test, &second).await.unwrap();
}

on_each_backend!(
    a_lease_has_one_holder_who_can_extend_it,
    an_expired_lease_goes_to_another_with_a_higher_token_and_the_late_holder_cannot_write,
    a_released_lease_is_free_at_once,
);
