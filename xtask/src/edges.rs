//! Which crate may depend on which. The table is that of ARCHITECTURE.md, and a crate outside it may not exist.

use serde_json::Value;

use crate::failure::{Failure, none_of};
use crate::run::metadata;

/// A crate, and what it may depend on among ours.
struct Allowed {
    name: &'static str,
    may_use: &'static [&'static str],
}

const ALLOWED: &[Allowed] = &[
    Allowed { name: "backorder-domain", may_use: &[] },
    Allowed { name: "backorder-proto", may_use: &["backorder-domain"] },
    Allowed { name: "backorder-service-kit", may_use: &["backorder-domain", "backorder-proto"] },
    Allowed { name: "backorder-storage", may_use: &["backorder-domain"] },
    Allowed { name: "backorder-messaging", may_use: &["backorder-domain", "backorder-storage"] },
    Allowed { name: "backorder-testkit", may_use: &[] },
    Allowed { name: "backorder-inventory", may_use: SERVICE },
    Allowed { name: "backorder-allocation", may_use: SERVICE },
    Allowed { name: "backorder-cli", may_use: EVERYTHING },
    Allowed { name: "backorder-tests", may_use: EVERYTHING },
    Allowed { name: "xtask", may_use: &["backorder-testkit"] },
];

/// A service never depends on a service, only on its client in service-kit.
const SERVICE: &[&str] =
    &["backorder-domain", "backorder-messaging", "backorder-proto", "backorder-service-kit", "backorder-storage"];

const EVERYTHING: &[&str] = &[
    "backorder-allocation",
    "backorder-cli",
    "backorder-domain",
    "backorder-inventory",
    "backorder-messaging",
    "backorder-proto",
    "backorder-service-kit",
    "backorder-storage",
];

/// Test parts may be used by anyone's tests, and by nobody's product code.
const TESTKIT: &str = "backorder-testkit";
/// The crate of the tests across services is test code as a whole.
const TESTS: &str = "backorder-tests";

/// Names that say nothing about what belongs inside, so that everything ends up there.
const VAGUE: &[&str] = &["common", "core", "helpers", "manager", "shared", "util", "utils"];

/// What the pure crate must not reach for: the rules know no runtime, no wire and no database.
const NOT_PURE: &[&str] = &["async-nats", "axum", "hyper", "prost", "sea-orm", "sqlx", "tokio", "tonic", "tracing"];

/// Reads the workspace from Cargo and names every edge that the table does not allow.
pub fn check() -> Result<(), Failure> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if packages.len() != ALLOWED.len() {
        let counts = format!("{} crates in the workspace, {} in the table", packages.len(), ALLOWED.len());
        return Err(Failure::new(format!("{counts} of xtask/src/edges.rs: they must be the same")));
    }
    let problems: Vec<String> = packages.iter().flat_map(problems_of).collect();
    none_of("crates depend on each other in ways that ARCHITECTURE.md does not allow:", &problems)?;
    println!("{} crates, every edge allowed", packages.len());
    Ok(())
}

fn problems_of(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    if name.split('-').any(|word| VAGUE.contains(&word)) {
        problems.push(format!("{name}: a crate's name says what it owns"));
    }
    let Some(allowed) = ALLOWED.iter().find(|allowed| allowed.name == name) else {
        problems.push(format!("{name}: not in the table of xtask/src/edges.rs"));
        return problems;
    };
    let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    for dependency in dependencies {
        let target = dependency["name"].as_str().unwrap_or_default();
        let is_dev = dependency["kind"].as_str() == Some("dev");
        let is_ours = !dependency["path"].is_null();
        if is_ours && !may_use(allowed, target, is_dev) {
            problems.push(format!("{name} -> {target}"));
        }
        if name == "backorder-domain" && !is_dev && NOT_PURE.contains(&target) {
            problems.push(format!("{name} -> {target}: the domain is pure"));
        }
    }
    problems
}

fn may_use(allowed: &Allowed, target: &str, is_dev: bool) -> bool {
    let is_test_code = is_dev || allowed.name == TESTS;
    allowed.may_use.contains(&target) || (target == TESTKIT && is_test_code)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::problems_of;

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Value {
        json!({ "name": name, "dependencies": [{ "name": dependency, "kind": kind, "path": "somewhere" }] })
    }

    #[test]
    fn a_service_may_not_depend_on_a_service() {
        assert_eq!(problems_of(&package("backorder-allocation", "backorder-inventory", None)).len(), 1);
    }

    #[test]
    fn a_service_may_depend_on_its_store() {
        assert!(problems_of(&package("backorder-allocation", "backorder-storage", None)).is_empty());
    }

    #[test]
    fn test_parts_are_for_tests_only() {
        assert!(problems_of(&package("backorder-storage", "backorder-testkit", Some("dev"))).is_empty());
        assert_eq!(problems_of(&package("backorder-storage", "backorder-testkit", None)).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_table_and_a_vague_name_are_both_refused() {
        assert_eq!(problems_of(&json!({ "name": "backorder-utils", "dependencies": [] })).len(), 2);
    }

    #[test]
    fn the_domain_stays_pure() {
        let tokio =
            json!({ "name": "backorder-domain", "dependencies": [{ "name": "tokio", "kind": null, "path": null }] });
        assert_eq!(problems_of(&tokio).len(), 1);
    }
}
