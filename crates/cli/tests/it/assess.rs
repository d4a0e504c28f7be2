//! `backorder assess`: known extracts with known figures, to the cent, and files that are wrong in every way.

use std::{io::Write as _, path::Path, process::Output};

use serde_json::Value;

use crate::program::{json_of, run};

/// Four orders of January 2024, in GBP, every figure of which is worked out by hand in the tests.
///
/// A/1: 10 of X at 10.00, cost 6.00; 4 shipped in time, 3 on the 8th (3 days late) by a second shipment that cost 4.50,
/// 3 cancelled on the 10th (5 days). A/2: 5 of Y at 2.00, all in time. B/1: 6 of X, shipped on the 15th (10 days late)
/// by an expedited shipment that cost 12.00. C/1: 5 of Y, 2 more refused, nothing shipped: open for 26 days until the
/// 31st. D/1: wanted in February, no backorder.
const KNOWN: &str = "\
Order No.,Line,SKU,Description,Customer,Order Date,Requested Date,Promised Date,Qty,Shipped Qty,Ship Date,Cancelled,\
Cancel Date,Refused,Price,Cost,Freight,Express,Currency
A,1,X,Lamp,acme,2024-01-01,2024-01-05,2024-01-05,10,4,2024-01-05,3,2024-01-10,0,10.00,6.00,5.00,no,GBP
A,1,X,Lamp,acme,2024-01-01,2024-01-05,2024-01-05,10,3,2024-01-08,3,2024-01-10,0,10.00,6.00,4.50,no,GBP
A,2,Y,Shade,acme,2024-01-01,2024-01-05,2024-01-05,5,5,2024-01-05,0,,0,2.00,1.00,,no,GBP
B,1,X,Lamp,bolt,2024-01-02,2024-01-05,2024-01-05,6,6,2024-01-15,0,,0,10.00,6.00,12.00,yes,GBP
C,1,Y,Shade,acme,2024-01-01,2024-01-05,2024-01-20,5,0,,0,,2,2.00,1.00,,,GBP
D,1,Y,Shade,bolt,2024-01-31,2024-02-20,2024-02-20,5,0,,0,,0,2.00,1.00,,,GBP
";

struct Assessed {
    folder: tempfile::TempDir,
}

