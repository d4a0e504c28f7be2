//! `backorder allocation-policy` against real services: a planner writes a policy, tries it, and puts it in force.

use serde_json::Value;

use crate::program::Services;

fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

const GOLD: &str = r#"{"name": "gold", "tier_order": ["GOLD", "STD"], "keys": ["tier"],
    "segments": [{"name": "gold lines", "strategy": "redistribute", "include": "customer.tier == 'GOLD'"},
                 {"name": "others", "strategy": "redistribute"}]}"#;

#[tokio::test]
async fn a_planner_writes_tries_and_uses_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["supply", "create", "PO-7", "X", "main", "5", "--expected", "2040-05-01"]);
    for (order, tier) in [("A-1", "STD"), ("A-2", "GOLD")] {
        services.json(&["order", "place", "X=4", "--order", order, "--tier", tier]);
    }
    let file = folder.path().join("gold.json");
    std::fs::write(&file, GOLD).unwrap();
    let file = file.to_str().unwrap();
    let policy = |arguments: &[&str]| said(&services, &[&["allocation-policy"], arguments].concat());
    let now = services.json(&["run", "start"])["name"].as_str().unwrap().to_owned();
    said(&services, &["run", "watch", &now]);
    let tried = policy(&["dry-run", file, "--wait"]);
    for word in ["draft of a policy", "gold lines", "others", "longest wait"] {
        assert!(tried.contains(word), "{word} is not in\n{tried}");
    }
    let draft = services.json(&["run", "list"])["runs"][0]["name"].as_str().unwrap().to_owned();
    let compared = said(&services, &["run", "compare", &now, &draft]);
    assert!(compared.contains("GOLD") && compared.contains("+3"), "{compared}");

    assert!(policy(&["put", file, "--check"]).contains("customer.tier == 'GOLD'"));
    assert_eq!(services.json(&["allocation-policy", "list"])["policies"], Value::Array(Vec::new()));
    policy(&["put", file, "--reason", "spring", "--note", "gold pays for it"]);
    assert!(policy(&["versions", "gold"]).contains("spring: gold pays for it"));
    assert!(policy(&["get", "gold", "--number", "1"]).contains("gold lines"));
    let stale = refused(&services, &["allocation-policy", "put", file, "--after-version", "0"]);
    assert!(stale.contains("VERSION_MISMATCH"), "{stale}");
    policy(&["use", "gold", "--reason", "spring"]);
    assert!(policy(&["in-force"]).contains("gold"));
    let by_it = said(&services, &["run", "start", "--wait"]);
    assert!(by_it.contains("gold version 1"), "{by_it}");
    let named = said(&services, &["run", "start", "--policy", "gold", "--policy-version", "1", "--wait"]);
    assert!(named.contains("gold version 1"), "{named}");
    let in_use = refused(&services, &["allocation-policy", "retire", "gold"]);
    assert!(in_use.contains("STILL_IN_USE"), "{in_use}");
    policy(&["use", "--none"]);
    assert!(policy(&["retire", "gold"]).contains("there is no such policy"));
    assert!(policy(&["in-force", "--history"]).contains("spring"));

    for name in ["first-come", "tier", "margin", "gold-first"] {
        let file = format!("{}/policies/{name}.json", env!("CARGO_MANIFEST_DIR"));
        assert!(policy(&["put", &file, "--check"]).contains(name));
    }
    std::fs::write(file, GOLD.replace("customer.tier ==", "customer.rank ==")).unwrap();
    let wrong = refused(&services, &["allocation-policy", "put", file]);
    assert!(wrong.contains("segments[0].include") && wrong.contains("customer.rank"), "{wrong}");
    let unknown = refused(&services, &["run", "start", "--policy", "none-such"]);
    assert!(unknown.contains("ALLOCATION_POLICY_NOT_FOUND"), "{unknown}");
}
