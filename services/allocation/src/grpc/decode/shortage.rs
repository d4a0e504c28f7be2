//! Requests of `ShortageService`.

use std::collections::BTreeSet;

use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

use super::order::line_of;
use crate::{use_cases::orders::ConsentToShort, write::Who};

/// Lines in one call at most.
const LINES_MAX: usize = 2_000;

/// A customer's consent.
pub fn consent(r: &pb::ConsentToShortShipmentRequest, violations: &mut Violations) -> Option<ConsentToShort> {
    let order = decode::order_name(&r.name, "name", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    if r.lines.len() > LINES_MAX {
        violations.push("lines", format!("must have at most {LINES_MAX} elements"));
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::with_capacity(r.lines.len());
    for (index, name) in r.lines.iter().enumerate() {
        let at = decode::path("lines", index, "");
        let Some((named, line)) = line_of(name, &at, violations) else { continue };
        if order.as_ref().is_some_and(|order| order.to_string() != named) {
            violations.push(&at, format!("must be a line of {}", r.name));
        }
        if !seen.insert(line) {
            violations.push(&at, "must not be named twice");
        }
        lines.push(line);
    }
    Some(ConsentToShort { order: order?.into_string(), lines, who: who? })
}
