//! The client commands against real services: what they answer, and how they fail.

use serde_json::Value;

use crate::program::{Services, run};

fn line(order: &Value, number: usize) -> Value {
    order["lines"][number - 1].clone()
}

#[tokio::test]
async fn an_order_is_placed_explained_served_shipped_and_returned_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main", "--time-zone", "Europe/London"]);
    services.json(&["catalog", "put-item", "X", "--price", "2.55"]);
    services.json(&["stock", "receive", "X", "main", "5"]);
    services.json(&["supply", "create", "PO-1", "X", "main", "10", "--expected", "2099-03-01"]);

    let placed = services.json(&["order", "place", "X=8@2.55", "--order", "A-17", "--customer", "c"]);
    let first = line(&placed["order"], 1);
    assert_eq!((&first["reserved"], &first["open"]), (&Value::from(5), &Value::from(3)));
    let explained = services.json(&["explain", "A-17/1"]);
    assert_eq!(explained["supplies"][0]["supply"], "supplies/PO-1");
    assert_eq!(services.json(&["backlog", "--item", "X"])["backorders"][0]["line"]["name"], "orders/A-17/lines/1");

    services.json(&["stock", "receive", "X", "main", "10", "--supply", "PO-1"]);
    backorder_testkit::eventually("the queue is served", || async {
        line(&services.json(&["order", "get", "A-17"]), 1)["reserved"] == 8
    })
    .await;
    services.json(&["order", "ship", "A-17/1"]);
    services.json(&["order", "return", "A-17/1=2", "--location", "main"]);
    let order = services.json(&["order", "get", "A-17"]);
    assert_eq!((&line(&order, 1)["shipped"], &line(&order, 1)["returned"]), (&Value::from(8), &Value::from(2)));
    assert_eq!(services.json(&["verify"])["balanced"], true);
    assert!(services.command(&["order", "get", "A-17"]).stdout.starts_with(b"order A-17 COMPLETED"));
    assert!(services.stop().await);
}

