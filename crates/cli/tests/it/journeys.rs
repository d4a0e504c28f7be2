//! What a planner meets in a first month, from the command line: files in, orders, and the untidy world after them.

use std::path::Path;

use backorder_testkit::eventually;
use serde_json::Value;

use crate::program::Services;

/// A shop with one item at one warehouse, in London.
async fn shop(folder: &Path) -> Services {
    let services = Services::start(folder).await;
    services.json(&["catalog", "create-location", "main", "--time-zone", "Europe/London"]);
    services.json(&["catalog", "put-item", "mug", "--price", "5"]);
    services
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn first_line(services: &Services, order: &str) -> Value {
    services.json(&["order", "get", order])["lines"][0].clone()
}

/// The units of a line, as open, reserved, released, shipped and cancelled.
fn units(line: &Value) -> [i64; 5] {
    ["open", "reserved", "released", "shipped", "cancelled"].map(|part| line[part].as_i64().unwrap_or(0))
}

async fn stands(services: &Services, order: &str, wanted: [i64; 5]) {
    eventually(&format!("{order} stands at {wanted:?}"), || async { units(&first_line(services, order)) == wanted })
        .await;
}

/// What a command says to people; it must have succeeded.
fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Why a command was refused, as people read it.
fn refused(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

async fn balanced(services: Services) {
    services.come_to_balance().await;
    assert!(services.stop().await);
}

#[tokio::test]
async fn a_count_takes_units_from_the_last_in_the_queue_and_the_line_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["stock", "receive", "mug", "main", "8"]);
    services.json(&["order", "place", "mug=5", "--order", "ann"]);
    services.json(&["order", "place", "mug=3", "--order", "bob"]);

    let counted = said(&services, &["stock", "count", "mug", "main", "6", "--reason", "cycle-count"]);
    assert!(counted.contains("bob/1 lost 2 at main"), "{counted}");
    stands(&services, "bob", [2, 1, 0, 0, 0]).await;
    assert_eq!(units(&first_line(&services, "ann")), [0, 5, 0, 0, 0]);
    let explained = said(&services, &["explain", "bob/1"]);
    assert!(explained.contains("STOCK_LOST   count"), "{explained}");
    services.json(&["order", "place", "mug=1", "--order", "cid"]);
    services.json(&["stock", "receive", "mug", "main", "2"]);
    stands(&services, "bob", [0, 3, 0, 0, 0]).await;
    assert_eq!(units(&first_line(&services, "cid")), [1, 0, 0, 0, 0], "a newcomer does not overtake who lost units");
    balanced(services).await;
}

#[tokio::test]
async fn a_delay_moves_the_promise_and_the_explanation_tells_both_days() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["supply", "create", "PO-1", "mug", "main", "10", "--expected", "2099-03-02"]);
    services.json(&["order", "place", "mug=4", "--order", "ann"]);
    let promised = |line: &Value| {
        (line["currentPromisedDate"]["date"]["month"].clone(), line["currentPromisedDate"]["date"]["day"].clone())
    };
    assert_eq!(promised(&first_line(&services, "ann")), (3.into(), 2.into()));

    services.json(&["supply", "update", "PO-1", "--expected", "2099-04-01", "--reason", "supplier-delay"]);
    eventually("the promise has moved", || async { promised(&first_line(&services, "ann")) == (4.into(), 1.into()) })
        .await;
    let line = first_line(&services, "ann");
    assert_eq!(line["originalPromisedDate"]["date"]["month"], 3, "the first promise stays on record");
    let explained = said(&services, &["explain", "ann/1"]);
    for word in ["2099-03-02", "2099-04-01", "PO-1"] {
        assert!(explained.contains(word), "{word} is not in\n{explained}");
    }
    balanced(services).await;
}

#[tokio::test]
async fn a_quote_holds_its_units_until_it_is_taken_or_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["stock", "receive", "mug", "main", "5"]);
    let keep = ["--seconds", "7200"];
    services.json(&[&["order", "quote", "mug=3", "--order", "ann"][..], &keep[..]].concat());
    services.json(&[&["order", "quote", "mug=2", "--order", "bob"][..], &keep[..]].concat());
    services.json(&["order", "place", "mug=4", "--order", "cid"]);
    assert_eq!(units(&first_line(&services, "cid")), [4, 0, 0, 0, 0]);

    services.json(&["order", "confirm", "ann"]);
    assert_eq!(units(&first_line(&services, "ann")), [0, 3, 0, 0, 0]);
    services.json(&["order", "cancel", "bob", "--reason", "too-dear"]);
    stands(&services, "cid", [2, 2, 0, 0, 0]).await;
    let position = services.json(&["stock", "list", "--item", "mug"]);
    assert_eq!(position["positions"][0]["reserved"], 5, "nothing is counted twice");
    assert!(refused(&services, &["order", "confirm", "bob"]).contains("QUOTE_GONE"));
    balanced(services).await;
}

#[tokio::test]
async fn a_changed_order_keeps_its_place_and_what_it_asks_for_more_waits_behind_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["order", "place", "mug=4", "--order", "ann"]);
    services.json(&["order", "place", "mug=4", "--order", "bob"]);
    services.json(&["order", "amend", "ann/1", "--quantity", "6"]);
    services.json(&["order", "amend", "bob/1", "--quantity", "3"]);

    services.json(&["stock", "receive", "mug", "main", "8"]);
    stands(&services, "bob", [0, 3, 0, 0, 0]).await;
    stands(&services, "ann", [1, 5, 0, 0, 0]).await;
    assert!(refused(&services, &["order", "amend", "ann/1", "--quantity", "0"]).contains("quantity"));
    services.json(&["order", "cancel", "ann", "1=2", "--reason", "customer"]);
    stands(&services, "ann", [0, 4, 0, 0, 2]).await;
    balanced(services).await;
}

