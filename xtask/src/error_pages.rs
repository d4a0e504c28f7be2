//! Every error reason of the contract has a page in `docs/errors`, and every page there has its reason.

use std::collections::BTreeSet;

use crate::failure::{Failure, none_of};
use crate::run::root;

const REGISTRY: &str = "proto/backorder/common/v1/error_reason.proto";
const PAGES: &str = "docs/errors";
const PREFIX: &str = "ERROR_REASON_";
const HEADINGS: &[&str] = &["## Meaning", "## When", "## What to do", "## Sample"];

/// Compares the registry with the pages, and looks for the headings of each page.
pub fn check() -> Result<(), Failure> {
    let registry = read(REGISTRY)?;
    let reasons = reasons_in(&registry);
    let pages = page_names()?;
    let missing = reasons.difference(&pages).map(|reason| format!("{PAGES}/{reason}.md is missing"));
    let stray = pages.difference(&reasons).map(|page| format!("{PAGES}/{page}.md is about no reason of {REGISTRY}"));
    let mut problems: Vec<String> = missing.chain(stray).collect();
    for page in pages.intersection(&reasons) {
        let text = read(&format!("{PAGES}/{page}.md"))?;
        let absent = HEADINGS.iter().filter(|heading| !text.lines().any(|line| line == **heading));
        problems.extend(absent.map(|heading| format!("{PAGES}/{page}.md has no `{heading}`")));
    }
    none_of("the error pages are not complete:", &problems)?;
    println!("{} reasons, each with its page", reasons.len());
    Ok(())
}

/// The names of the values without their prefix; `UNSPECIFIED` is never sent and has no page.
fn reasons_in(registry: &str) -> BTreeSet<String> {
    let values = registry.lines().filter_map(|line| line.trim().strip_prefix(PREFIX)?.split_once(" = "));
    values.map(|(name, _)| name.to_owned()).filter(|name| name != "UNSPECIFIED").collect()
}

fn page_names() -> Result<BTreeSet<String>, Failure> {
    let entries = std::fs::read_dir(root().join(PAGES)).map_err(|error| Failure::new(format!("{PAGES}: {error}")))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).filter(|name| name != "README").collect())
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(root().join(path)).map_err(|error| Failure::new(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::reasons_in;

    #[test]
    fn reasons_are_the_values_without_prefix_and_without_the_unspecified_one() {
        let registry = "enum ErrorReason {\n  // ERROR_REASON_X is sent as X\n  ERROR_REASON_UNSPECIFIED = 0;\n  \
                        ERROR_REASON_ITEM_NOT_FOUND = 1;\n}";
        assert_eq!(reasons_in(registry).into_iter().collect::<Vec<_>>(), ["ITEM_NOT_FOUND"]);
    }
}
