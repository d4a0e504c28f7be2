//! The example files of docs/feeds.md, taken by the program as a warehouse and a carrier would send them.

use std::{fs, path::Path};

use serde_json::Value;

use crate::program::Services;

/// Writes the example files of the document into a folder.
fn examples(folder: &Path) {
    let document = include_str!("../../../../docs/feeds.md");
    for part in document.split("<!-- file: ").skip(1) {
        let (name, rest) = part.split_once(" -->").expect("the name ends");
        let block = rest.split("```").nth(1).expect("a block follows");
        let (_, content) = block.split_once('\n').expect("the block begins with its language");
        fs::write(folder.join(name), content).unwrap();
    }
}

fn counts(report: &Value) -> [i64; 3] {
    [&report["rows"], &report["applied"], &report["refused"]].map(|count| count.as_i64().unwrap())
}

#[tokio::test]
async fn a_day_of_a_warehouse_and_a_carrier_told_by_the_files_of_the_document() {
    let folder = tempfile::tempdir().unwrap();
    examples(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "MUG"]);
    services.json(&["stock", "receive", "MUG", "main", "8"]);
    services.json(&["order", "place", "MUG=6", "--order", "A"]);
    services.json(&["order", "place", "MUG=2", "--order", "B"]);
    services.json(&["warehouse", "release", "A/1", "B/1"]);
    services.json(&["supply", "create", "PO-1", "MUG", "main", "20", "--expected", "2030-01-07"]);

    let out =
        services.command(&["feed", "out", "--location", "main", "--to", &file("out.csv"), "--acknowledge", "pull-1"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let written = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert!(written.starts_with("document,kind,location,"), "{written}");
    assert_eq!(written.lines().count(), 3, "a header and two lines of one document: {written}");
    let again = services.json(&["feed", "out", "--location", "main"]);
    assert_eq!(again["warehouseOrders"].as_array().unwrap().len(), 0, "acknowledged");

    for _ in 0..2 {
        let shipped = services.json(&["feed", "ship", &file("ship.csv")]);
        assert_eq!(counts(&shipped), [2, 2, 0], "sent again, it says the same: {shipped:#}");
    }
    let order = services.json(&["order", "get", "A"]);
    assert_eq!(order["lines"][0]["shipped"], 5);
    let received = services.json(&["feed", "receive", &file("receive.jsonl")]);
    assert_eq!(counts(&received), [2, 2, 0], "unknown supplies wait for review: {received:#}");
    let adjusted = services.json(&["feed", "adjust", &file("adjust.csv")]);
    assert_eq!(counts(&adjusted), [2, 2, 0], "{adjusted:#}");
    let unknown = fs::read_to_string(file("adjust.csv")).unwrap().replace("947-1,MUG", "947-2,NOBODY-S");
    fs::write(file("unknown.csv"), unknown).unwrap();
    let refused = services.json(&["feed", "adjust", &file("unknown.csv"), "--refused", &file("refused.csv")]);
    assert_eq!(refused["refused_by_reason"]["ITEM_NOT_FOUND"], 2);
    assert_eq!(fs::read_to_string(file("refused.csv")).unwrap().lines().count(), 3);

    let compared = services.json(&["feed", "compare", &file("compare.csv")]);
    assert_eq!(counts(&compared), [2, 2, 0]);
    let open = services.json(&["feed", "differences", "--location", "main"]);
    let open = open["differences"].as_array().unwrap();
    assert_eq!(open.len(), 2, "three to sell are missing, and the two that await a decision: {open:#?}");
    let names: Vec<&str> = open.iter().map(|difference| difference["name"].as_str().unwrap()).collect();
    services.json(&[&["feed", "book"], names.as_slice()].concat());
    let position = &services.json(&["stock", "list"])["positions"][0];
    assert_eq!(
        (&position["onHand"], &position["damaged"]),
        (&6.into(), &2.into()),
        "as the warehouse says: {position:#}"
    );

    let carried = services.json(&["feed", "carrier", &file("carrier.csv")]);
    assert_eq!(counts(&carried), [2, 2, 0]);
    let shipments = services.json(&["shipment", "list"]);
    assert_eq!(shipments["shipments"][0]["state"], "SHIPMENT_STATE_DELIVERED");
    assert_eq!(shipments["shipments"][0]["carrierStatus"], "CARRIER_STATUS_DELIVERED");
    services.come_to_balance().await;
    assert!(services.stop().await);
}
