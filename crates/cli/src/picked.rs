//! Batches and owners as people write them: `BATCH`, `@OWNER` or `BATCH@OWNER`, with `=UNITS` behind.

use backorder_proto::allocation::v1::{BoundUnits, PickedUnits, ShippedBatch};

/// Units of a batch and owner; `None` for a text that says neither, or no units.
#[must_use]
pub fn parse(text: &str) -> Option<PickedUnits> {
    let (what, units) = text.rsplit_once('=')?;
    let (batch, owner) = what.split_once('@').unwrap_or((what, ""));
    let quantity = units.trim().parse().ok().filter(|units| *units > 0)?;
    let (batch, owner) = (batch.trim().to_owned(), owner.trim().to_owned());
    (!batch.is_empty() || !owner.is_empty()).then_some(PickedUnits { batch, owner, quantity })
}

/// Units of several batches, separated by semicolons.
#[must_use]
pub fn parse_all(text: &str) -> Option<Vec<PickedUnits>> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(parse).collect()
}

/// A batch and an owner.
#[must_use]
pub fn what(batch: &str, owner: &str) -> String {
    if owner.is_empty() { batch.to_owned() } else { format!("{batch}@{owner}") }
}

/// The batches of a shipment line, as they are parsed.
#[must_use]
pub fn shown(batches: &[ShippedBatch]) -> String {
    let parts = batches.iter().map(|units| format!("{}={}", what(&units.batch, &units.owner), units.quantity));
    parts.collect::<Vec<_>>().join("; ")
}

/// The batches that a line is bound to, as they are parsed.
#[must_use]
pub fn bound(bound: &[BoundUnits]) -> String {
    let parts = bound.iter().map(|units| format!("{}={}", units.batch, units.quantity));
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_written() {
        let batch = |batch: &str, owner: &str, quantity| ShippedBatch {
            batch: batch.to_owned(),
            owner: owner.to_owned(),
            quantity,
        };
        let batches = [batch("red", "", 3), batch("", "acme", 2), batch("blue", "acme", 1)];
        let text = shown(&batches);
        assert_eq!(text, "red=3; @acme=2; blue@acme=1");
        let parsed = parse_all(&text).map(|all| all.into_iter().map(|p| (p.batch, p.owner, p.quantity)).collect());
        let told: Vec<_> = batches.into_iter().map(|b| (b.batch, b.owner, b.quantity)).collect();
        assert_eq!(parsed, Some(told));
        for wrong in ["red", "=3", "red=0", "red=x", "@=1"] {
            assert_eq!(parse_all(wrong), None, "{wrong}");
        }
    }
}
