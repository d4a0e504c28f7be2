//! Files of warehouses and carriers that are empty, broken, doubled, mixed up or too large: the program names the line and
//! the field, and the books stay as they were.

use std::{fs, path::Path};

use serde_json::Value;

use crate::program::Services;

/// What the program said of a file: whether it could be read at all, the counts, and the refused rows.
struct Told {
    is_read: bool,
    error: String,
    rows: Vec<(u64, String, String)>,
    applied: i64,
}

fn feed(services: &Services, folder: &Path, kind: &str, content: impl AsRef<[u8]>) -> Told {
    let file = folder.join("hostile");
    fs::write(&file, content).unwrap();
    let output = services.command(&["feed", kind, file.to_str().unwrap(), "--sender", "acme", "--json"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let rows = report["refused_rows"].as_array().cloned().unwrap_or_default();
    let rows = rows.iter().map(|row| (row["line"].as_u64().unwrap(), text(row, "reason"), text(row, "detail")));
    let applied = report["applied"].as_i64().unwrap_or_default();
    Told { is_read: output.status.success(), error, rows: rows.collect(), applied }
}

fn books(services: &Services) -> [Value; 3] {
    [&["stock", "list"][..], &["order", "get", "A"], &["shipment", "list"]].map(|arguments| services.json(arguments))
}

/// Files that are no documents at all, of every kind.
fn unreadable(services: &Services, folder: &Path) {
    for kind in ["ship", "receive", "adjust", "compare", "carrier"] {
        for (what, content) in [("nothing", ""), ("a header of other things", "colour,size\nred,5\n")] {
            let told = feed(services, folder, kind, content);
            assert!(!told.is_read && told.error.contains("document"), "{kind} of {what}: {}", told.error);
        }
        let utf16 = feed(services, folder, kind, [0xff, 0xfe, b'd', 0, b'o', 0]);
        assert!(!utf16.is_read && utf16.error.contains("UTF-16"), "{kind}: {}", utf16.error);
        let broken = feed(services, folder, kind, "{\"document\": \"1\"\n");
        assert_eq!((broken.rows.len(), broken.rows[0].0, broken.applied), (1, 1, 0), "{kind}: {:?}", broken.rows);
    }
}

/// One wrong row keeps its document back, and is the one that is named.
fn wrong_rows(services: &Services, folder: &Path) {
    let refused = |kind: &str, content: &str, expected: &[(u64, &str)]| {
        let told = feed(services, folder, kind, content);
        assert_eq!(told.applied, 0, "{kind}: {content}");
        let is_told =
            |(line, words): &(u64, &str)| told.rows.iter().any(|(at, _, detail)| at == line && detail.contains(words));
        assert!(expected.iter().all(is_told), "{kind}: {content}\n{:#?} {}\nnot {expected:?}", told.rows, told.error);
    };
    let sent = "rows that cannot be read";
    let ship = "document,location,order,line,shipped,not_found\n";
    refused("ship", &format!("{ship}1,main,A,1,1,0\n1,main,A,1\n"), &[(2, sent), (3, "has 4 fields")]);
    refused("ship", &format!("{ship}1,main,A,1,-1,0\n"), &[(2, "shipped: must be at least 0")]);
    refused(
        "ship",
        &format!("{ship}1,main,A,1,1,0\n1,main,A,1,2,0\n"),
        &[(2, sent), (3, "line: must not be named twice")],
    );
    refused("ship", &format!("{ship}1,main,A,1,1,0\n1,north,A,1,1,0\n"), &[(3, "differs from the rows before")]);
    refused("ship", &format!("{ship}1,main,A,one,1.5,0\n"), &[(2, "line \"one\""), (2, "shipped \"1.5\"")]);
    refused("ship", &format!("{ship},main,A,1,1,0\n"), &[(2, "document is empty")]);
    let receive = "document,item,location,accepted,damaged,best_before\n";
    refused("receive", &format!("{receive}1,MUG,main,1,0,\n1,MUG,main,0,0,\n"), &[(2, sent), (3, "at least 1 unit")]);
    refused("receive", &format!("{receive}1,MUG,main,1,0,2026-13-45\n"), &[(2, "best_before")]);
    refused("receive", &format!("{receive}1,MUG,main,99999999999999999999,0,\n"), &[(2, "accepted")]);
    let adjust = "document,item,location,from,to,quantity,reason\n";
    refused(
        "adjust",
        &format!("{adjust}1,MUG,main,external,available,5,x\n1,MUG,main,damaged,available,1,x\n"),
        &[(2, sent), (3, "to_state")],
    );
    refused("adjust", &format!("{adjust}1,MUG,main,heaven,available,5,x\n"), &[(2, "from \"heaven\"")]);
    let compare = "document,location,item,state,quantity\n";
    refused(
        "compare",
        &format!("{compare}1,main,MUG,available,1\n1,main,MUG,,2\n"),
        &[(2, sent), (3, "twice in one state")],
    );
    let carrier = "document,status,event_time,tracking,shipment,expected_delivery_time\n";
    refused("carrier", &format!("{carrier}1,delivered,yesterday,T,,\n"), &[(2, "event_time \"yesterday\"")]);
    refused("carrier", &format!("{carrier}1,estimated,2026-11-26T16:00:00Z,T,,\n"), &[(2, "expected_delivery_time")]);
    refused("carrier", &format!("{carrier}1,delivered,2026-11-26T16:00:00Z,,,\n"), &[(2, "shipment: must be set")]);
}

#[tokio::test]
async fn files_that_are_wrong_name_the_line_and_the_field_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let services = Services::start(folder).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "MUG"]);
    services.json(&["stock", "receive", "MUG", "main", "8"]);
    services.json(&["order", "place", "MUG=6", "--order", "A"]);
    services.json(&["warehouse", "release", "A/1"]);
    services.come_to_balance().await;
    let before = books(&services);

    unreadable(&services, folder);
    wrong_rows(&services, folder);
    let header = "document,item,location,from,to,quantity,reason\n";
    let huge = format!("{header}{}", "1,MUG,main,external,available,1,x\n".repeat(1_001));
    let told = feed(&services, folder, "adjust", huge);
    assert_eq!((told.rows.len(), told.applied), (1_000, 0), "as many as are shown");
    assert!(told.rows[0].2.contains("at most 1000 elements"), "{:?}", told.rows[0]);
    assert_eq!(books(&services), before, "a file that was refused has changed something");

    // Rows of one document that do not stand together are two documents of one number.
    let row = |document: &str, units: i64| format!("{document},MUG,main,external,available,{units},x\n");
    let mixed = [row("7", 1), row("8", 2), row("7", 4)].concat();
    for _ in 0..2 {
        let told = feed(&services, folder, "adjust", format!("{header}{mixed}"));
        let told: Vec<_> = told.rows.iter().map(|(line, reason, _)| (*line, reason.as_str())).collect();
        assert_eq!(told, [(4, "DOCUMENT_REUSED")]);
    }
    let position = &services.json(&["stock", "list"])["positions"][0];
    assert_eq!(position["onHand"], 11, "each number has had one effect: {position:#}");
    assert!(services.stop().await);
}