#[tokio::test]
async fn an_order_passes_the_gate_and_leaves_in_shipments_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["stock", "receive", "X", "main", "10"]);
    services.json(&["order", "place", "X=8", "--order", "A"]);
    let released = services.json(&["warehouse", "release", "A/1=6"]);
    assert_eq!(released["released"][0]["location"], "locations/main");

    let cancelled = services.json(&["order", "cancel", "A", "1=4", "--reason", "customer"]);
    let recall = cancelled["recalls"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(services.json(&["warehouse", "recalls"])["recalls"][0]["name"].as_str(), Some(recall.as_str()));
    let shown = services.command(&["warehouse", "recalls"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("pending"));
    let answer = services.json(&["warehouse", "answer", &recall, "2"]);
    assert_eq!((&answer["line"]["cancelled"], &answer["line"]["released"]), (&Value::from(4), &Value::from(4)));
    services.json(&["warehouse", "short-pick", "A/1=1", "--damaged", "--reason", "broken"]);

    let how = ["--carrier", "Post", "--tracking", "T1", "--freight", "4.50GBP", "--expedited"];
    let shipped = services.json(&[&["order", "ship", "A/1=3"][..], &how[..]].concat());
    let shipment = shipped["shipment"].as_str().unwrap().to_owned();
    let listed = services.json(&["shipment", "list", "--order", "A"]);
    assert_eq!(listed["shipments"][0]["details"]["trackingNumber"], "T1");
    let wrong = services.command(&["shipment", "deliver", &shipment, "A/1=3,1,0"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("INVALID_REQUEST"));
    let delivered = services.json(&["shipment", "deliver", &shipment, "A/1=2,1,0", "--documents-correct", "true"]);
    assert_eq!(delivered["state"], "SHIPMENT_STATE_DELIVERED");
    let shown = services.command(&["shipment", "get", &shipment]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("delivered"));
    assert_eq!(services.json(&["verify"])["balanced"], true);
    assert!(services.stop().await);
}

#[tokio::test]
async fn a_wrong_pallet_is_received_reviewed_and_reversed_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["supply", "create", "PO-1", "X", "main", "10", "--expected", "2099-03-01"]);
    let blind = services.json(&["stock", "receive", "X", "main", "4", "--supply", "PO-7", "--document", "note-1"]);
    let receipt = blind["lines"][0]["receipt"].as_str().unwrap().to_owned();
    let listed = services.command(&["stock", "receipts", "--in-review"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("note-1"));
    let attached = services.json(&["stock", "resolve", &receipt, "attach", "--supply", "PO-1"]);
    assert_eq!(attached["supply"]["received"], 4);
    let booked = attached["bookedLine"]["receipt"].as_str().unwrap().to_owned();
    services.json(&["order", "place", "X=3", "--order", "A-1"]);
    backorder_testkit::eventually("the order has its units", || async {
        line(&services.json(&["order", "get", "A-1"]), 1)["reserved"] == 3
    })
    .await;

    let reversed = services.json(&[
        "stock",
        "reverse",
        &booked,
        "--line",
        "1",
        "--accepted",
        "2",
        "--reopen",
        "--reason",
        "mix-up",
    ]);
    assert_eq!((&reversed["takenAway"][0]["quantity"], &reversed["supplies"][0]["open"]), (&1.into(), &8.into()));
    let damaged = services.command(&["stock", "quarantine", "X", "main", "1", "--damaged", "--reason", "forklift"]);
    assert!(String::from_utf8_lossy(&damaged.stdout).contains("A-1/1 lost 1 at main"));
    assert_eq!(services.json(&["verify"])["balanced"], true);
    assert!(services.stop().await);
}

#[tokio::test]
async fn a_failure_says_what_happened_and_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    let missing = services.command(&["order", "get", "nowhere"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("ORDER_NOT_FOUND"));
    let wrong = services.command(&["order", "place", "X=none"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("ITEM=UNITS"));
    // Port 1 is reserved and nothing listens there.
    let away = run(&["order", "get", "x", "--address", "http://127.0.0.1:1"]);
    assert_eq!(away.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&away.stderr).contains("backorder serve"));
}

#[tokio::test]
async fn every_refused_row_of_an_import_is_reported_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    let (items, orders) = (folder.path().join("items.jsonl"), folder.path().join("orders.csv"));
    std::fs::write(&items, "{\"item\":\"X\"}\n{\"item\":\"Y\",\"pack_size\":\"six\"}\n{\"item\":\"Z\"}\n").unwrap();
    std::fs::write(&orders, "order,item,quantity\nA,X,5\nA,Z,1\nB,X,0\nC,NONE,1\nD,Z,2\n").unwrap();
    let imported = services.json(&["import", "items", items.to_str().unwrap()]);
    assert_eq!((&imported["applied"], &imported["refused_rows"][0]["line"]), (&Value::from(2), &Value::from(2)));
    let imported = services.json(&["import", "orders", orders.to_str().unwrap()]);
    assert_eq!((&imported["applied"], &imported["refused"]), (&Value::from(3), &Value::from(2)));
    let mut lines: Vec<i64> =
        imported["refused_rows"].as_array().unwrap().iter().map(|row| row["line"].as_i64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [4, 5]);
}

#[tokio::test]
async fn calendars_locations_and_lanes_are_imported_and_imported_again() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let calendars = file(
        "calendars.csv",
        "calendar,working_days,holidays\nuk,mon|tue|wed|thu|fri,2026-12-25|2026-12-28\nnever,,\nodd,mon|someday,\n",
    );
    let locations = file(
        "locations.csv",
        "location,kind,time_zone,calendar,order_cut_off,handling_days\nmain,warehouse,Europe/London,uk,14:30,1\n",
    );
    let lanes = file(
        "lanes.csv",
        "lane,location,destination_zone,destination_time_zone,transit_days,calendar\nmain-eu,main,EU,Europe/Berlin,2,uk\n",
    );
    let imported = services.json(&["import", "calendars", &calendars]);
    assert_eq!((&imported["applied"], &imported["refused"]), (&Value::from(1), &Value::from(2)));
    for _again in 0..2 {
        assert_eq!(services.json(&["import", "locations", &locations])["applied"], 1);
        assert_eq!(services.json(&["import", "lanes", &lanes])["applied"], 1);
    }
    // A file that is older than the working days does not take them away.
    let older = file("older.csv", "location,kind,time_zone\nmain,store,Europe/London\n");
    services.json(&["import", "locations", &older]);
    let main = services.json(&["catalog", "location", "main"]);
    assert_eq!((&main["kind"], &main["calendar"]), (&Value::from("LOCATION_KIND_STORE"), &Value::from("calendars/uk")));
    assert_eq!(main["orderCutOff"]["hours"].as_i64(), Some(14));
    assert_eq!(
        services.json(&["catalog", "calendars"])["workingCalendars"][0]["holidays"].as_array().unwrap().len(),
        2
    );
    assert_eq!(services.json(&["catalog", "lanes"])["lanes"][0]["transitDays"], 2);
    let table = services.command(&["catalog", "locations"]).stdout;
    assert!(String::from_utf8_lossy(&table).contains("14:30"));
    assert!(services.stop().await);
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(!run(&["completions", shell]).stdout.is_empty());
    }
    assert!(run(&["demo", "--help"]).status.success());
}

