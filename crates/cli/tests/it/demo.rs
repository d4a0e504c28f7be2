//! The demo: the same seed gives the same result down to the ledger, and a run that was killed goes on.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use backorder_testkit::{eventually, ports, process::TestProcess};
use serde_json::Value;

use crate::program::{PROGRAM, json_of, run};

const WORLD: [&str; 10] = ["demo", "--lines", "700", "--days", "24", "--items", "50", "--seed", "3", "--json"];

const KEYS: [&str; 23] = [
    "orders",
    "lines",
    "units_ordered",
    "units_filled_at_once",
    "units_backordered",
    "units_filled_later",
    "units_refused",
    "units_cancelled",
    "units_returned",
    "units_open",
    "backorder_rate",
    "unit_fill_rate",
    "line_fill_rate",
    "order_fill_rate",
    "wait_days_mean",
    "wait_days_p95",
    "refused_rows",
    "orders_per_second",
    "lines_per_second",
    "place_order_ms_p50",
    "place_order_ms_p99",
    "peak_memory_bytes",
    "books_balanced",
];

fn demo(folder: Option<&Path>) -> Value {
    told(&WORLD, folder)
}

fn told(world: &[&str], folder: Option<&Path>) -> Value {
    let folder = folder.map(|folder| folder.to_str().unwrap().to_owned());
    let mut arguments = world.to_vec();
    arguments.push("-");
    if let Some(folder) = &folder {
        arguments.extend(["--data", folder]);
    }
    json_of(&run(&arguments))
}

fn assert_sound(report: &Value) {
    for key in KEYS {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    let units = |key: &str| report[key].as_i64().unwrap();
    let parts = ["units_filled_at_once", "units_filled_later", "units_cancelled", "units_open"];
    assert_eq!(units("units_ordered"), parts.into_iter().map(units).sum::<i64>());
    assert_eq!((report["books_balanced"].as_bool(), units("units_oversold")), (Some(true), 0));
}

#[test]
fn two_runs_of_one_seed_have_the_same_ledger() {
    let (one, other) = (demo(None), demo(None));
    assert_sound(&one);
    assert_eq!(one["digest"], other["digest"]);
    assert!(one["units_backordered"].as_i64() > Some(0), "the world is short of something: {one:#}");
}

#[test]
fn an_untidy_demo_balances_and_tells_what_went_wrong() {
    let (one, other) = (told(&UNTIDY, None), told(&UNTIDY, None));
    assert_sound(&one);
    assert_eq!(one["digest"], other["digest"]);
    for key in ["positions_counted", "units_missing", "reserved_units_lost", "lines_preordered", "orders_held"] {
        assert!(one["untidy"][key].as_i64() > Some(0), "{key}: {:#}", one["untidy"]);
    }
}

#[tokio::test]
async fn a_demo_that_keeps_its_services_up_answers_the_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let port = ports::free_port().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["demo", "--lines", "200", "--days", "10", "--items", "20", "--keep"]);
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    let mut demo = TestProcess::start_command("backorder demo", command, &folder.path().join("demo.log")).unwrap();
    demo.serves(port).await;
    let ask = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        let address = format!("http://127.0.0.1:{port}");
        all.extend(["--address", &address, "--json"]);
        json_of(&run(&all))
    };
    let orders = ask(&["order", "list", "--limit", "1"]);
    let item = orders["orders"][0]["lines"][0]["item"].as_str().unwrap().trim_start_matches("items/").to_owned();
    let placed = ask(&["order", "place", &format!("{item}=1"), "--order", "KEPT-1", "--customer", "c"]);
    assert_eq!(placed["order"]["name"], "orders/KEPT-1");
    eventually("the services are idle", || async { ask(&["verify"])["balanced"] == true }).await;
    assert!(demo.terminate().await.success(), "{}", demo.log());
}

const UNTIDY: [&str; 9] = ["demo", "--untidy", "--lines", "2000", "--days", "30", "--items", "60", "--json"];

#[tokio::test]
async fn a_demo_that_was_killed_goes_on_in_its_folder() {
    goes_on_after_a_kill(&WORLD, &[]).await;
}

#[tokio::test]
async fn an_untidy_demo_that_was_killed_goes_on_with_the_same_mishaps() {
    goes_on_after_a_kill(&UNTIDY, &["untidy"]).await;
}

async fn goes_on_after_a_kill(world: &[&str], also_the_same: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut first = Command::new(PROGRAM)
        .args(world)
        .arg(folder.path().join("out.json"))
        .arg("--data")
        .arg(&data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let state = data.join("demo.json");
    let days_done = || {
        let state = std::fs::read(&state).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        state.is_some_and(|state| state["next_day"].as_str() >= Some("2026-01-08"))
    };
    eventually("the demo has streamed some days", || async { days_done() }).await;
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!folder.path().join("out.json").exists(), "the kill was in the middle");

    let (resumed, whole) = (told(world, Some(&data)), told(world, None));
    assert_sound(&resumed);
    let keys = ["orders", "lines", "units_ordered", "units_filled_at_once", "units_filled_later", "units_cancelled"];
    for key in keys.iter().chain(also_the_same) {
        assert_eq!(resumed[key], whole[key], "{key}");
    }
}
