//! Lists holds.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{
    order::hold::{Hold, Target},
    store::holds::{self, HoldFilter},
    use_cases::UseCases,
};

/// A place in the list of holds: those on customers come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPlace {
    target: Target,
    hold_type: String,
}

impl HoldPlace {
    /// The place as text, for a page token. Only a customer may hold blanks.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { target, hold_type } = self;
        match target {
            Target::Customer(customer) => format!("c {hold_type} {customer}"),
            Target::Line(order, line) => format!("l {hold_type} {order} {line}"),
        }
    }

    /// The place of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        let (hold_type, rest) = rest.split_once(' ')?;
        let target = match kind {
            "c" => Target::Customer(rest.to_owned()),
            "l" => {
                let (order, line) = rest.split_once(' ')?;
                Target::Line(order.to_owned(), line.parse().ok()?)
            }
            _ => return None,
        };
        Some(Self { target, hold_type: hold_type.to_owned() })
    }
}

impl UseCases {
    /// Holds after a place in the list, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn list_holds(
        &self,
        filter: &HoldFilter,
        after: Option<&HoldPlace>,
        limit: u64,
    ) -> Result<Vec<(HoldPlace, pb::Hold)>, StorageError> {
        let reader = self.store().reader();
        let mut found: Vec<Hold> = Vec::new();
        let wants_lines = filter.customer.is_empty();
        let wants_customers = filter.order.is_empty();
        let mut after_line = None;
        match after {
            Some(HoldPlace { target: Target::Line(order, line), hold_type }) => {
                after_line = Some((order.as_str(), *line, hold_type.as_str()));
            }
            Some(HoldPlace { target: Target::Customer(customer), hold_type }) if wants_customers => {
                let after = Some((customer.as_str(), hold_type.as_str()));
                found = holds::list_of_customers(reader, filter, after, limit).await?;
            }
            None if wants_customers => found = holds::list_of_customers(reader, filter, None, limit).await?,
            Some(_) | None => {}
        }
        let rest = limit.saturating_sub(u64::try_from(found.len()).unwrap_or(u64::MAX));
        if wants_lines && rest > 0 {
            found.extend(holds::list_of_lines(reader, filter, after_line, rest).await?);
        }
        found
            .into_iter()
            .map(|hold| {
                let message = hold.message()?;
                Ok((HoldPlace { target: hold.target, hold_type: hold.hold_type }, message))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text() {
        for target in [Target::Customer("Ann & Sons, London".to_owned()), Target::Line("A-17".to_owned(), 3)] {
            let place = HoldPlace { target, hold_type: "HOLD_TYPE_CREDIT".to_owned() };
            assert_eq!(HoldPlace::of_text(&place.text()), Some(place));
        }
        assert_eq!(HoldPlace::of_text("x HOLD_TYPE_CREDIT A 1"), None);
    }
}
