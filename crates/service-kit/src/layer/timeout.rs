//! The `grpc-timeout` header: at most eight digits and a unit, by the gRPC over HTTP/2 protocol.

use std::time::Duration;

pub(crate) const GRPC_TIMEOUT: &str = "grpc-timeout";

const SECONDS_PER_MINUTE: u64 = 60;
const SECONDS_PER_HOUR: u64 = 3_600;

/// `None` when the header is malformed; the call then counts as one without a deadline of its own.
pub(crate) fn parse_timeout(header: &[u8]) -> Option<Duration> {
    let (unit, digits) = header.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(number * SECONDS_PER_HOUR)),
        b'M' => Some(Duration::from_secs(number * SECONDS_PER_MINUTE)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// In the finest unit of milliseconds and above that fits eight digits; never zero, which would be refused at once.
pub(crate) fn format_timeout(timeout: Duration) -> String {
    const FITS: u128 = 99_999_999;
    let milliseconds = timeout.as_millis().max(1);
    if milliseconds <= FITS {
        return format!("{milliseconds}m");
    }
    let seconds = u128::from(timeout.as_secs());
    if seconds <= FITS { format!("{seconds}S") } else { format!("{FITS}S") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, duration) in [
            ("1H", Duration::from_secs(3_600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("99999999n", Duration::from_nanos(99_999_999)),
        ] {
            assert_eq!(parse_timeout(text.as_bytes()), Some(duration), "{text}");
        }
    }

    #[test]
    fn a_malformed_timeout_is_none() {
        for text in ["", "S", "1", "1x", "-1S", "123456789S", "1.5S"] {
            assert_eq!(parse_timeout(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for duration in [Duration::from_millis(1), Duration::from_secs(9), Duration::from_secs(1_000_000)] {
            assert_eq!(parse_timeout(format_timeout(duration).as_bytes()), Some(duration));
        }
        assert_eq!(format_timeout(Duration::ZERO), "1m");
        assert_eq!(format_timeout(Duration::MAX), "99999999S");
    }
}
