//! The collector of everything that is wrong with a request.

use std::fmt;

/// One thing that is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path in proto names, for example `lines[2].quantity`.
    pub field: String,
    /// What the field must be, lower case, without a full stop.
    pub description: String,
}

/// How many violations are kept. A hostile request may hold a million of them; the rest is only counted.
const VIOLATIONS_MAX: usize = 100;

/// Collects the violations of one request, then answers whether there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations {
    kept: Vec<FieldViolation>,
    left_out: usize,
}

impl Violations {
    /// No violation yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that `field` is wrong because of `description`.
    pub fn push(&mut self, field: impl Into<String>, description: impl Into<String>) {
        if self.kept.len() < VIOLATIONS_MAX {
            self.kept.push(FieldViolation { field: field.into(), description: description.into() });
        } else {
            self.left_out += 1;
        }
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many violations were pushed, those that were not kept included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.kept.len() + self.left_out
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// The collector itself when anything is wrong; `service-kit` makes INVALID_ARGUMENT of it.
    pub fn finish(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Ends the collection with the value that was decoded meanwhile.
    ///
    /// # Errors
    /// The collector itself when anything is wrong or `value` is `None`. A `None` without a recorded violation is a
    /// fault of the decoder; it is answered as a violation of the whole request.
    pub fn finish_with<T>(mut self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            Some(_) => Err(self),
            None => {
                if self.is_empty() {
                    self.push("", "must be complete");
                }
                Err(self)
            }
        }
    }

    /// The violations as a list; the last one tells how many were left out, if any were.
    #[must_use]
    pub fn into_list(self) -> Vec<FieldViolation> {
        let mut list = self.kept;
        if self.left_out > 0 {
            let description = format!("{} more violations are not listed", self.left_out);
            list.push(FieldViolation { field: String::new(), description });
        }
        list
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.kept.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", violation.field, violation.description)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_violations_are_kept_in_the_order_of_their_finding() {
        let mut violations = Violations::new();
        violations.push("a", "must be set");
        violations.push("b[1].c", "must be at least 1");
        assert_eq!(violations.to_string(), "a: must be set; b[1].c: must be at least 1");
        assert!(violations.finish().is_err());
    }

    #[test]
    fn a_flood_of_violations_is_bounded_and_counted() {
        let mut violations = Violations::new();
        for index in 0..1_000 {
            violations.push(format!("lines[{index}]"), "must be set");
        }
        assert_eq!(violations.count(), 1_000);
        let list = violations.into_list();
        assert_eq!(list.len(), VIOLATIONS_MAX + 1);
        assert_eq!(list[VIOLATIONS_MAX].description, "900 more violations are not listed");
    }

    #[test]
    fn a_missing_value_without_a_violation_is_still_refused() {
        assert!(Violations::new().finish_with::<()>(None).is_err());
        assert_eq!(Violations::new().finish_with(Some(1)), Ok(1));
    }
}
