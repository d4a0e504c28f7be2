//! `backorder run` against real services: a planner asks what other rules, and what changes, would do.

use serde_json::Value;

use crate::program::Services;

fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_planner_simulates_compares_and_asks_what_if() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["supply", "create", "PO-7", "X", "main", "5", "--expected", "2040-05-01"]);
    for (order, tier) in [("A-1", "STD"), ("A-2", "GOLD")] {
        services.json(&["order", "place", "X=4", "--order", order, "--tier", tier]);
    }
    let watched = said(&services, &["run", "start", "--item", "X", "--wait"]);
    assert!(watched.contains("done") && watched.contains("improve"), "{watched}");
    let runs = services.json(&["run", "list"]);
    let now = runs["runs"][0]["name"].as_str().unwrap().to_owned();
    let by_tier =
        ["run", "start", "--by", "tier", "--tier-order", "GOLD", "--tier-strategy", "STD=redistribute", "--wait"];
    said(&services, &by_tier);
    let runs = services.json(&["run", "list"]);
    let gold = runs["runs"][0]["name"].as_str().unwrap().to_owned();
    assert_ne!(now, gold);

    let lines = said(&services, &["run", "lines", &gold, "--changed"]);
    for word in ["A-1/1", "A-2/1", "worse", "better", "2040-05-01"] {
        assert!(lines.contains(word), "{word} is not in\n{lines}");
    }
    let compared = said(&services, &["run", "compare", &now, &gold]);
    assert!(compared.contains("GOLD") && compared.contains("+3"), "{compared}");
    assert!(said(&services, &["run", "compare", &now, &now]).contains("both confirm the same"));

    let late = services.json(&["run", "whatif", "--late", "PO-7=9"]);
    assert_eq!(late["promisesBroken"], Value::from(1), "{late}");
    let late = said(&services, &["run", "whatif", "--late", "PO-7=9"]);
    assert!(late.contains("promise breaks") && late.contains("2040-05-10"), "{late}");
    let cancelled = said(&services, &["run", "whatif", "--cancel", "A-1", "--extra", "X@main=2:2040-04-01"]);
    assert!(cancelled.contains("cancelled") && cancelled.contains("better"), "{cancelled}");

    let committed = said(&services, &["run", "commit", &gold, "--wait", "--reason", "agreed"]);
    assert!(committed.contains("committed") && committed.contains("expected only"), "{committed}");
    let lines = said(&services, &["run", "lines", &gold, "--changed"]);
    assert!(lines.contains("follows the queue"), "only what is expected would change: {lines}");
    let late = services.command(&["run", "cancel", &gold]);
    assert!(String::from_utf8_lossy(&late.stderr).contains("RUN_STATE_CONFLICT"));
    let wrong = services.command(&["run", "start", "--tier-strategy", "GOLD=best"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("TIER=STRATEGY"));
}

#[tokio::test]
async fn a_planner_commits_a_run_and_has_others_start_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["stock", "receive", "X", "main", "5"]);
    for (order, tier) in [("A-1", "STD"), ("A-2", "GOLD")] {
        services.json(&["order", "place", "X=4", "--order", order, "--tier", tier]);
    }
    let rules = ["--item", "X", "--by", "tier", "--tier-order", "GOLD", "--strategy", "redistribute"];
    let watched = said(&services, &[&["run", "start", "--commit", "--wait"][..], &rules[..]].concat());
    assert!(watched.contains("committed") && watched.contains("units given"), "{watched}");
    let runs = services.json(&["run", "list"]);
    let run = runs["runs"][0]["name"].as_str().unwrap().to_owned();
    let lines = services.json(&["run", "lines", &run]);
    let outcomes: Vec<_> = lines["lines"].as_array().unwrap().iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["RUN_LINE_OUTCOME_APPLIED", "RUN_LINE_OUTCOME_APPLIED"], "{lines}");
    assert!(said(&services, &["run", "lines", &run]).contains("done: -3"), "the standard customer gave three");

    let put =
        ["run", "schedule", "put", "nightly", "--at", "02:00", "--zone", "Europe/London", "--day", "mon", "--commit"];
    let put = said(&services, &[&put[..], &rules[..]].concat());
    assert!(put.contains("nightly") && put.contains("02:00") && put.contains("mon") && put.contains("commit"), "{put}");
    let listed = services.json(&["run", "schedule", "list"]);
    assert_eq!(listed["schedules"][0]["timeZone"], "Europe/London", "{listed}");
    let wrong = services.command(&["run", "schedule", "put", "nightly", "--at", "02:00", "--zone", "Atlantis"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("schedule.time_zone"));
    assert!(said(&services, &["run", "schedule", "delete", "nightly"]).contains("deleted"));
    let gone = services.command(&["run", "schedule", "show", "nightly"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("RUN_SCHEDULE_NOT_FOUND"));
}
