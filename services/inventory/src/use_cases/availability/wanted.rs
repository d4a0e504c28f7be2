//! The fields of `Availability` that a caller wants.

use backorder_proto::inventory::v1 as pb;

/// A field of the answer: its path in a read mask, and how it is left out.
type Field = (&'static str, fn(&mut pb::Availability));

/// Those of the position come first, then what needs the item's safety stock, then what needs the books of the item.
const FIELDS: [Field; 17] = [
    ("position.item", |answer| position(answer).item.clear()),
    ("position.location", |answer| position(answer).location.clear()),
    ("position.available", |answer| position(answer).available = 0),
    ("position.reserved", |answer| position(answer).reserved = 0),
    ("position.released", |answer| position(answer).released = 0),
    ("position.held", |answer| position(answer).held = 0),
    ("position.quality_control", |answer| position(answer).quality_control = 0),
    ("position.damaged", |answer| position(answer).damaged = 0),
    ("position.on_hand", |answer| position(answer).on_hand = 0),
    ("position.in_transit", |answer| position(answer).in_transit = 0),
    ("position.update_time", |answer| position(answer).update_time = None),
    // Never left out: who reads a position can always tell which of two answers is the newer one.
    ("position.version", |_| {}),
    ("available_to_sell", |answer| answer.available_to_sell = 0),
    ("waiting", |answer| answer.waiting = 0),
    ("inbound", |answer| answer.inbound = 0),
    ("inbound_past_due", |answer| answer.inbound_past_due = 0),
    ("next_supply_date", |answer| answer.next_supply_date = None),
];
const POSITION_FIELDS: usize = 12;

const ALL: u32 = (1 << FIELDS.len()) - 1;
const NAMES: u32 = 0b11;
const POSITION: u32 = (1 << POSITION_FIELDS) - 1;
const AVAILABLE_TO_SELL: u32 = 1 << POSITION_FIELDS;

fn position(answer: &mut pb::Availability) -> &mut pb::Position {
    answer.position.get_or_insert_default()
}

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted(u32);

impl Wanted {
    /// All fields.
    pub const ALL: Self = Self(ALL);
    /// No field.
    pub const NONE: Self = Self(0);

    /// With what a path of a mask names; `None` when it names nothing.
    #[must_use]
    pub fn with(self, path: &str) -> Option<Self> {
        let named = match path {
            "*" => ALL,
            "position" => POSITION,
            _ => 1 << FIELDS.iter().position(|(field, _)| *field == path)?,
        };
        Some(Self(self.0 | named))
    }

    /// Every path that names something.
    pub fn paths() -> impl Iterator<Item = &'static str> {
        ["*", "position"].into_iter().chain(FIELDS.iter().map(|(path, _)| *path))
    }

    /// Whether the position and its item's safety stock tell everything.
    #[must_use]
    pub const fn is_told_by_position(self) -> bool {
        self.0 & !(POSITION | AVAILABLE_TO_SELL) == 0
    }

    /// Whether the item's safety stock is needed.
    #[must_use]
    pub const fn needs_safety_stock(self) -> bool {
        self.0 & AVAILABLE_TO_SELL != 0
    }

    /// Whether item or location are to be named.
    #[must_use]
    pub const fn needs_names(self) -> bool {
        self.0 & NAMES != 0
    }

    /// The answer without what is not wanted.
    #[must_use]
    pub fn of(self, mut answer: pb::Availability) -> pb::Availability {
        for (number, (_, leave_out)) in FIELDS.iter().enumerate() {
            if self.0 & (1 << number) == 0 {
                leave_out(&mut answer);
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_path_wants_its_field_and_the_version() {
        let position = pb::Position { available: 3, held: 4, version: 9, ..pb::Position::default() };
        let whole = pb::Availability { position: Some(position), waiting: 5, ..pb::Availability::default() };
        let wanted = |paths: &[&str]| {
            let wanted = paths.iter().try_fold(Wanted::NONE, |wanted, path| wanted.with(path)).unwrap();
            let answer = wanted.of(whole.clone());
            let position = answer.position.unwrap();
            (position.available, position.held, answer.waiting, position.version)
        };
        assert_eq!(wanted(&["position.available"]), (3, 0, 0, 9));
        assert_eq!(wanted(&["position"]), (3, 4, 0, 9));
        assert_eq!(wanted(&["waiting", "position.held"]), (0, 4, 5, 9));
        assert_eq!(wanted(&["*"]), (3, 4, 5, 9));
        assert_eq!(wanted(&[]), (0, 0, 0, 9));
    }

    #[test]
    fn only_what_a_position_and_its_item_tell_needs_no_books() {
        let told = |path: &str| Wanted::NONE.with(path).unwrap().is_told_by_position();
        let needs_books: Vec<&str> = Wanted::paths().filter(|path| !told(path)).collect();
        assert_eq!(needs_books, ["*", "waiting", "inbound", "inbound_past_due", "next_supply_date"]);
        assert_eq!(Wanted::NONE.with("position.weight"), None);
    }
}
