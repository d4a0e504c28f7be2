//! The services are killed in the middle of an import: nothing acknowledged is lost, nothing is doubled.

use std::{collections::BTreeMap, time::Duration};

use backorder_testkit::eventually;

use crate::program::{Files, Services, write_files};

const IMPORT_ENDS_WITHIN: Duration = Duration::from_secs(300);
/// Orders that must be acknowledged before the services are killed.
const ORDERS_BEFORE_KILL: usize = 15;

#[tokio::test]
async fn every_acknowledged_order_is_there_once_after_a_kill_and_none_is_doubled_when_the_import_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_files(folder.path(), 1_500);
    let journal = folder.path().join("journal");
    let (orders, journal_path) = (files.orders.to_str().unwrap(), journal.to_str().unwrap());
    let mut services = Services::start(folder.path()).await;
    import_world(&services, &files);

    let import = ["import", "orders", orders, "--journal", journal_path, "--in-flight", "4"];
    let mut importer = services.spawn(&import);
    let acknowledged = || std::fs::read_to_string(&journal).unwrap_or_default().lines().count();
    eventually("some orders are acknowledged", || async { acknowledged() >= ORDERS_BEFORE_KILL }).await;
    services.kill().await;
    assert!(!importer.ends_within(IMPORT_ENDS_WITHIN).await.success(), "the importer says that it could not go on");
    assert!(acknowledged() < files.order_count, "the kill was in the middle");

    services.start_again().await;
    services.come_to_balance().await;
    let there = order_counts(&services);
    for order in journalled_orders(&journal) {
        assert_eq!(there.get(&order), Some(&1), "{order} was acknowledged");
    }

    let resumed = services.json(&import);
    assert_eq!(resumed["refused"], 0, "{resumed:#}");
    assert_whole(&services, &files).await;
    // Without the journal everything is sent again, and nothing changes.
    let before = services.json(&["verify", "--digest"]);
    services.json(&["import", "orders", orders]);
    assert_whole(&services, &files).await;
    assert_eq!(services.json(&["verify", "--digest"])["digest"], before["digest"]);
    assert!(services.stop().await, "SIGTERM ends the services in order");
}

fn import_world(services: &Services, files: &Files) {
    services.json(&["import", "locations", files.locations.to_str().unwrap()]);
    services.json(&["import", "items", files.orders.to_str().unwrap()]);
    let stock = services.json(&["import", "stock", files.stock.to_str().unwrap(), "--as", "receipt"]);
    assert_eq!(stock["refused"], 0, "{stock:#}");
    // The same document again is booked no second time.
    let before = services.json(&["stock", "list", "--limit", "0"]);
    services.json(&["import", "stock", files.stock.to_str().unwrap(), "--as", "receipt"]);
    assert_eq!(services.json(&["stock", "list", "--limit", "0"]), before);
}

fn order_counts(services: &Services) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for order in services.json(&["order", "list", "--limit", "0"])["orders"].as_array().unwrap() {
        *counts.entry(order["name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

fn journalled_orders(journal: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(journal).unwrap();
    text.lines().filter(|line| line.starts_with("orders/")).map(ToOwned::to_owned).collect()
}

/// Every order of the file is there once, with all its units, and the books balance.
async fn assert_whole(services: &Services, files: &Files) {
    services.come_to_balance().await;
    let orders = services.json(&["order", "list", "--limit", "0"]);
    let orders = orders["orders"].as_array().unwrap();
    assert_eq!(orders.len(), files.order_count);
    let lines = orders.iter().flat_map(|order| order["lines"].as_array().unwrap());
    let requested: i64 = lines.map(|line| line["requested"].as_i64().unwrap()).sum();
    assert_eq!(requested, files.units);
}
