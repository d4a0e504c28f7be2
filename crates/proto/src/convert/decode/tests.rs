#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;
use crate::convert::encode;

fn refused<T>(decode: impl FnOnce(&mut Violations) -> Option<T>) -> String {
    let mut violations = Violations::new();
    assert!(decode(&mut violations).is_none());
    assert_eq!(violations.count(), 1);
    violations.to_string()
}

fn accepted<T>(decode: impl FnOnce(&mut Violations) -> Option<T>) -> T {
    let mut violations = Violations::new();
    let value = decode(&mut violations);
    assert!(violations.is_empty(), "{violations}");
    value.unwrap()
}

#[test]
fn a_quantity_is_at_least_one_and_bounded() {
    assert_eq!(refused(|v| quantity(0, "q", v)), "q: must be at least 1");
    assert_eq!(refused(|v| quantity(i64::MAX, "q", v)), "q: must be at most 1000000000000");
    assert_eq!(refused(|v| quantity_or_zero(-1, "q", v)), "q: must be at least 0");
    assert_eq!(accepted(|v| quantity_or_zero(0, "q", v)), Quantity::ZERO);
    assert_eq!(accepted(|v| quantity(3, "q", v)).get(), 3);
}

#[test]
fn a_resource_name_needs_its_collection_and_a_valid_id() {
    assert_eq!(accepted(|v| item_name("items/85123A", "item", v)).as_str(), "85123A");
    assert_eq!(refused(|v| item_name("85123A", "item", v)), "item: must have the form items/{id}");
    assert_eq!(refused(|v| item_name("itemsX/1", "item", v)), "item: must have the form items/{id}");
    assert_eq!(refused(|v| location_name("locations/", "location", v)), "location: id is empty");
    assert!(refused(|v| location_name("locations/a/b", "location", v)).contains("not allowed"));
}

#[test]
fn a_date_must_exist_in_the_calendar() {
    let wire = |year, month, day| pb::Date { year, month, day };
    assert_eq!(accepted(|v| date(Some(&wire(2024, 2, 29)), "d", v)), civil::date(2024, 2, 29));
    for wrong in [wire(2023, 2, 29), wire(0, 1, 1), wire(10_000, 1, 1), wire(2024, 13, 1), wire(2024, 1, 1_000)] {
        assert!(refused(|v| date(Some(&wrong), "d", v)).starts_with("d: must be a valid date"));
    }
    assert_eq!(refused(|v| date(None, "d", v)), "d: must be set");
    assert_eq!(accepted(|v| date_if_set(None, "d", v)), None);
}

#[test]
fn money_keeps_its_value_through_the_wire() {
    let currency = CurrencyCode::try_new("GBP").unwrap();
    for nanos in [0, 1, -1, 2_550_000_000, -2_550_000_000, i64::MAX, i64::MIN] {
        let amount = Money { currency, nanos };
        assert_eq!(accepted(|v| money(Some(&encode::money(amount)), "m", v)), amount);
    }
}

#[test]
fn money_of_mixed_sign_or_out_of_range_is_refused() {
    let wire = |units, nanos| pb::Money { currency_code: "GBP".to_owned(), units, nanos };
    assert_eq!(refused(|v| money(Some(&wire(1, -1)), "m", v)), "m.nanos: must have the same sign as units");
    assert!(refused(|v| money(Some(&wire(i64::MAX, 0)), "m", v)).starts_with("m.units"));
    assert!(refused(|v| money(Some(&wire(0, 1_000_000_000)), "m", v)).starts_with("m.nanos"));
    assert!(refused(|v| money(Some(&wire(0, i32::MIN)), "m", v)).starts_with("m.nanos"));
    assert_eq!(refused(|v| price(Some(&wire(-1, 0)), "m", v)), "m: must not be negative");
}

#[test]
fn all_faults_of_an_amount_are_named_at_once() {
    let mut violations = Violations::new();
    let wire = pb::Money { currency_code: "gbp".to_owned(), units: 1, nanos: -1 };
    assert!(money(Some(&wire), "m", &mut violations).is_none());
    assert_eq!(violations.count(), 2);
}

#[test]
fn an_instant_keeps_its_microseconds_through_the_wire() {
    for text in ["2026-03-01T23:30:00.123456Z", "1969-12-31T23:59:59.5Z", "0001-01-01T00:00:00Z"] {
        let instant: Timestamp = text.parse().unwrap();
        assert_eq!(accepted(|v| timestamp(Some(&encode::timestamp(instant)), "t", v)), instant);
    }
}

#[test]
fn an_instant_out_of_range_is_refused() {
    let wire = |seconds, nanos| prost_types::Timestamp { seconds, nanos };
    for wrong in [wire(i64::MAX, 0), wire(SECONDS_MIN - 1, 0), wire(0, -1), wire(0, 1_000_000_000)] {
        assert!(refused(|v| timestamp(Some(&wrong), "t", v)).starts_with("t: must be a valid instant"));
    }
}

#[test]
fn a_request_id_is_a_uuid_and_not_nil() {
    let text = "5f0c8a4e-7a50-4b5c-9a3b-0d8f4b2b6c11";
    assert_eq!(accepted(|v| request_id(text, "request_id", v)).to_string(), text);
    for wrong in ["", "7", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(refused(|v| request_id(wrong, "request_id", v)), "request_id: must be a UUID");
    }
}

#[test]
fn an_unknown_or_unspecified_enum_value_is_refused() {
    let basis = accepted(|v| required_enum::<pb::DateBasis>(1, "basis", v));
    assert_eq!(basis, pb::DateBasis::Ship);
    for wrong in [0, -1, 99] {
        assert!(refused(|v| required_enum::<pb::DateBasis>(wrong, "basis", v)).starts_with("basis: must be a known"));
    }
    assert_eq!(accepted(|v| known_enum::<pb::DateBasis>(0, "basis", v)), pb::DateBasis::Unspecified);
}

#[test]
fn a_text_is_bounded_in_bytes_and_free_of_control_characters() {
    assert_eq!(accepted(|v| text("", 3, "t", v)), "");
    assert_eq!(refused(|v| text("££", 3, "t", v)), "t: must be at most 3 bytes");
    assert_eq!(refused(|v| text("a\0", 3, "t", v)), "t: must not hold control characters");
    assert_eq!(refused(|v| required_text("  ", 3, "t", v)), "t: must be set");
}

#[test]
fn a_repeated_field_has_a_least_and_a_most() {
    let mut violations = Violations::new();
    assert!(!count(0, 2, "lines", &mut violations));
    assert!(!count(3, 2, "lines", &mut violations));
    assert!(count(2, 2, "lines", &mut violations));
    assert_eq!(violations.count(), 2);
    assert_eq!(path("lines", 2, "quantity"), "lines[2].quantity");
}