#[tokio::test]
async fn units_under_way_and_units_in_doubt_serve_nobody_before_they_are_good() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["catalog", "create-location", "shop", "--time-zone", "Europe/London"]);
    services.json(&["stock", "receive", "mug", "main", "6", "--quality-hold", "3"]);
    services.json(&["order", "place", "mug=8", "--order", "ann", "--location", "shop"]);
    let sent = services.json(&["stock", "transfer", "mug", "main", "shop", "6", "--expected", "2099-03-02"]);
    let supply = sent["supply"]["name"].as_str().unwrap().trim_start_matches("supplies/").to_owned();
    let line = first_line(&services, "ann");
    assert_eq!((units(&line), line["confirmations"].as_array().map(Vec::len)), ([8, 0, 0, 0, 0], Some(2)));

    services.json(&["stock", "receive", "mug", "shop", "6", "--supply", &supply]);
    stands(&services, "ann", [2, 6, 0, 0, 0]).await;
    services.json(&["stock", "release", "mug", "main", "3"]);
    let free = services.json(&["stock", "available", "mug", "main"]);
    assert_eq!((&free["availabilities"][0]["availableToSell"], &free["age"]), (&3.into(), &Value::Null));
    eventually("memory answers", async || {
        let quick = services.json(&["stock", "available", "mug", "main", "--quick"]);
        quick["availabilities"][0]["availableToSell"] == 3 && quick["age"].is_string()
    })
    .await;
    let shown = services.command(&["stock", "available", "mug", "main", "--quick"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("from memory: every change is in it that is older than"));
    assert_eq!(units(&first_line(&services, "ann")), [2, 6, 0, 0, 0], "main does not serve an order for the shop");
    balanced(services).await;
}

#[tokio::test]
async fn a_wanted_day_of_arrival_is_counted_back_over_lane_calendar_and_handling() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    let at = folder.path();
    let calendars = file(at, "calendars.csv", "calendar,working_days,holidays\nuk,mon|tue|wed|thu|fri,2099-05-25\n");
    let locations =
        "location,kind,time_zone,calendar,order_cut_off,handling_days\nmain,warehouse,Europe/London,uk,14:30,1\n";
    let locations = file(at, "locations.csv", locations);
    let lanes = "lane,location,destination_zone,destination_time_zone,transit_days,calendar\nmain-eu,main,EU,Europe/Berlin,2,uk\n";
    let lanes = file(at, "lanes.csv", lanes);
    for (what, path) in [("calendars", &calendars), ("locations", &locations), ("lanes", &lanes)] {
        assert_eq!(services.json(&["import", what, path])["refused"], 0);
    }
    services.json(&["stock", "receive", "mug", "main", "5"]);

    // Tuesday 26 May 2099; the Monday before it is a holiday, and nobody travels on the weekend.
    let wanted = ["--requested-date", "2099-05-26", "--delivered", "--time-zone", "Europe/Berlin"];
    services
        .json(&[&["order", "place", "mug=2", "--order", "ann", "--destination-zone", "EU"][..], &wanted[..]].concat());
    let line = first_line(&services, "ann");
    let day = |date: &Value| format!("{}-{}-{}", date["year"], date["month"], date["day"]);
    assert_eq!(day(&line["latestShipDate"]["date"]), "2099-5-21", "{line:#}");
    assert_eq!(day(&line["expectedDeliveryDate"]["date"]), "2099-5-26", "{line:#}");
    balanced(services).await;
}

#[tokio::test]
async fn a_command_that_is_sent_again_answers_as_before_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["stock", "receive", "mug", "main", "10"]);
    let id = ["--request-id", "7d6f1a52-4c1e-4a6e-9d5e-0f6f3f6a2b11"];
    let place = |quantity: &'static str| [&["order", "place", quantity, "--order", "ann"][..], &id[..]].concat();
    let first = services.json(&place("mug=4"));
    assert_eq!(services.json(&place("mug=4")), first);
    assert!(refused(&services, &place("mug=5")).contains("REQUEST_ID_REUSED"));
    assert!(refused(&services, &["order", "place", "mug=5", "--order", "ann"]).contains("ALREADY_EXISTS"));
    let position = services.json(&["stock", "list", "--item", "mug"]);
    assert_eq!((&position["positions"][0]["reserved"], &position["positions"][0]["available"]), (&4.into(), &6.into()));
    balanced(services).await;
}

#[tokio::test]
async fn an_item_is_ordered_before_its_release_and_is_no_backorder() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    let items = "item,description,base_unit,releases\nvase,a vase,EA,2099-01-15|web=2099-01-20\n";
    let items = file(folder.path(), "items.csv", items);
    assert_eq!(services.json(&["import", "items", &items])["applied"], 1);
    services.json(&["supply", "create", "PO-1", "vase", "main", "10", "--expected", "2099-01-02"]);
    services.json(&["order", "place", "vase=4", "--order", "ann"]);
    services.json(&["order", "place", "vase=2", "--order", "bob", "--channel", "web"]);

    let (ann, bob) = (first_line(&services, "ann"), first_line(&services, "bob"));
    assert_eq!((&ann["preorder"], &ann["backordered"]), (&4.into(), &0.into()));
    assert_eq!(
        (&ann["currentPromisedDate"]["date"]["day"], &bob["currentPromisedDate"]["date"]["day"]),
        (&15.into(), &20.into())
    );
    services.json(&["stock", "receive", "vase", "main", "10", "--supply", "PO-1"]);
    stands(&services, "ann", [0, 4, 0, 0, 0]).await;
    assert!(refused(&services, &["order", "ship", "ann/1"]).contains("2099-01-15"));
    balanced(services).await;
}
