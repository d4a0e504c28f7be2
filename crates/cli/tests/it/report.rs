//! Service figures and the cost of shortage from the command line, over orders that the program took itself.

use std::path::Path;

use serde_json::Value;

use crate::program::Services;

/// A shop with a kit of two mugs and a lid, of which one is there: Ann has it, and Bob waits for two.
async fn short_shop(folder: &Path) -> Services {
    let services = Services::start(folder).await;
    services.json(&["catalog", "create-location", "main", "--time-zone", "Europe/London"]);
    for item in ["mug", "lid"] {
        services.json(&["catalog", "put-item", item, "--price", "5"]);
    }
    services.json(&["catalog", "put-item", "set", "--component", "mug=2", "--component", "lid=1"]);
    services.json(&["stock", "receive", "mug", "main", "2"]);
    services.json(&["stock", "receive", "lid", "main", "3"]);
    services.json(&["order", "place", "set=1@12", "--order", "ann", "--tier", "GOLD"]);
    services.json(&["order", "place", "set=2@12", "--order", "bob", "--tier", "GOLD"]);
    services
}

fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The figure of a group as `numerator/denominator`.
fn parts(group: &Value, figure: &str, weight: &str) -> String {
    let is_it = |found: &&Value| {
        found["figure"] == format!("FIGURE_NAME_{figure}") && found["weight"] == format!("FIGURE_WEIGHT_{weight}")
    };
    let found = group["figures"].as_array().unwrap().iter().find(is_it).unwrap();
    let text = |field: &str| found[field]["value"].as_str().unwrap_or("-").to_owned();
    format!("{}/{}", text("numerator"), text("denominator"))
}

#[tokio::test]
async fn a_kit_is_reported_once_and_every_figure_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let services = short_shop(folder.path()).await;
    let report = services.json(&["report", "--by", "tier"]);
    let total = &report["total"];
    assert_eq!(parts(total, "BACKORDER_RATE", "UNITS"), "2/3", "kits, and not their components: {total:#}");
    assert_eq!(parts(total, "FILL_RATE", "VALUE"), "12/36");
    assert_eq!(parts(total, "FILL_RATE", "ORDERS"), "1/2");
    let groups = report["groups"].as_array().unwrap();
    assert_eq!((groups.len(), groups[0]["key"].as_str()), (1, Some("GOLD")));
    assert_eq!(parts(&groups[0], "FILL_RATE", "LINES"), "1/2");

    let shown =
        said(&services, &["report", "--from", "2020-01-01", "--figure", "on-time-in-full", "--figure", "fill-rate"]);
    for part in ["lines wanted from 2020-01-01 to the last", "2 judged", "fill rate", "requested", "of 1", "0.333333"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("customer wait"), "{shown}");
    let help = said(&services, &["report", "--help"]);
    assert!(help.contains("not measured") && help.contains("perfect-order"), "{help}");
    assert!(services.stop().await);
}

#[tokio::test]
async fn a_shortage_is_priced_with_what_is_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let services = short_shop(folder.path()).await;
    let assumed =
        ["report", "--cost", "--by", "item", "--assume", "open_cancel_share=50%", "--assume", "handling_per_line=4"];
    let report = services.json(&assumed);
    // Two kits of 12, of which 40 % is margin and half is lost; the handling of one line. It has not waited a day.
    assert_eq!(report["total"]["total"]["value"], "8.8", "{report:#}");
    assert_eq!(
        (report["groups"][0]["key"].as_str(), report["lines"][0]["line"].as_str()),
        (Some("items/set"), Some("orders/bob/lines/1"))
    );
    let shown = said(&services, &assumed);
    for part in ["lost expected", "handling_per_line", "given", "assumed", "bob/1", "not measured"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let refused = services.command(&["report", "--cost", "--assume", "lost_share=2"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(services.stop().await);
}

#[tokio::test]
async fn months_are_closed_and_targets_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let services = short_shop(folder.path()).await;
    let closed = services.json(&["report", "close", "2020-01", "--by", "tier", "--reason", "month-end"]);
    assert_eq!((closed["name"].as_str(), closed["edition"].as_i64()), (Some("figurePeriods/2020-01"), Some(1)));
    let refused = services.command(&["report", "close", "2020-01"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("ALREADY_EXISTS"), "{refused:?}");
    let listed = said(&services, &["report", "periods"]);
    assert!(listed.contains("2020-01") && listed.contains("month-end"), "{listed}");
    assert!(said(&services, &["report", "closed", "2020-01"]).contains("2020-01, edition 1"));
    assert!(said(&services, &["report", "restatements", "2020-01"]).contains("nothing differs"));

    let put = ["report", "target", "gold-fill", "--figure", "fill-rate", "--at-least", "0.95", "--tier", "GOLD"];
    let target = services.json(&put);
    assert_eq!((target["etag"].as_str(), target["scope"]["customerTier"].as_str()), (Some("1"), Some("GOLD")));
    let listed = said(&services, &["report", "targets"]);
    assert!(listed.contains("gold-fill") && listed.contains(">= 0.95"), "{listed}");
    let unbound = services.command(&["report", "target", "x", "--figure", "fill-rate"]);
    assert!(!unbound.status.success(), "a target needs a bound");
    assert!(said(&services, &["report", "untarget", "gold-fill"]).contains("forgotten"));
}
