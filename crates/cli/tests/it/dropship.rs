//! `backorder dropship` against real services: what a supplier reports, is asked for, and ships itself.

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

#[tokio::test]
async fn a_supplier_reports_is_asked_and_ships_what_it_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["order", "place", "X=8", "--order", "A-1"]);
    let stale = refused(&services, &["dropship", "take", "A-1/1", "maker"]);
    assert!(stale.contains("DROP_SHIP_STOCK_STALE"), "{stale}");
    let wrong = refused(&services, &["dropship", "report", "maker", "X"]);
    assert!(wrong.contains("ITEM=UNITS"), "{wrong}");

    let reported = said(&services, &["dropship", "report", "maker", "X=6", "--valid-hours", "48"]);
    assert!(reported.contains("maker") && reported.contains('6'), "{reported}");
    let few = refused(&services, &["dropship", "take", "A-1/1", "maker"]);
    assert!(few.contains("DROP_SHIP_STOCK_INSUFFICIENT"), "{few}");
    let take = |units: &str| services.json(&["dropship", "take", &format!("A-1/1={units}"), "maker"]);
    let id = |taken: &Value| taken["take"]["name"].as_str().unwrap().trim_start_matches("dropShipTakes/").to_owned();
    let (asked, unwanted) = (id(&take("5")), id(&take("1")));
    let listed = said(&services, &["dropship", "list"]);
    assert!(listed.contains(&asked) && listed.contains(&unwanted), "{listed}");

    let none = services.json(&["dropship", "refuse", &unwanted]);
    assert_eq!(none["take"]["state"], "DROP_SHIP_TAKE_STATE_REFUSED");
    let list = services.json(&["exceptions", "list", "--kind", "drop-ship-declined"]);
    assert_eq!(list["exceptions"][0]["subject"], format!("dropShipTakes/{unwanted}"));
    assert_eq!(list["exceptions"][0]["suggestedCommand"], "backorder dropship take A-1/1=1 SUPPLIER");
    let confirmed = services.json(&["dropship", "confirm", &asked, "--units", "4", "--ship-date", "2030-01-07"]);
    assert_eq!((&confirmed["take"]["confirmed"], &confirmed["line"]["dropShipConfirmed"]), (&4.into(), &4.into()));
    let shipped = services.json(&["dropship", "ship", &asked, "--units", "3", "--carrier", "DHL", "--tracking", "T-1"]);
    assert_eq!((&shipped["line"]["shipped"], &shipped["line"]["dropShipped"]), (&3.into(), &3.into()));
    let shipment = said(&services, &["shipment", "list"]);
    assert!(shipment.contains("DHL") && shipment.contains("T-1"), "{shipment}");
    said(&services, &["dropship", "cancel", &asked, "--reason", "enough"]);

    let order = services.json(&["order", "get", "A-1"]);
    let line = &order["lines"][0];
    assert_eq!((&line["open"], &line["shipped"], &line["dropShipConfirmed"]), (&5.into(), &3.into(), &0.into()));
    let stock = services.json(&["dropship", "stock", "--supplier", "maker"]);
    assert_eq!(stock["stock"][0]["quantity"], 6, "what it reported is never booked");
    services.come_to_balance().await;
    assert!(services.stop().await);
}
