//! Cases and boxes from the purchase order to the customer's order, and files that name them.

use crate::program::{Services, json_of, run};

const GTIN: &str = "4006381333931";

#[tokio::test]
async fn what_is_bought_by_the_case_is_sold_by_the_box_and_both_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    let case = format!("CASE=24/buy/{GTIN}");
    let item = ["catalog", "put-item", "cup", "--unit", &case, "--unit", "BOX=6/sell", "--pack-size", "6"];
    services.json(&[&item[..], &["--pack-rounding", "up"]].concat());

    let supply =
        services.json(&["supply", "create", "po", "cup", "main", "3", "--unit", "CASE", "--expected", "2027-03-01"]);
    let supply = &supply["supplies"][0];
    assert_eq!(
        (&supply["ordered"], &supply["orderedUnit"], &supply["orderedUnitQuantity"]),
        (&72.into(), &"CASE".into(), &3.into())
    );
    let received = services.json(&["stock", "receive", "cup", "main", "2", "--unit", GTIN, "--supply", "po"]);
    let line = &received["lines"][0];
    assert_eq!(
        (&line["accepted"], &line["enteredUnit"], &line["enteredQuantity"]),
        (&48.into(), &"CASE".into(), &2.into())
    );

    let placed = services.json(&["order", "place", "cup=3:BOX@2.5", "cup=5", "--order", "A"]);
    let lines = placed["order"]["lines"].as_array().unwrap();
    assert_eq!((&lines[0]["reserved"], &lines[0]["orderedUnit"]), (&18.into(), &"BOX".into()));
    assert_eq!((&lines[1]["reserved"], &lines[1]["orderedUnitQuantity"]), (&6.into(), &5.into()), "a whole pack");
    let shown = run(&["order", "get", "A", "--address", services.address()]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("3 BOX of 6"), "{shown}");

    let amended = services.json(&["order", "amend", "A/1", "--quantity", "4", "--unit", "BOX"]);
    let line = &amended["order"]["lines"][0];
    assert_eq!((&line["ordered"], &line["orderedUnitQuantity"]), (&24.into(), &4.into()));
    services.json(&["catalog", "create-location", "north"]);
    let sent = ["stock", "transfer", "cup", "main", "north", "1", "--unit", "BOX", "--expected", "2027-03-01"];
    assert_eq!(services.json(&sent)["supply"]["open"], 6);
    let doubtful = services.json(&["stock", "quarantine", "cup", "main", "1", "--unit", "BOX"]);
    assert_eq!(doubtful["position"]["qualityControl"], 6);
    services.json(&["stock", "release", "cup", "main", "1", "--unit", "BOX"]);

    services.json(&["order", "ship", "A/1=12"]);
    let back = ["order", "return", "A/1=1", "--unit", "BOX", "--location", "main", "--reason", "unwanted"];
    assert_eq!(services.json(&back)["lines"][0]["returned"], 6);
    services.json(&["dropship", "report", "maker", "cup=2:CASE"]);
    services.json(&["order", "place", "cup=20:BOX", "--order", "B"]);
    let taken = services.json(&["dropship", "take", "B/1=3", "maker", "--unit", "BOX"]);
    assert_eq!(taken["take"]["quantity"], 18);
    let take = taken["take"]["name"].as_str().unwrap();
    let confirmed = services.json(&["dropship", "confirm", take, "--units", "2", "--unit", "BOX"]);
    assert_eq!(confirmed["take"]["confirmed"], 12);
    assert_eq!(services.json(&["dropship", "ship", take, "--units", "1", "--unit", "BOX"])["take"]["shipped"], 6);

    let refused = run(&["order", "place", "cup=1:CASE", "--address", services.address()]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("ordered_unit") && told.contains("BOX (6 EA)"), "{told}");
    assert!(services.stop().await);
}

