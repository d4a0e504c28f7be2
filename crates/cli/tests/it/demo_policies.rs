//! The demo under policies: the same orders, another sequence, and a table that shows who gains and who pays.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use backorder_cli::retail::row::HEADER;
use serde_json::Value;

use crate::program::{json_of, run};

const DAYS: u32 = 24;
const ITEMS: u32 = 5;
/// They buy much, at a low price: by their revenue they are gold, by their margin they are last.
const LARGE: u32 = 3;
/// They buy little, at a high price.
const SMALL: u32 = 27;

/// Orders in the layout of Online Retail, a few hundred lines.
fn orders(folder: &Path) -> PathBuf {
    let mut rows = format!("{}\n", HEADER.join(","));
    let mut invoice = 500_000;
    for day in 0..DAYS {
        for turn in 0..15 {
            let large = turn % 5 == 0;
            let customer = if large { turn / 5 } else { LARGE + (day * 12 + turn) % SMALL };
            let (quantity, price) = if large { (60 + day % 7, "1.00") } else { (4 + (day + turn) % 5, "2.00") };
            let item = 20_000 + (day * 3 + turn * 2 + turn / 5) % ITEMS;
            invoice += 1;
            writeln!(
                rows,
                "{invoice},{item},thing,{quantity},2011-01-{:02}T{:02}:{:02}:00,{price},{},United Kingdom",
                day + 3,
                8 + turn / 2,
                turn * 3,
                10_000 + customer
            )
            .unwrap();
        }
    }
    let path = folder.join("orders.csv");
    std::fs::write(&path, rows).unwrap();
    path
}

fn policy(name: &str) -> String {
    format!("{}/policies/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

fn compared(world: &[&str], names: &[&str]) -> Value {
    let files: Vec<String> = names.iter().map(|name| policy(name)).collect();
    let mut arguments = vec!["demo", "--seed", "3", "--json", "-"];
    arguments.extend(world);
    files.iter().for_each(|file| arguments.extend(["--policy", file]));
    json_of(&run(&arguments))
}

fn row<'a>(compared: &'a Value, policy: &str, tier: &str) -> &'a Value {
    let named = |list: &'a Value, key: &str, name: &str| {
        let found = list.as_array().unwrap().iter().find(|one| one[key] == name);
        found.unwrap_or_else(|| panic!("{name} is not in {list:#}"))
    };
    named(&named(&compared["policies"], "policy", policy)["tiers"], "tier", tier)
}

#[test]
fn tiers_and_margins_decide_who_waits_and_the_table_shows_who_pays() {
    let folder = tempfile::tempdir().unwrap();
    let file = orders(folder.path());
    let told = compared(&["--orders", file.to_str().unwrap()], &["first-come", "tier", "margin"]);
    let unit_days = |policy: &str, tier: &str| row(&told, policy, tier)["backordered_unit_days"].as_f64().unwrap();
    let others = |policy: &str| unit_days(policy, "all") - unit_days(policy, "GOLD");
    let (first, tier, margin) = ("first-come", "tier", "margin");
    assert!(unit_days(tier, "GOLD") < unit_days(margin, "GOLD"), "{told:#}");
    assert!(unit_days(tier, "GOLD") <= unit_days(first, "GOLD"), "{told:#}");
    // The low margins of the large customers: those with the high ones are served before them.
    assert!(unit_days(first, "GOLD") < unit_days(margin, "GOLD"), "{told:#}");
    assert!(others(margin) < others(first) && others(first) <= others(tier), "{told:#}");
    for policy in [first, tier, margin] {
        let all = row(&told, policy, "all");
        let lines: i64 =
            ["GOLD", "SILVER", "STANDARD"].iter().map(|tier| row(&told, policy, tier)["lines"].as_i64().unwrap()).sum();
        assert_eq!((all["lines"].as_i64(), lines), (Some(360), 360));
        assert!(all["shortage_cost"].as_f64() > Some(0.0) && all["wait_days_p95"].is_number(), "{all:#}");
    }
    for served in told["policies"].as_array().unwrap() {
        assert_eq!(served["report"]["books_balanced"], true);
    }
    let meaning = told["meaning"].to_string();
    for word in ["3 GOLD and 9 SILVER", "60 % of the average price", "censored", "handling_per_line 3"] {
        assert!(meaning.contains(word), "{word} is not in {meaning}");
    }
}

#[test]
fn two_comparisons_of_one_seed_are_the_same() {
    let world = ["--lines", "300", "--days", "14", "--items", "20"];
    let figures = |told: &Value| {
        let of = |served: &Value| (served["tiers"].clone(), served["report"]["digest"].clone());
        told["policies"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let (one, other) = (compared(&world, &["tier", "margin"]), compared(&world, &["tier", "margin"]));
    assert_eq!(figures(&one), figures(&other));
    assert!(one["meaning"].to_string().contains("lines of 10 units and more pay 15 % less"));
}

#[test]
fn the_table_names_every_policy_and_a_folder_keeps_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = policy("tier");
    let world = ["demo", "--lines", "200", "--days", "10", "--items", "15"];
    let said = |policy: &str| {
        let mut arguments = world.to_vec();
        arguments.extend(["--policy", policy, "--data", data.to_str().unwrap()]);
        run(&arguments)
    };
    let text = |policy: &str| String::from_utf8(said(policy).stdout).unwrap();
    let first = text(&file);
    for word in ["policy tier (1 of 1): served by tier (GOLD, SILVER, STANDARD)", "unit fill", "unit-days", "STANDARD"]
    {
        assert!(first.contains(word), "{word} is not in\n{first}");
    }
    assert_eq!(text(&file), first, "a run that is complete is only told again");
    let changed = folder.path().join("changed.json");
    std::fs::write(&changed, r#"{"name": "tier", "keys": ["age"]}"#).unwrap();
    let refused = said(changed.to_str().unwrap());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a run under another policy"));
}

#[test]
fn a_wrong_policy_file_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.json");
    std::fs::write(&path, r#"{"name": "wrong", "keys": ["profit"]}"#).unwrap();
    let refused = run(&["demo", "--policy", &policy("tier"), "--policy", path.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(said.contains("wrong.json: keys[0]: \"profit\" is none of tier, requested_date"), "{said}");
}
