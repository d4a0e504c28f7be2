//! `backorder policy` against real services: what is decided for an order, and who is served first.

use serde_json::Value;

use crate::program::Services;

async fn with_an_item(folder: &std::path::Path) -> Services {
    let services = Services::start(folder).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services
}

fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_policy_decides_from_its_creation_to_its_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let services = with_an_item(folder.path()).await;
    let place = |order: &str, channel: &str| {
        let placed = services.json(&["order", "place", "X=5", "--order", order, "--channel", channel]);
        (placed["order"]["lines"][0]["open"].clone(), placed["order"]["lines"][0]["refused"].clone())
    };
    assert!(said(&services, &["policy", "resolve", "X"]).contains("no policy fits"));
    let created = ["policy", "create", "web", "--channel", "web", "--no-backorders", "--no-split"];
    let policy = services.json(&created);
    assert_eq!((&policy["name"], &policy["allowed"]), (&Value::from("policies/web"), &Value::from(false)));
    assert_eq!(services.json(&created), policy, "made again with the same content");
    let limited = ["policy", "create", "few", "--item", "X", "--waiting-limit", "3", "--acceptable-wait-days", "14"];
    said(&services, &limited);

    let list = said(&services, &["policy", "list"]);
    for word in ["web", "refused", "not allowed", "few", "items/X", "3", "14"] {
        assert!(list.contains(word), "{word} is not in\n{list}");
    }
    let resolved = services.json(&["policy", "resolve", "X", "--channel", "web"]);
    assert_eq!(resolved["policies"].as_array().map(Vec::len), Some(2));
    assert_eq!(place("A-1", "web").1, Value::from(2));

    assert!(said(&services, &["policy", "delete", "few", "--reason", "enough"]).contains("deleted few"));
    assert_eq!(place("A-2", "web").1, Value::from(5));
    said(&services, &["policy", "delete", "web"]);
    assert_eq!(place("A-3", "web").0, Value::from(5));
    let gone = services.command(&["policy", "delete", "web"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("POLICY_NOT_FOUND"));
}

#[tokio::test]
async fn the_serving_sequence_is_shown_and_set() {
    let folder = tempfile::tempdir().unwrap();
    let services = with_an_item(folder.path()).await;
    let present = said(&services, &["policy", "sequence"]);
    assert!(present.contains("waiting lines are served by"), "{present}");
    for (order, tier) in [("A-1", "STD"), ("A-2", "GOLD")] {
        services.json(&["order", "place", "X=5", "--order", order, "--tier", tier]);
    }
    let tiers = ["policy", "sequence", "tier", "order-time", "--tier", "GOLD", "--tier", "STD"];
    assert!(said(&services, &tiers).contains("TIER (GOLD, STD), ORDER_TIME"));
    assert!(said(&services, &["policy", "sequence"]).contains("TIER (GOLD, STD), ORDER_TIME"));
    backorder_testkit::eventually("waiting lines are in the new order", || async {
        let lines = services.json(&["backlog"]);
        lines["backorders"][0]["line"]["name"] == "orders/A-2/lines/1"
    })
    .await;
}
