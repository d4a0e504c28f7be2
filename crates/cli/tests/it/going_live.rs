//! A company comes from another system: files in, a preview, the confirmation, and books that balance.

use std::path::Path;

use serde_json::Value;

use crate::program::Services;

const OPEN_ORDERS: &str = "order,customer,item,quantity,order_time,queue_time,reserved,shipped,ship_date,original_promised_date,price\n\
    late,Ann,mug,4,2024-03-04T09:00:00Z,,0,,,2099-05-02,5\n\
    early,Bob,mug,6,2024-03-05T09:00:00Z,2024-03-05T10:00:00Z,3,1,2024-03-06,2099-05-02,5\n\
    late,Ann,vase,2,2024-03-04T09:00:00Z,,0,,,,9\n\
    short,Cid,vase,2,2024-03-05T12:00:00Z,,2,,,2099-05-02,9\n";

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn shop(folder: &Path) -> Services {
    let services = Services::start(folder).await;
    services.json(&["catalog", "create-location", "main", "--time-zone", "Europe/London"]);
    services.json(&["catalog", "put-item", "mug", "--price", "5"]);
    services.json(&["catalog", "put-item", "vase", "--price", "9"]);
    services
}

fn said(services: &Services, arguments: &[&str]) -> String {
    let output = services.command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of an import's report: written, there already, refused.
fn counts(report: &Value) -> [i64; 3] {
    ["applied", "unchanged", "refused"].map(|what| report[what].as_i64().unwrap())
}

/// A line's units, reserved and open, and the month and year of its promise.
fn line(services: &Services, order: &str, place: usize) -> (i64, i64, Value) {
    let line = services.json(&["order", "get", order])["lines"][place].clone();
    let units = |part: &str| line[part].as_i64().unwrap();
    (units("reserved"), units("open"), line["currentPromisedDate"]["date"]["month"].clone())
}

#[tokio::test]
async fn files_of_another_system_become_lines_like_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    services.json(&["stock", "receive", "mug", "main", "6"]);
    services.json(&["stock", "receive", "vase", "main", "1"]);
    let orders = file(folder.path(), "open orders.csv", OPEN_ORDERS);
    let supply = "supply,item,location,quantity,expected_date\nPO-1,mug,main,9,2099-07-01\n";
    let supply = file(folder.path(), "supply.csv", supply);

    let import = ["import", "backlog", &orders, "--purchase-orders", &supply];
    let imported = services.json(&import);
    assert_eq!(counts(&imported), [4, 0, 0], "{imported:#}");
    assert_eq!(counts(&imported["purchase_orders"]), [1, 0, 0]);
    assert_eq!(imported["import"], "imports/open-orders");
    let short = &imported["shortages"][0];
    assert_eq!((&short["line"], &short["reserved"]), (&"orders/short/lines/1".into(), &1.into()));
    let before = [line(&services, "late", 0), line(&services, "early", 0)];
    assert_eq!(before, [(0, 4, 5.into()), (3, 2, 5.into())], "only what was reserved before, and the old promises");

    let again = services.json(&import);
    assert_eq!(counts(&again), [0, 4, 0], "{again:#}");
    assert_eq!(counts(&again["purchase_orders"])[2], 0);
    assert_eq!([line(&services, "late", 0), line(&services, "early", 0)], before, "sent twice, it changes nothing");

    let preview = services.json(&["golive", "preview", "open-orders"]);
    assert_eq!(preview["lines"].as_array().map(Vec::len), Some(4), "{preview:#}");
    assert_eq!((&preview["summary"]["unitsGained"], &preview["summary"]["unitsShort"]), (&3.into(), &1.into()));
    let shown = said(&services, &["golive", "preview", "open-orders"]);
    for word in ["late/1", "2099-05-02", "2099-07-01", "later", "short/1", "-1", "units that would be reserved"] {
        assert!(shown.contains(word), "{word} is not in\n{shown}");
    }
    assert_eq!([line(&services, "late", 0), line(&services, "early", 0)], before, "a preview changes nothing");

    let live = said(&services, &["golive", "confirm", "open-orders", "--reason", "cut-over"]);
    assert!(live.contains("open-orders") && live.contains("live"), "{live}");
    let status = services.json(&["golive", "status", "open-orders"]);
    assert_eq!((&status["state"], &status["linesLive"]), (&"BACKLOG_IMPORT_STATE_LIVE".into(), &4.into()));
    assert_eq!(
        line(&services, "late", 0),
        (3, 1, 7.into()),
        "ordered first, it is served first, and the rest comes later"
    );
    assert_eq!(line(&services, "early", 0).0, 3);
    services.come_to_balance().await;
    let closed = services.command(&import);
    assert!(String::from_utf8_lossy(&closed.stderr).contains("BACKLOG_IMPORT_STATE_CONFLICT"));
    let unknown = services.command(&["golive", "confirm", "none"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("backorder golive status"));
    assert!(services.stop().await);
}

#[tokio::test]
async fn rows_at_fault_are_named_and_are_taken_over_when_that_is_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let services = shop(folder.path()).await;
    let rows = "order,item,quantity,order_time,shipped,cancelled,ship_date\n\
        A,mug,many,2024-03-04T09:00:00Z,,,\n\
        A,vase,1,2024-03-04T09:00:00Z,,,\n\
        B,mug,4,2024-03-04T09:00:00Z,3,2,2024-03-06\n\
        C,mug,1,2024-03-04T09:00:00Z,,,\n\
        C,cup,1,2024-03-04T09:00:00Z,,,\n\
        D,mug,1,,,,\n\
        E,mug,1,2024-03-04T09:00:00Z,,,\n";
    let orders = file(folder.path(), "rows.csv", rows);
    let import = ["import", "backlog", &orders, "--import", "spring"];

    let imported = services.json(&import);
    assert_eq!(counts(&imported), [1, 0, 6], "{imported:#}");
    let refused: Vec<(i64, String)> = imported["refused_rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_i64().unwrap(), format!("{}: {}", row["reason"], row["detail"])))
        .collect();
    let why = |line: i64| &refused.iter().find(|(at, _)| *at == line).unwrap().1;
    assert!(why(2).contains("quantity") && why(3).contains("another row"), "{refused:#?}");
    assert!(why(4).contains("shipped"), "{refused:#?}");
    assert!(why(5).contains("another row") && why(6).contains("ITEM_NOT_FOUND"), "{refused:#?}");
    assert!(why(7).contains("order_time"), "{refused:#?}");

    services.json(&["catalog", "put-item", "cup"]);
    let again = services.json(&import);
    assert_eq!(counts(&again), [2, 1, 4], "the same rows, now that the item is there: {again:#}");
    assert_eq!(services.json(&["golive", "status"])["imports"][0]["orders"], 2);
    services.come_to_balance().await;
    assert!(services.stop().await);
}
