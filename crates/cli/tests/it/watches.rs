//! The commands that watch until they are stopped: what they show, and that nothing is missed between two of them.

use backorder_testkit::{eventually, process::TestProcess};

use crate::program::Services;

/// A watch that was started and says that it watches.
async fn watch(services: &Services, arguments: &[&str]) -> TestProcess {
    let process = services.spawn(arguments);
    shows(&process, "watching").await;
    process
}

async fn shows(process: &TestProcess, text: &str) {
    eventually(text, || async { process.log().contains(text) }).await;
}

/// Stops a watch as Ctrl-C does; answers the token from which to go on.
async fn stopped_at(mut process: TestProcess) -> String {
    assert!(process.terminate().await.success(), "{}", process.log());
    let log = process.log();
    let (_, token) = log.rsplit_once("--resume-token ").expect("the last token");
    token.trim().to_owned()
}

#[tokio::test]
async fn promises_are_watched_and_a_later_watch_misses_none() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["supply", "create", "PO-1", "X", "main", "10", "--expected", "2099-03-01"]);
    let first = watch(&services, &["backlog", "--watch"]).await;
    services.json(&["order", "place", "X=2", "--order", "A-1", "--customer", "c"]);
    shows(&first, "A-1/1 promised 2099-03-01").await;
    let token = stopped_at(first).await;
    services.json(&["order", "place", "X=2", "--order", "A-2", "--customer", "c"]);
    let second = watch(&services, &["backlog", "--watch", "--json", "--resume-token", &token]).await;
    shows(&second, "orders/A-2/lines/1").await;
    assert!(!second.log().contains("orders/A-1/lines/1"), "{}", second.log());
    stopped_at(second).await;
}

#[tokio::test]
async fn positions_are_watched_by_item_and_a_later_watch_misses_none() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["catalog", "put-item", "Y"]);
    let first = watch(&services, &["stock", "watch", "--item", "X"]).await;
    services.json(&["stock", "receive", "Y", "main", "7"]);
    services.json(&["stock", "receive", "X", "main", "5"]);
    shows(&first, "X at main: 5 available").await;
    assert!(!first.log().contains("Y at main"), "{}", first.log());
    let token = stopped_at(first).await;
    services.json(&["stock", "count", "X", "main", "4"]);
    let second = watch(&services, &["stock", "watch", "--resume-token", &token]).await;
    shows(&second, "X at main: 4 available").await;
    stopped_at(second).await;
}