#[tokio::test]
async fn files_of_items_supplies_and_stock_name_units() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let import =
        |kind: &str, path: &str| json_of(&run(&["import", kind, path, "--json", "--address", services.address()]));
    let items =
        write("items.csv", format!("item,units,pack_size,pack_rounding\ncup,CASE=24/buy/{GTIN}|BOX=6/sell,6,down\n"));
    assert_eq!(import("items", &items)["applied"], 1);
    let supplies = write(
        "supply.csv",
        format!(
            "supply,item,location,quantity,unit,expected_date\npo,cup,main,2,{GTIN},2027-03-01\npo2,cup,main,1,BOX,2027-03-01\n"
        ),
    );
    let report = run(&["import", "supply", &supplies, "--json", "--address", services.address()]);
    let told = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(told.contains("ordered_unit") && told.contains("CASE (24 EA)"), "{told}");
    assert_eq!(services.json(&["supply", "get", "po"])["ordered"], 48);
    let counted = write("stock.csv", "item,location,quantity,unit\ncup,main,2,CASE\n".to_owned());
    assert_eq!(import("stock", &counted)["applied"], 1);
    assert_eq!(services.json(&["stock", "list", "--item", "cup"])["positions"][0]["available"], 48);
    let orders = write("orders.csv", "order,item,quantity,unit\nA,cup,2,BOX\nB,cup,10,\n".to_owned());
    assert_eq!(import("orders", &orders)["applied"], 2);
    assert_eq!(services.json(&["order", "get", "A"])["lines"][0]["ordered"], 12);
    assert_eq!(services.json(&["order", "get", "B"])["lines"][0]["ordered"], 6, "whole packs, rounded down");
    assert!(services.stop().await);
}

#[tokio::test]
async fn batches_and_owners_are_seen_apart_and_the_older_batch_leaves_first() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "jam"]);
    services.json(&["stock", "receive", "jam", "main", "3", "--batch", "B2", "--best-before", "2099-06-30"]);
    services.json(&["stock", "receive", "jam", "main", "2", "--batch", "B1", "--owner", "acme"]);
    services.json(&["stock", "put-batch", "jam", "B1", "--best-before", "2099-03-31", "--lot", "L-9"]);

    let listed = services.json(&["stock", "batches", "jam"]);
    let rows = listed["stocks"].as_array().unwrap();
    let said: Vec<_> =
        rows.iter().map(|row| (row["batch"].as_str().unwrap(), row["quantity"].as_i64().unwrap())).collect();
    assert_eq!(said, [("B1", 2), ("B2", 3)]);
    assert_eq!((&listed["ownQuantity"], &listed["consignedQuantity"]), (&3.into(), &2.into()));
    assert_eq!((&rows[0]["supplierLot"], &rows[0]["owner"]), (&"L-9".into(), &"acme".into()));
    services.json(&["order", "place", "jam=3", "--order", "A"]);
    services.json(&["order", "ship", "A/1=3"]);
    let shown = run(&["stock", "batches", "jam", "--address", services.address()]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("B2") && !shown.contains("B1") && shown.contains("2 own, 0 consigned"), "{shown}");

    services.json(&["stock", "receive", "jam", "main", "1", "--batch", "B3", "--best-before", "2098-01-31"]);
    services.json(&["order", "place", "jam=1", "--order", "B"]);
    let shipped = services.json(&["order", "ship", "B/1", "--picked", "B/1/B2=1"]);
    assert_eq!(shipped["shipped"][0]["batch"], "B2", "though B3 expires first");
    let shipment = shipped["shipment"].as_str().unwrap().trim_start_matches("shipments/");
    let shown = run(&["shipment", "get", shipment, "--address", services.address()]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("B2=1"), "{shown}");
    let who = services.json(&["shipment", "batches", "--batch", "B2"]);
    let who: Vec<_> = who["units"].as_array().unwrap().iter().map(|left| left["line"].as_str().unwrap()).collect();
    assert_eq!(who, ["orders/A/lines/1", "orders/B/lines/1"]);
    let asked = services.json(&["order", "place", "jam=2", "--order", "C", "--batch", "B2"]);
    let line = &asked["order"]["lines"][0];
    assert_eq!((&line["reserved"], &line["open"], &line["batch"]), (&1.into(), &1.into(), &"B2".into()));
    let shown = run(&["order", "get", "C", "--address", services.address()]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("asks for batch B2"), "{shown}");
    let sums = services.json(&["stock", "batch-sums", "jam", "--in-stock"]);
    let sums = sums["batches"].as_array().unwrap();
    let said: Vec<_> = sums.iter().map(|sum| (&sum["batch"]["batch"], &sum["sellable"], &sum["bound"])).collect();
    assert_eq!(said, [(&"B3".into(), &1.into(), &0.into()), (&"B2".into(), &1.into(), &1.into())]);
    let owners = services.json(&["shipment", "owners"]);
    let owners = owners["sums"].as_array().unwrap();
    assert_eq!((&owners[1]["owner"], &owners[1]["quantity"]), (&"acme".into(), &2.into()));
    let file = folder.path().join("batches.csv");
    assert_eq!(services.json(&["export", "batches", file.to_str().unwrap()])["rows"], 3);
    let written = std::fs::read_to_string(file).unwrap();
    assert!(written.lines().nth(1).unwrap().contains(",A,1,jam,main,B1,acme,2,0,"), "{written}");
    assert!(services.stop().await);
}
