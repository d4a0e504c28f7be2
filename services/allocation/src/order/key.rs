//! How a line is named towards inventory: `orders/{order}/lines/{n}`, and `quotes/{order}/lines/{n}` while it is a quote,
//! because inventory knows a line and part only once.

use crate::store::entity::line_claim;

/// The part under which the claim of a quote is kept here. Claims of orders have parts from 1.
pub const QUOTE_PART: i32 = 0;

/// The part under which what left in another system is kept here, as the copy of a claim that never was.
pub const HISTORY_PART: i32 = i32::MAX;

/// A claim of a line, as this service keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The part: 0 for a quote's claim.
    pub part: i32,
}

impl LineKey {
    /// The key of a copy.
    #[must_use]
    pub fn of(claim: &line_claim::Model) -> Self {
        Self { order: claim.order_id.clone(), line: claim.line_number, part: claim.part }
    }

    /// Reads the demand line and part of a claim; `None` for demand that is not an order's.
    #[must_use]
    pub fn of_claim(demand_line: &str, part: i32) -> Option<Self> {
        let (is_quote, rest) = match demand_line.strip_prefix("orders/") {
            Some(rest) => (false, rest),
            None => (true, demand_line.strip_prefix("quotes/")?),
        };
        let (order, line) = rest.split_once("/lines/")?;
        let line = line.parse().ok().filter(|line| (1..=LINE_NUMBER_MAX).contains(line))?;
        let part = if is_quote { QUOTE_PART } else { part };
        Some(Self { order: order.to_owned(), line, part })
    }

    /// The demand line as inventory knows it.
    #[must_use]
    pub fn demand_line(&self) -> String {
        demand_line(&self.order, self.line, self.part == QUOTE_PART)
    }
}

/// The highest number of a line.
pub const LINE_NUMBER_MAX: i32 = 999_999;

/// The demand line as inventory knows it.
#[must_use]
pub fn demand_line(order: &str, line: i32, is_quote: bool) -> String {
    let collection = if is_quote { "quotes" } else { "orders" };
    format!("{collection}/{order}/lines/{line}")
}

/// The order and number in a line's resource name; `None` when it is no such name.
#[must_use]
pub fn of_resource_name(name: &str) -> Option<(&str, i32)> {
    let (order, line) = name.strip_prefix("orders/")?.split_once("/lines/")?;
    let is_plain = !line.starts_with(['0', '+']) && !order.is_empty() && !order.contains('/');
    let number = line.parse().ok().filter(|number| is_plain && (1..=LINE_NUMBER_MAX).contains(number))?;
    Some((order, number))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_claim_belongs_to_an_order_or_a_quote_or_to_someone_else() {
        let order = LineKey::of_claim("orders/A-17/lines/3", 2).unwrap();
        assert_eq!((order.order.as_str(), order.line, order.part), ("A-17", 3, 2));
        assert_eq!(order.demand_line(), "orders/A-17/lines/3");
        let quote = LineKey::of_claim("quotes/A-17/lines/3", 1).unwrap();
        assert_eq!(quote.part, QUOTE_PART);
        assert_eq!(quote.demand_line(), "quotes/A-17/lines/3");
        assert_eq!(LineKey::of_claim("carts/7/lines/1", 1), None);
        assert_eq!(LineKey::of_claim("orders/A-17/lines/x", 1), None);
    }

    #[test]
    fn a_line_has_one_name() {
        assert_eq!(of_resource_name("orders/A-17/lines/3"), Some(("A-17", 3)));
        for wrong in ["orders/A/lines/03", "orders/A/lines/0", "orders//lines/1", "orders/A/lines/1000000", "A/lines/1"]
        {
            assert_eq!(of_resource_name(wrong), None, "{wrong}");
        }
    }
}
