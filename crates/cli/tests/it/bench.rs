//! Benchmarks that prove something, run shortly.

use backorder_testkit::postgres::Cluster;
use serde_json::Value;

use crate::program::{json_of, run};

fn figure<'f>(figures: &'f Value, name: &str) -> &'f Value {
    let all = figures.as_array().unwrap();
    all.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no figure {name}: {figures:#}"))
}

fn kills(more: &[&str]) -> Value {
    let arguments = ["bench", "kills", "--kills", "1", "--clients", "8", "--items", "5", "--seconds", "1", "--json"];
    json_of(&run(&[&arguments, more].concat()))
}

fn nothing_went_wrong(figures: &Value) {
    assert!(figure(figures, "acknowledged")["value"].as_f64().unwrap() > 0.0);
    for fault in ["lost", "doubled", "drifted"] {
        assert_eq!(figure(figures, fault)["verdict"], "goal", "{fault}");
    }
}

#[test]
fn reservations_outlive_the_service_on_sqlite() {
    let figures = kills(&["--shape", "hot"]);
    assert_eq!(figure(&figures, "kills/sqlite/hot/kills of the service")["value"], 1.0);
    nothing_went_wrong(&figures);
}

/// On a server of its own: all that is connected to it loses its connection.
#[test]
fn reservations_outlive_the_service_and_the_database_on_postgresql() {
    let cluster = Cluster::start().unwrap();
    let figures = kills(&["--shape", "spread,hot", "--postgres", &cluster.url()]);
    for shape in ["spread", "hot"] {
        for victim in ["service", "database"] {
            assert_eq!(figure(&figures, &format!("kills/postgres/{shape}/kills of the {victim}"))["value"], 1.0);
        }
    }
    nothing_went_wrong(&figures);
}

/// The rows of the grown store are those that the public API writes: its books balance.
#[test]
fn reservations_on_a_grown_store_are_measured_beside_a_small_one() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.url();
    let arguments =
        ["--items", "11000", "--clients", "4", "--seconds", "1", "--warm-up", "0", "--rounds", "1", "--json"];
    let figures = json_of(&run(&[&["bench", "growth", "--postgres", &url], &arguments[..]].concat()));
    assert!(figure(&figures, "growth/postgres/11000 items/rate")["value"].as_f64().unwrap() > 0.0);
    for store in ["small", "grown"] {
        assert!(figure(&figures, &format!("{store}/acknowledged"))["value"].as_f64().unwrap() > 0.0);
        for fault in ["lost", "doubled", "drifted"] {
            assert_eq!(figure(&figures, &format!("{store}/{fault}"))["verdict"], "goal", "{store} {fault}");
        }
    }
}

#[test]
fn reservations_are_measured_beside_their_baseline() {
    let arguments = ["--clients", "4", "--items", "20", "--seconds", "1", "--warm-up", "0", "--rounds", "1", "--json"];
    let figures = json_of(&run(&[&["bench", "reserve", "--shape", "hot"], &arguments[..]].concat()));
    let rate = figure(&figures, "reserve/sqlite/hot/4/unary/rate");
    assert!(rate["value"].as_f64().unwrap() > 0.0 && rate["baseline"].as_f64().unwrap() > 0.0, "{rate:#}");
    nothing_went_wrong(&figures);
}

/// Each part runs, on a database of each kind, and the parts that prove something prove it.
#[test]
fn allocation_runs_are_measured_in_memory_and_through_the_services() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.url();
    let few =
        ["--lines", "400", "--optimised", "200", "--waiting", "5", "--items", "5", "--clients", "2", "--calls", "3"];
    let short = ["--seconds", "1", "--warm-up", "0", "--rounds", "1", "--python", "no-python-here", "--json"];
    for (database, place) in [("sqlite", &[][..]), ("postgres", &["--postgres", &url][..])] {
        let figures = json_of(&run(&[&["bench", "allocate"], &few[..], &short[..], place].concat()));
        for measured in [
            "rules/400 lines/20 items/5 locations/columns to plan".to_owned(),
            "policy/400 lines/20 items/5 locations/in all".to_owned(),
            "optimise/200 lines/20 items/5 supplies each/build and solve".to_owned(),
            format!("event/{database}/5 lines wait/one unit/p99"),
            format!("what-if/{database}/400 lines/late supply/p99"),
            format!("run/{database}/400 lines/time"),
            format!("run/{database}/400 lines/others meanwhile"),
        ] {
            assert!(figure(&figures, &measured)["value"].as_f64().unwrap() > 0.0, "{measured}");
        }
        for fault in ["lost", "doubled", "drifted"] {
            assert_eq!(figure(&figures, fault)["verdict"], "goal", "{fault}");
        }
    }
}