#[tokio::test]
async fn a_held_customer_is_seen_everywhere_and_let_go_again() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["stock", "receive", "X", "main", "10"]);
    let set = services.json(&["hold", "set", "--customer", "C 9", "--type", "credit", "--reason", "over-limit"]);
    assert_eq!(set["holds"][0]["target"], "customers/C 9");
    services.json(&["order", "place", "X=8", "--order", "A", "--customer", "C 9", "--hold", "address"]);

    let shown = services.command(&["order", "get", "A"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("credit hold on the customer by") && shown.contains("address hold by"), "{shown}");
    let listed = services.json(&["backlog", "--hold", "credit"]);
    assert_eq!(listed["backorders"][0]["line"]["name"], "orders/A/lines/1");
    let explained = services.command(&["explain", "A/1"]);
    assert!(String::from_utf8_lossy(&explained.stdout).contains("what binds it: HOLD"));

    let cleared = services.json(&["hold", "clear", "--customer", "C 9", "--reason", "paid"]);
    assert_eq!(cleared["cleared"][0]["type"], "HOLD_TYPE_CREDIT");
    let again = services.command(&["hold", "clear", "--customer", "C 9"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("no such hold"));
    backorder_testkit::eventually("the line is served", || async {
        services.json(&["order", "get", "A"])["lines"][0]["reserved"] == 8
    })
    .await;
    let refused = services.command(&["warehouse", "release", "A/1"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("address hold"));
    services.json(&["hold", "clear", "A", "--type", "address"]);
    services.json(&["warehouse", "release", "A/1=8"]);
    assert!(services.stop().await);
}

#[tokio::test]
async fn units_are_assigned_by_hand_and_another_person_approves() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["stock", "receive", "X", "main", "4"]);
    services.json(&["order", "place", "X=4", "--order", "A"]);
    services.json(&["order", "place", "X=3", "--order", "B"]);
    let assign = ["override", "assign", "B/1=3", "--location", "main", "--from", "A/1=3", "--by", "kim"];
    let shown = services.command(&assign);
    let told = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(told.contains("A/1") && told.contains("-3") && told.contains("another person has to approve"), "{told}");

    let etag = services.json(&assign)["etag"].as_str().unwrap().to_owned();
    let asked = services.json(&[&assign[..], &["--etag", &etag]].concat());
    assert_eq!(asked["state"], "OVERRIDE_STATE_PENDING_APPROVAL");
    let name = services.json(&["override", "list", "--pending"])["overrides"][0]["name"].as_str().unwrap().to_owned();
    let same = services.command(&["override", "approve", &name, "--by", "kim"]);
    assert!(String::from_utf8_lossy(&same.stderr).contains("SECOND_PERSON_REQUIRED"));
    let done = services.json(&["override", "approve", &name, "--by", "lea"]);
    assert_eq!(done["state"], "OVERRIDE_STATE_APPLIED");
    assert_eq!(services.json(&["order", "get", "B"])["lines"][0]["reserved"], 3);
    services.json(&["override", "pin", "B/1", "--by", "kim"]);
    services.json(&["override", "queue-time", "A/1", "2026-01-05T09:00:00Z", "--by", "kim"]);
    let shown = services.command(&["override", "get", &name]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("decided by lea"));
    assert!(services.stop().await);
}
