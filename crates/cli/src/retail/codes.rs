//! Item codes of the layout: their one spelling, and which of them are not goods.

use std::sync::Arc;

/// Codes of postage, fees, discounts and bookkeeping, in upper case. `C2` is carriage; `DCGS…` codes are goods.
const NOT_GOODS: [&str; 14] = [
    "POST",
    "DOT",
    "M",
    "D",
    "S",
    "B",
    "BANK CHARGES",
    "AMAZONFEE",
    "CRUK",
    "C2",
    "PADS",
    "ADJUST",
    "SAMPLES",
    "CARRIAGE",
];

/// Codes that start so are gift vouchers, not goods.
const VOUCHER_PREFIX: &str = "GIFT_";

/// The one spelling of a code: without surrounding blanks, in upper case. `15056bl` and `15056BL` are one item.
#[must_use]
pub fn normalised(code: &str) -> Arc<str> {
    code.trim().to_uppercase().into()
}

/// Whether a normalised code stands for something that is not stocked.
#[must_use]
pub fn is_not_goods(normalised_code: &str) -> bool {
    NOT_GOODS.contains(&normalised_code) || normalised_code.starts_with(VOUCHER_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_does_not_make_another_item() {
        assert_eq!(normalised("15056bl"), normalised(" 15056BL "));
    }

    #[test]
    fn fees_vouchers_and_postage_are_not_goods_but_gift_shop_codes_are() {
        for code in ["POST", "m", "gift_0001_20", "Bank Charges", "C2"] {
            assert!(is_not_goods(&normalised(code)), "{code}");
        }
        for code in ["85123A", "DCGS0003", "15056BL"] {
            assert!(!is_not_goods(&normalised(code)), "{code}");
        }
    }
}
