//! From when an item may leave: an item that is not released yet is preordered.
//!
//! An item may have several release dates, for channels and for destination zones. The most specific one that fits an
//! order decides; an item of which none fits is released. Source: domain notes, 2.11.

use jiff::civil::Date;

/// From when an item may leave, and for which orders. What is not named fits any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRelease {
    /// The first day on which it may leave, read where it leaves.
    pub date: Date,
    /// Only orders of this channel; empty fits any.
    pub channel: String,
    /// Only orders to this zone; empty fits any.
    pub destination_zone: String,
}

impl ItemRelease {
    fn fits(&self, channel: &str, destination_zone: &str) -> bool {
        (self.channel.is_empty() || self.channel == channel)
            && (self.destination_zone.is_empty() || self.destination_zone == destination_zone)
    }

    /// Larger is more specific: channel before zone, and of equal ones the later date, which breaks no embargo.
    fn rank(&self) -> (bool, bool, Date) {
        (!self.channel.is_empty(), !self.destination_zone.is_empty(), self.date)
    }
}

/// The release date of an item for an order. `None` when no release date fits it.
pub fn release_date<'a>(
    releases: impl IntoIterator<Item = &'a ItemRelease>,
    channel: &str,
    destination_zone: &str,
) -> Option<Date> {
    let fitting = releases.into_iter().filter(|release| release.fits(channel, destination_zone));
    fitting.max_by_key(|release| release.rank()).map(|release| release.date)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn release(day: i8, channel: &str, destination_zone: &str) -> ItemRelease {
        let (channel, destination_zone) = (channel.to_owned(), destination_zone.to_owned());
        ItemRelease { date: date(2027, 1, day), channel, destination_zone }
    }

    #[test]
    fn the_most_specific_release_that_fits_decides() {
        let releases = [release(20, "", ""), release(10, "web", ""), release(15, "", "EU"), release(12, "web", "EU")];
        let of = |channel: &str, zone: &str| release_date(&releases, channel, zone).map(Date::day);
        assert_eq!((of("shop", "US"), of("web", "US")), (Some(20), Some(10)));
        assert_eq!((of("shop", "EU"), of("web", "EU")), (Some(15), Some(12)));
        assert_eq!(release_date(&releases[1..2], "shop", ""), None);
    }

    #[test]
    fn of_two_that_are_as_specific_the_later_one_decides() {
        let releases = [release(20, "web", ""), release(10, "web", "")];
        assert_eq!(release_date(&releases, "web", "").map(Date::day), Some(20));
    }
}