impl Assessed {
    fn of(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("extract.csv"), text).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, options: &[&str]) -> Output {
        let file = self.path("extract.csv");
        let mut arguments = vec!["assess", file.as_str()];
        arguments.extend(options);
        run(&arguments)
    }

    fn json(&self, options: &[&str]) -> Value {
        let mut options = options.to_vec();
        options.extend(["--json", "-"]);
        json_of(&self.run(&options))
    }

    fn refused(&self, options: &[&str]) -> String {
        let output = self.run(options);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn amount(report: &Value, cause: &str) -> Value {
    let causes = report["cost"]["by_cause"].as_array().unwrap();
    causes.iter().find(|known| known["cause"] == cause).unwrap()["amount"].clone()
}

fn parts(ratio: &Value) -> (i64, i64) {
    (ratio["part"].as_i64().unwrap(), ratio["whole"].as_i64().unwrap())
}

#[test]
fn a_known_extract_costs_what_it_costs_to_the_cent() {
    let report = Assessed::of(KNOWN).json(&["--assume", "penalty_share=5%", "--as-of", "2024-01-31"]);
    let expected = [
        // 3 x (10.00 - 6.00)
        ("lost_sales_cancelled", "12.00"),
        // 2 x (2.00 - 1.00)
        ("lost_sales_refused", "2.00"),
        // 5 x (2.00 - 1.00) x 3 / (3 + 3 + 6)
        ("lost_sales_expected", "1.25"),
        ("split_freight", "4.50"),
        ("expedited_freight", "12.00"),
        // 3 lines x 3.00
        ("handling", "9.00"),
        // (5 + 10 + 26) days x 0.25
        ("waiting", "10.25"),
        // (3 + 6) x 10.00 x 5 %
        ("penalties", "4.50"),
    ];
    for (cause, cost) in expected {
        assert_eq!(amount(&report, cause), cost, "{cause}");
    }
    assert_eq!(amount(&report, "churn"), Value::Null);
    let cost = &report["cost"];
    // From the 5th to the 31st are 27 days: 55.50 x 365 / 27.
    assert_eq!((&cost["total"], &cost["per_year"], &report["days"]), (&"55.50".into(), &"750.28".into(), &27.into()));
    assert_eq!(cost["assumed"], "23.75");
    let items: Vec<_> = report["items"].as_array().unwrap().iter().map(|item| (&item["id"], &item["cost"])).collect();
    // X: 12.00 + 4.50 + 12.00 + 2 x 3.00 + 3.75 + 4.50; Y: 2.00 + 1.25 + 3.00 + 6.50.
    assert_eq!(items, [(&"X".into(), &"42.75".into()), (&"Y".into(), &"12.75".into())]);
    assert_eq!((&report["items"][0]["name"], &report["customers"][0]["id"]), (&"Lamp".into(), &"acme".into()));
}

#[test]
fn a_known_extract_has_the_known_service_figures() {
    let report = Assessed::of(KNOWN).json(&[]);
    let service = &report["service"];
    // Lines due: A/1, A/2, B/1, C/1. Units ordered: 10 + 5 + 6 + 5; asked for: 2 more.
    assert_eq!((&service["lines"], &service["lines_future"], &service["orders"]), (&4.into(), &1.into(), &3.into()));
    assert_eq!(parts(&service["backorder_rate_lines"]), (3, 4));
    assert_eq!(parts(&service["backorder_rate_units"]), (17, 26));
    assert_eq!(parts(&service["unit_fill_rate"]), (9, 28));
    assert_eq!((parts(&service["line_fill_rate"]), parts(&service["order_fill_rate"])), ((1, 4), (0, 3)));
    assert_eq!(parts(&service["cancel_rate"]), (3, 17));
    // 90.00 of 6 x 10.00 + 6 x 10.00 + 5 x 2.00.
    assert_eq!(
        (&service["recovered_revenue"]["part"], &service["recovered_revenue"]["whole"]),
        (&"90.00".into(), &"130.00".into())
    );
    // 3 x 3 + 3 x 5 + 6 x 10 + 5 x 26.
    assert_eq!((&service["unit_days"], &service["line_days"]), (&214.into(), &41.into()));
    // Waits from the order: A/1 ends unknown after 9 days, A/2 4, B/1 13, C/1 open after 30.
    let waits = &report["wait_days"]["all_lines"];
    assert_eq!((&waits["lines"], &waits["open"], &waits["p50"]["days"]), (&4.into(), &2.into(), &13.into()));
    assert_eq!((&waits["p95"]["days"], &waits["p95"]["is_at_least"]), (&30.into(), &true.into()));
    assert_eq!(report["ageing"]["by_order_date"][2]["units"], 5);
    assert_eq!(report["ageing"]["by_promised_date"][1]["units"], 5, "11 days past the 20th");
    assert_eq!(report["months"][0]["month"], "2024-01");
}

#[test]
fn every_key_of_the_json_is_there() {
    let report = Assessed::of(KNOWN).json(&[]);
    let documented = include_str!("../../../../docs/assess.md");
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    for key in [
        "file",
        "currency",
        "as_of",
        "first_day",
        "days",
        "rows",
        "headline",
        "cost",
        "service",
        "wait_days",
        "ageing",
        "wait_distribution",
        "months",
        "items",
        "customers",
        "assumptions",
        "not_measured",
        "findings",
    ] {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    for key in keys.into_iter().chain(report["service"].as_object().unwrap().keys()) {
        assert!(documented.contains(&format!("`{key}`")), "{key} is not in docs/assess.md");
    }
    for assumption in report["assumptions"].as_array().unwrap() {
        let name = assumption["name"].as_str().unwrap();
        assert!(documented.contains(&format!("| `{name}` |")), "{name} is not in docs/assess.md");
    }
}

#[test]
fn the_same_rows_in_another_form_and_order_are_the_same_report() {
    let expected = Assessed::of(KNOWN).json(&[]);
    let same = |assessed: &Assessed, name: &str| {
        let report = assessed.json(&[]);
        for key in ["cost", "service", "wait_days", "ageing", "months", "items", "customers", "assumptions"] {
            assert_eq!(report[key], expected[key], "{key} of {name}");
        }
    };
    let mut lines: Vec<&str> = KNOWN.lines().collect();
    lines[1..].reverse();
    same(&Assessed::of(lines.join("\n")), "reversed");
    same(&Assessed::of(format!("\u{feff}{}", KNOWN.replace(',', ";"))), "semicolons with a mark before");
    same(&Assessed::of(KNOWN.replace(',', ";").replace("0.00;6.00", "0,00;6,00")), "decimal commas");
    same(&Assessed::of(KNOWN.replace(',', "\t").replace('\n', "\r\n")), "tabs and CRLF");
    let packed = Assessed::of("");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(KNOWN.as_bytes()).unwrap();
    std::fs::write(packed.path("extract.csv"), encoder.finish().unwrap()).unwrap();
    same(&packed, "gzip");
    same(&Assessed::of(json_lines(KNOWN)), "JSON lines");
}

fn json_lines(csv: &str) -> String {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let object = |line: &str| {
        let fields = header.iter().zip(line.split(',')).map(|(name, text)| ((*name).to_owned(), Value::from(text)));
        Value::Object(fields.collect()).to_string()
    };
    lines.map(object).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_file_lacks_is_not_measured_and_never_zero() {
    let bare =
        "order,qty,order_date,ship_date\nA,1,2024-01-01,2024-01-01\nB,2,2024-01-01,2024-01-05\nC,1,2024-01-02,\n";
    let assessed = Assessed::of(bare);
    let report = assessed.json(&[]);
    for cause in ["lost_sales_cancelled", "lost_sales_refused", "lost_sales_expected", "expedited_freight", "penalties"]
    {
        assert_eq!(amount(&report, cause), Value::Null, "{cause}");
    }
    for figure in ["cancel_rate", "recovered_revenue", "units_refused"] {
        assert_eq!(report["service"][figure], Value::Null, "{figure}");
    }
    assert_eq!((&report["items"], &report["customers"]), (&Value::Null, &Value::Null));
    assert_eq!(report["ageing"]["by_promised_date"], Value::Null);
    assert_eq!(report["ageing"]["by_order_date"][0]["value"], Value::Null);
    // B and C are due a day after their order: B waited 3 days more, C is open for 2.
    assert_eq!((amount(&report, "waiting"), amount(&report, "handling")), ("1.25".into(), "6.00".into()));
    let absences = report["not_measured"].to_string();
    for column in
        ["cancelled_quantity", "refused_quantity", "unit_price", "item", "customer", "expedited", "requested_date"]
    {
        assert!(absences.contains(&format!("the file has no {column}\"")), "{column} in {absences}");
    }
    let text = String::from_utf8(assessed.run(&[]).stdout).unwrap();
    assert!(text.contains("not measured") && text.contains("the file has no unit_price"), "{text}");
}

#[test]
fn rows_that_cannot_be_right_are_refused_with_line_and_reason() {
    let rows = [
        ("malformed row", "A,2,2024-13-01,1,2024-01-05,5.00"),
        ("malformed row", "B,many,2024-01-01,1,2024-01-05,5.00"),
        ("malformed row", "C,99999999999999999999999,2024-01-01,1,2024-01-05,5.00"),
        ("malformed row", "D,1,2024-01-01,1,2024-01-05,1e308"),
        ("malformed row", "E,1,2024-01-01,1"),
        ("malformed row", ",1,2024-01-01,1,2024-01-05,5.00"),
        ("malformed row", "F,1,,1,2024-01-05,5.00"),
        ("malformed row", "G,1,2024-01-01,,2024-01-05,5.00"),
        ("negative number", "H,-1,2024-01-01,1,2024-01-05,5.00"),
        ("negative number", "I,1,2024-01-01,1,2024-01-05,-5.00"),
        ("nothing ordered", "J,0,2024-01-01,1,2024-01-05,5.00"),
        ("shipped before ordered", "K,1,2024-01-06,1,2024-01-05,5.00"),
        ("malformed row", "M,1,2024-01-01,1,2024-01-05,5.00,pounds,"),
        ("cancelled before ordered", "N,1,2024-01-06,0,,5.00,,2024-01-05"),
        ("shipped without a date", "L,1,2024-01-01,1,,5.00"),
        ("duplicate row", "GOOD,2,2024-01-01,1,2024-01-05,5.00"),
        ("differs from its line", "GOOD,3,2024-01-01,1,2024-01-06,5.00"),
    ];
    let good = "GOOD,2,2024-01-01,1,2024-01-05,5.00,,";
    let mut text = format!("order,qty,order_date,shipped_qty,ship_date,price,currency,cancel_date\n{good}\n");
    for (_, row) in rows {
        text.push_str(row);
        text.push_str(if row.matches(',').count() == 5 { ",,\n" } else { "\n" });
    }
    let assessed = Assessed::of(text);
    let all = assessed.path("refused.csv");
    let report = assessed.json(&["--refused", &all]);
    assert_eq!((&report["rows"]["read"], &report["rows"]["used"]), (&18.into(), &1.into()));
    let refused = report["rows"]["refused_rows"].as_array().unwrap();
    for ((reason, row), (refused, line)) in rows.iter().zip(refused.iter().zip(3_u64..)) {
        assert_eq!((&refused["reason"], &refused["line"]), (&(*reason).into(), &line.into()), "{row}: {refused}");
    }
    assert_eq!(report["rows"]["refused_by_reason"]["negative number"], 2);
    assert_eq!(std::fs::read_to_string(all).unwrap().lines().count(), 18);
    let text = String::from_utf8(assessed.run(&[]).stdout).unwrap();
    assert!(text.contains("9 x malformed row") && text.contains("line 3: order_date \"2024-13-01\""), "{text}");
}

#[test]
fn a_file_without_one_usable_row_is_a_failure_that_says_why() {
    assert!(Assessed::of("").refused(&[]).contains("the file has no column order, ordered_quantity, ship_date"));
    assert!(Assessed::of("order,qty,order_date,ship_date\n").refused(&[]).contains("no row that can be used: 0 read"));
    let wrong = Assessed::of("order,qty,order_date,ship_date\nA,1,31/01/2024,\n").refused(&[]);
    assert!(wrong.contains("1 x malformed row") && wrong.contains("--dates dmy"), "{wrong}");
    let twice = Assessed::of("order,qty,Quantity,order_date,ship_date\nA,1,1,2024-01-01,\n").refused(&[]);
    assert!(twice.contains("two columns of the file mean ordered_quantity"), "{twice}");
    assert!(Assessed::of(KNOWN).refused(&["--as-of", "2023-12-31"]).contains("no order line of the file was due by"));
    assert!(Assessed::of(KNOWN).refused(&["--assume", "lost_share=2"]).contains("lost_share \"2\" is not a share"));
    assert!(run(&["assess", "nowhere.csv"]).status.code() == Some(1));
}

#[test]
fn a_file_without_backorders_says_so() {
    let assessed =
        Assessed::of("order,qty,order_date,ship_date\nA,1,2024-01-01,2024-01-01\nB,1,2024-01-03,2024-01-03\n");
    let page = assessed.path("report.html");
    let text = String::from_utf8(assessed.run(&["--html", &page]).stdout).unwrap();
    assert!(text.starts_with("Nothing that backorders cost can be seen in the 3 days from 2024-01-01"), "{text}");
    assert!(text.contains("No line of 1 order lines was backordered."), "{text}");
    assert!(std::fs::read_to_string(page).unwrap().contains("No line was backordered."));
}

#[test]
fn what_a_file_says_of_the_future_is_not_known_yet() {
    let planned = "order,qty,order_date,ship_date\nA,1,2024-01-01,2199-01-01\nB,1,2024-01-01,2024-01-05\n";
    let report = Assessed::of(planned).json(&[]);
    assert!(report["as_of"].as_str() < Some("2199"), "{}", report["as_of"]);
    assert!(report["findings"].to_string().contains("lines with a ship_date after"), "{}", report["findings"]);
    assert_eq!(report["ageing"]["by_order_date"][4]["units"], 1);
}

#[test]
fn slashes_are_read_as_the_option_says() {
    let of = |day: &str, option: &str| {
        let text = format!("order,qty,order_date,ship_date\nA,1,{day},\nB,1,20240101,\n");
        Assessed::of(text).json(&["--dates", option])["as_of"].clone()
    };
    assert_eq!((of("2/3/2024", "dmy"), of("2/3/2024", "mdy")), ("2024-03-02".into(), "2024-02-03".into()));
}

#[test]
fn the_largest_numbers_are_summed_without_overflow() {
    let mut text = "order,qty,order_date,ship_date,price,cancelled\n".to_owned();
    for order in 0..50 {
        text.push_str(&format!("{order},1000000000,1970-01-01,2199-12-31,1000000000,0\n"));
    }
    let report = Assessed::of(text).json(&[
        "--as-of",
        "2199-12-31",
        "--assume",
        "waiting_per_unit_day=1000000",
        "--assume",
        "penalty_share=1",
    ]);
    assert_eq!(amount(&report, "penalties"), "50000000000000000000.00");
    assert_eq!(report["service"]["units_backordered"].as_i64(), Some(50_000_000_000));
}

#[test]
fn freight_that_is_repeated_on_each_row_is_noticed_and_counted_once_when_told() {
    let text = "order,item,qty,requested,requested_date,shipped,ship_date,shipment,freight\n\
                A,X,1,,2024-01-01,1,2024-01-01,S0,3.00\n\
                A,Y,1,,2024-01-01,1,2024-01-05,S1,8.00\n\
                A,Z,1,,2024-01-01,1,2024-01-05,S1,8.00\n";
    let assessed = Assessed::of(text);
    let by_row = assessed.json(&[]);
    assert_eq!(amount(&by_row, "split_freight"), "16.00");
    assert!(by_row["findings"].to_string().contains("--freight-of shipment"), "{}", by_row["findings"]);
    assert_eq!(amount(&assessed.json(&["--freight-of", "shipment"]), "split_freight"), "8.00");
}

#[test]
fn the_page_is_one_file_in_which_nothing_of_the_extract_is_markup() {
    let evil = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>\u{1b}[2J";
    let quoted = format!("\"{}\"", evil.replace('"', "\"\""));
    let assessed = Assessed::of(KNOWN.replace("Lamp", &quoted).replace("acme", &quoted));
    let page = assessed.path("report.html");
    let shown = assessed.run(&["--html", &page]);
    assert!(shown.status.success());
    assert!(!shown.stdout.contains(&0x1b), "nothing of the extract steers the terminal");
    let html = std::fs::read_to_string(Path::new(&page)).unwrap();
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;img src=x"), "{html}");
    for outside in ["<script", "<img", "<link", "http:", "https:", "url(", "@import", "src=\"", "<iframe"] {
        assert!(!html.contains(outside), "{outside} is in the page");
    }
    assert_eq!(html.matches("<svg").count(), 4);
    assert_eq!(html.matches("<desc id=").count(), 4, "each chart tells its numbers in words");
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("@media print"));
}

#[test]
fn an_assumption_is_shown_with_what_it_moves() {
    let assessed = Assessed::of(KNOWN);
    let file = assessed.path("assumptions.json");
    std::fs::write(&file, r#"{"handling_per_line": 1.50, "lost_share": "50%"}"#).unwrap();
    let report = assessed.json(&["--assumptions", &file, "--assume", "handling_per_line=2"]);
    let of = |name: &str| {
        let all = report["assumptions"].as_array().unwrap();
        all.iter().find(|assumption| assumption["name"] == name).unwrap().clone()
    };
    let cents = |value: &Value| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let total = cents(&report["cost"]["total"]);
    let handling = of("handling_per_line");
    assert_eq!((&handling["value"], &handling["source"]), (&"2.00".into(), &"given".into()));
    // Three lines x 2.00.
    assert_eq!((cents(&handling["total_halved"]), cents(&handling["total_doubled"])), (total - 300, total + 600));
    assert_eq!(of("open_cancel_share")["source"], "file");
    assert_eq!(
        (of("churn_per_line")["source"].clone(), of("churn_per_line")["value"].clone()),
        ("none".into(), Value::Null)
    );
    let text = String::from_utf8(assessed.run(&[]).stdout).unwrap();
    assert!(text.starts_with("Backorders cost about GBP "), "{text}");
}

#[tokio::test]
async fn an_extract_of_running_services_is_assessed() {
    let folder = tempfile::tempdir().unwrap();
    let services = crate::program::Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main", "--time-zone", "Europe/London"]);
    services.json(&["catalog", "put-item", "X", "--price", "2.55"]);
    services.json(&["stock", "receive", "X", "main", "5"]);
    services.json(&["order", "place", "X=5@2.55", "--order", "A-17", "--customer", "c"]);
    services.json(&["order", "place", "X=3@2.55", "--order", "A-18", "--customer", "c"]);
    services.json(&["order", "ship", "A-17/1"]);
    let file = folder.path().join("extract.csv").to_str().unwrap().to_owned();
    let written = services.json(&["export", "extract", &file]);
    assert_eq!((&written["orders"], &written["rows"]), (&2.into(), &2.into()));
    assert!(services.stop().await);

    let as_of = "2199-12-31";
    let report = json_of(&run(&["assess", &file, "--as-of", as_of, "--json", "-"]));
    assert_eq!((&report["rows"]["used"], &report["currency"]), (&2.into(), &"GBP".into()));
    assert_eq!(parts(&report["service"]["backorder_rate_lines"]), (1, 2));
    assert_eq!(report["service"]["units_backordered"], 3);
}
