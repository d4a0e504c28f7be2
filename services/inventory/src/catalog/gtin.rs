//! GTIN check digits.

/// Whether a text is a GTIN-8, -12, -13 or -14 with a right check digit.
///
/// Source: GS1 General Specifications, 7.9.1: from the right, digits count 1 and 3 in turn; the sum is a multiple of 10.
#[must_use]
pub fn is_valid_gtin(text: &str) -> bool {
    let digits = text.as_bytes();
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weighed = digits.iter().rev().enumerate().map(|(place, digit)| {
        let value = u32::from(digit - b'0');
        if place % 2 == 1 { value * 3 } else { value }
    });
    weighed.sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::is_valid_gtin;

    #[test]
    fn a_gtin_has_a_known_length_and_a_right_check_digit() {
        for right in ["4006381333931", "96385074", "036000291452", "10614141543219"] {
            assert!(is_valid_gtin(right), "{right}");
        }
        for wrong in ["4006381333932", "96385075", "", "123", "40063813339a1", "４００６３８１３３３９３１"]
        {
            assert!(!is_valid_gtin(wrong), "{wrong}");
        }
    }
}
