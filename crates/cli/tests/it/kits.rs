//! Kits and substitutes from the command line: what a customer orders, what the shelf has, and what is sent instead.

use std::path::Path;

use backorder_testkit::eventually;
use serde_json::Value;

use crate::program::Services;

/// A warehouse with mugs and lids, and a set of two mugs and a lid.
async fn shop(folder: &Path) -> Services {
    let services = Services::start(folder).await;
    services.json(&["catalog", "create-location", "main", "--time-zone", "Europe/London"]);
    for item in ["mug", "lid", "blue"] {
        services.json(&["catalog", "put-item", item, "--price", "5"]);
    }
    services.json(&["catalog", "put-item", "set", "--component", "mug=2", "--component", "lid=1"]);
    services
}

fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_kit_is_ordered_cancelled_and_shipped_by_its_own_number() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["stock", "receive", "mug", "main", "6"]);
    services.json(&["stock", "receive", "lid", "main", "2"]);
    assert!(said(&services, &["catalog", "item", "set"]).contains("holds 2 of mug"));

    services.json(&["order", "place", "set=3@12", "--order", "ann"]);
    let shown = said(&services, &["order", "get", "ann"]);
    assert!(shown.contains("kit ann/1 of set: 3 ordered, 3 open"), "{shown}");
    assert!(refused(&services, &["order", "cancel", "ann", "3=1", "--reason", "less"]).contains("LINE_IN_KIT"));
    services.json(&["order", "cancel", "ann", "1=1", "--reason", "less"]);

    let kit = || services.json(&["order", "get", "ann"])["kits"][0].clone();
    eventually("two of three are covered", || async { number(&kit()["covered"]) == 2 }).await;
    services.json(&["order", "ship", "ann/1"]);
    assert_eq!((number(&kit()["shipped"]), number(&kit()["cancelled"])), (2, 1));
    let file = folder.path().join("extract.csv").to_str().unwrap().to_owned();
    let written = services.json(&["export", "extract", &file]);
    assert_eq!(written["lines"], 1, "a kit is one line");
    let extract = std::fs::read_to_string(&file).unwrap();
    assert!(extract.lines().nth(1).unwrap().starts_with("ann,1,set,"), "{extract}");
    let back =
        ["order", "return", "ann/1=1", "--location", "main", "--component", "ann/4=1:scrap", "--reason", "broken"];
    assert!(refused(&services, &back).contains("components[0].name"));
    let back = back.map(|word| if word == "ann/4=1:scrap" { "ann/2=1:scrap" } else { word });
    services.json(&back);
    assert_eq!(number(&kit()["returned"]), 1);
    assert!(said(&services, &["order", "get", "ann"]).contains("1 cancelled, 1 returned"));
    services.come_to_balance().await;
    assert!(services.stop().await);
}

#[tokio::test]
async fn what_is_picked_short_of_a_kit_is_asked_back() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["stock", "receive", "mug", "main", "2"]);
    services.json(&["stock", "receive", "lid", "main", "1"]);
    services.json(&["order", "place", "set=1@12", "--order", "ann"]);
    services.json(&["warehouse", "release", "ann/1"]);

    let shown = said(&services, &["warehouse", "short-pick", "ann/3=1", "--reason", "empty-shelf"]);

    assert!(shown.contains("asked for what makes no kit any more"), "{shown}");
    let recall = services.json(&["warehouse", "recalls"])["recalls"][0].clone();
    assert_eq!((&recall["line"], number(&recall["quantity"])), (&"orders/ann/lines/2".into(), 2));
    let id = recall["name"].as_str().unwrap().strip_prefix("recalls/").unwrap().to_owned();
    services.json(&["warehouse", "answer", &id, "2"]);
    let shown = said(&services, &["question", "answer", "ann/1", "--until", "2099-01-01", "--reason", "said-so"]);
    assert!(shown.contains("kit ann/1 of set: 1 ordered, 1 open"), "{shown}");
    services.come_to_balance().await;
    assert!(services.stop().await);
}

#[tokio::test]
async fn a_planner_sees_what_fits_and_sends_it() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["catalog", "put-item", "mug", "--price", "5", "--substitute", "blue=1/1:ask"]);
    services.json(&["stock", "receive", "blue", "main", "3"]);
    services.json(&["order", "place", "mug=4@6", "--order", "ann", "--substitution-allowed"]);

    let preview = ["order", "substitute", "ann/1", "--preview"];
    eventually("the catalogue is known", || async { said(&services, &preview).contains("CONSENT_NEEDED") }).await;
    let agreed = ["order", "substitute", "ann/1", "--consent", "said so by mail"];
    let shown = said(&services, &[&agreed[..], &["--preview"]].concat());
    assert!(shown.contains("would send 3 of blue"), "{shown}");
    assert!(refused(&services, &["order", "substitute", "ann/1"]).contains("LINE_NOT_SUBSTITUTABLE"));
    let done = services.json(&agreed);

    assert_eq!((number(&done["line"]["open"]), number(&done["line"]["substituted"])), (1, 3));
    assert_eq!(done["substitute"]["substitutes"], "orders/ann/lines/1");
    assert_eq!(number(&done["exchanged"]["refund"]["units"]), 3, "one less for each of them");
    assert!(said(&services, &["order", "get", "ann"]).contains("ann/2 is sent for 3 units of ann/1"));
    assert!(said(&services, &["refund", "list"]).contains("substituted"));
    services.come_to_balance().await;
    assert!(services.stop().await);
}
