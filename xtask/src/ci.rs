//! Everything that must hold before a change lands, in the order in which it is cheap to know.

use crate::failure::Failure;
use crate::run::{cargo, command, succeed, target_folder};
use crate::steps::Steps;
use crate::tests::Counts;
use crate::{edges, error_pages, file_sizes, protos, tests, tools};

/// Order lines of the demo: enough to receive, hold, serve, ship and verify.
const DEMO_LINES: &str = "2000";

/// Runs every check, then the tests, then a short demo; prints a table with times.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.run("tools", tools::ensure_all);
    steps.run("format", format);
    steps.run("protos", || protos::check(None));
    steps.run("edges", edges::check);
    steps.run("file sizes", file_sizes::check);
    steps.run("error pages", error_pages::check);
    steps.run("promise cases", promise_cases);
    steps.run("clippy", clippy);
    steps.run("docs", docs);
    steps.run("test", || tests::run(Counts::Quick, &[]));
    steps.run("demo", demo);
    steps.finish()
}

/// The dates of the promise cases, computed by a program that shares no code with ours.
fn promise_cases() -> Result<(), Failure> {
    let mut check = command("python3");
    check.arg("crates/domain/tests/promise_cases/check.py");
    succeed(check, "say why the date is another one, or run the program with --write")
}

fn format() -> Result<(), Failure> {
    let mut format = cargo();
    format.args(["fmt", "--all", "--check"]);
    succeed(format, "run `cargo fmt --all`")
}

fn clippy() -> Result<(), Failure> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    succeed(clippy, "mend what clippy names, or expect it with a reason where it is wrong")
}

fn docs() -> Result<(), Failure> {
    let mut docs = cargo();
    docs.args(["doc", "--quiet", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings");
    succeed(docs, "mend the links and examples that rustdoc names")
}

/// The demo from the build of the tests: a release build would cost more than it shows here.
fn demo() -> Result<(), Failure> {
    let target = target_folder()?;
    let mut demo = command(target.join("debug").join("backorder"));
    demo.args(["demo", "--lines", DEMO_LINES, "--json"]).arg(target.join("demo.json"));
    succeed(demo, "run `cargo run -- demo` to see it by itself")
}
