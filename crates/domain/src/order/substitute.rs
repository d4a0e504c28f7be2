//! Substitutes: how many units of one item stand for how many of another, and what the customer pays for them.
//!
//! Source: domain notes, 2.14: one-way, ratio, validity, rank, price rule, excluded customers.

use jiff::civil::Date;

/// What a customer pays for a substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PriceRule {
    /// The lower of what was ordered and the list price of the substitute.
    #[default]
    KeepLower,
    /// The list price of the substitute.
    NewPrice,
    /// The list price of the substitute, when the customer has agreed.
    Ask,
}

impl PriceRule {
    const ALL: [Self; 3] = [Self::KeepLower, Self::NewPrice, Self::Ask];

    /// The name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepLower => "KEEP_LOWER",
            Self::NewPrice => "NEW_PRICE",
            Self::Ask => "ASK",
        }
    }

    /// The rule of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// So many base units of the substitute stand for so many of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Of the substitute, at least 1 …
    pub substitutes: i64,
    /// … for so many of the original, at least 1.
    pub originals: i64,
}

/// Units that change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exchange {
    /// Base units of the original that are given up.
    pub originals: i64,
    /// Base units of the substitute that stand for them.
    pub substitutes: i64,
}

impl Ratio {
    /// The largest exchange of at most so many units of the original for at most so many of the substitute, in whole packs of
    /// both. `None` when not even one fits.
    #[must_use]
    pub fn exchange(self, originals_max: i64, substitutes_max: i64, packs: Packs) -> Option<Exchange> {
        let step = self.step(packs)?;
        let fits = (originals_max / step.originals).min(substitutes_max / step.substitutes);
        (fits > 0).then(|| Exchange { originals: step.originals * fits, substitutes: step.substitutes * fits })
    }

    /// The smallest exchange in whole packs of both.
    fn step(self, packs: Packs) -> Option<Exchange> {
        let (substitutes, originals) = (self.substitutes.max(1), self.originals.max(1));
        // A number of originals is exchanged for whole packs of the substitute when it is a multiple of this one.
        let whole = originals.checked_mul(packs.substitute.max(1))?;
        let whole = whole / gcd(whole, substitutes);
        let pack = packs.original.max(1);
        let step = (whole / gcd(whole, pack)).checked_mul(pack)?;
        let exchanged = i128::from(step) * i128::from(substitutes) / i128::from(originals);
        Some(Exchange { originals: step, substitutes: i64::try_from(exchanged).ok()? })
    }
}

/// The smallest numbers of base units that are sold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packs {
    /// Of the original.
    pub original: i64,
    /// Of the substitute.
    pub substitute: i64,
}

const fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Why a line is not given a substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSubstitutable {
    /// The customer has not allowed it.
    #[error("the customer allows no substitute")]
    NotAllowed,
    /// Nothing of the line waits.
    #[error("nothing of it waits")]
    NothingWaits,
    /// The item has no such substitute.
    #[error("the item is no substitute of what was ordered")]
    NoSubstitute,
    /// Today is not within its validity.
    #[error("the substitute is not valid today")]
    NotValid,
    /// The customer does not get it.
    #[error("the customer is excluded from the substitute")]
    CustomerExcluded,
    /// Less than one exchange in whole packs.
    #[error("it is less than a whole pack")]
    LessThanAPack,
    /// Not enough of it is free.
    #[error("not enough of the substitute is free")]
    NotFree,
    /// The rule asks for the customer's consent.
    #[error("the customer has to agree to the price of the substitute")]
    ConsentNeeded,
    /// The rule asks for a list price.
    #[error("the substitute has no list price in the currency of the order")]
    NoListPrice,
}

impl NotSubstitutable {
    /// The name in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "NOT_ALLOWED",
            Self::NothingWaits => "NOTHING_WAITS",
            Self::NoSubstitute => "NO_SUBSTITUTE",
            Self::NotValid => "NOT_VALID",
            Self::CustomerExcluded => "CUSTOMER_EXCLUDED",
            Self::LessThanAPack => "LESS_THAN_A_PACK",
            Self::NotFree => "NOT_FREE",
            Self::ConsentNeeded => "CONSENT_NEEDED",
            Self::NoListPrice => "NO_LIST_PRICE",
        }
    }
}

/// The price of one unit of the substitute, in nano-units of the order's currency; `None` for an order without prices.
///
/// `ordered` is the price of one unit of the original, `listed` that of one unit of the substitute where it has one in the
/// order's currency. What is not a whole nano-unit is the customer's.
///
/// # Errors
/// [`NotSubstitutable::NoListPrice`] when the rule asks for the list price.
pub fn price(
    rule: PriceRule,
    ratio: Ratio,
    ordered: Option<i64>,
    listed: Option<i64>,
) -> Result<Option<i64>, NotSubstitutable> {
    let Some(ordered) = ordered else { return Ok(None) };
    let same = i128::from(ordered) * i128::from(ratio.originals.max(1)) / i128::from(ratio.substitutes.max(1));
    let same = i64::try_from(same).unwrap_or(i64::MAX);
    match rule {
        PriceRule::KeepLower => Ok(Some(listed.map_or(same, |listed| same.min(listed)))),
        PriceRule::NewPrice | PriceRule::Ask => listed.map(Some).ok_or(NotSubstitutable::NoListPrice),
    }
}

/// What is given back for an exchange: by how much the original was dearer. Nothing when it was not, or has no price.
#[must_use]
pub fn difference(exchange: Exchange, original: Option<i64>, substitute: Option<i64>) -> i64 {
    let worth = |price: i64, units: i64| i128::from(price) * i128::from(units);
    let (Some(original), Some(substitute)) = (original, substitute) else { return 0 };
    let difference = worth(original, exchange.originals) - worth(substitute, exchange.substitutes);
    i64::try_from(difference.max(0)).unwrap_or(i64::MAX)
}

/// Whether a substitute may be used on a day: from its first to its last day, both included.
#[must_use]
pub fn is_valid_on(day: Date, from: Option<Date>, to: Option<Date>) -> bool {
    from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const EACH: Packs = Packs { original: 1, substitute: 1 };

    fn ratio(substitutes: i64, originals: i64) -> Ratio {
        Ratio { substitutes, originals }
    }

    fn exchanged(ratio: Ratio, originals: i64, substitutes: i64, packs: Packs) -> Option<(i64, i64)> {
        ratio.exchange(originals, substitutes, packs).map(|exchange| (exchange.originals, exchange.substitutes))
    }

    #[test]
    fn an_exchange_is_in_whole_packs_of_both() {
        assert_eq!(exchanged(ratio(1, 1), 7, 5, EACH), Some((5, 5)));
        assert_eq!(exchanged(ratio(2, 1), 7, 100, EACH), Some((7, 14)), "two small ones for a large one");
        assert_eq!(exchanged(ratio(1, 6), 20, 100, EACH), Some((18, 3)), "a six-pack for six");
        assert_eq!(exchanged(ratio(1, 6), 5, 100, EACH), None, "less than a six-pack");
        assert_eq!(exchanged(ratio(3, 2), 5, 100, EACH), Some((4, 6)));
        assert_eq!(exchanged(ratio(1, 1), 23, 100, Packs { original: 4, substitute: 6 }), Some((12, 12)));
    }

    #[test]
    fn the_lower_price_is_kept_unless_the_rule_asks_for_the_new_one() {
        let keeps = |ordered, listed| price(PriceRule::KeepLower, ratio(1, 1), ordered, listed);
        assert_eq!(keeps(Some(10), Some(12)), Ok(Some(10)));
        assert_eq!(keeps(Some(10), Some(8)), Ok(Some(8)));
        assert_eq!(keeps(Some(10), None), Ok(Some(10)));
        assert_eq!(keeps(None, Some(8)), Ok(None), "an order without prices stays without");
        assert_eq!(price(PriceRule::NewPrice, ratio(1, 1), Some(10), Some(12)), Ok(Some(12)));
        assert_eq!(price(PriceRule::Ask, ratio(1, 1), Some(10), None), Err(NotSubstitutable::NoListPrice));
        assert_eq!(
            price(PriceRule::KeepLower, ratio(2, 1), Some(10), Some(9)),
            Ok(Some(5)),
            "two for one cost as much"
        );
    }

    #[test]
    fn a_substitute_is_valid_on_its_first_and_its_last_day() {
        let (from, to) = (Some(date(2026, 11, 3)), Some(date(2026, 11, 5)));
        let valid: Vec<bool> = (2..=6).map(|day| is_valid_on(date(2026, 11, day), from, to)).collect();
        assert_eq!(valid, [false, true, true, true, false]);
        assert!(is_valid_on(date(2026, 11, 2), None, None));
    }

    proptest! {
        #[test]
        fn an_exchange_keeps_the_ratio_and_is_the_largest(
            substitutes in 1_i64..30, originals in 1_i64..30,
            original in 1_i64..20, substitute in 1_i64..20,
            wanted in 0_i64..5_000, free in 0_i64..5_000,
        ) {
            let (ratio, packs) = (ratio(substitutes, originals), Packs { original, substitute });
            let fits = |units: i64| {
                let exchanged = units * substitutes;
                units > 0 && units % original == 0 && exchanged % originals == 0
                    && (exchanged / originals) % substitute == 0 && exchanged / originals <= free
            };
            let largest = (1..=wanted).rev().find(|units| fits(*units));
            let found = ratio.exchange(wanted, free, packs);
            prop_assert_eq!(found.map(|exchange| exchange.originals), largest);
            if let Some(exchange) = found {
                prop_assert_eq!(exchange.substitutes * originals, exchange.originals * substitutes);
            }
        }

        #[test]
        fn keeping_the_lower_price_never_costs_more(
            substitutes in 1_i64..30, originals in 1_i64..30, times in 1_i64..100,
            ordered in 0_i64..1_000_000_000_000, listed in proptest::option::of(0_i64..1_000_000_000_000),
        ) {
            let ratio = ratio(substitutes, originals);
            let paid = price(PriceRule::KeepLower, ratio, Some(ordered), listed).unwrap_or_default();
            let exchange = Exchange { originals: originals * times, substitutes: substitutes * times };
            let before = i128::from(ordered) * i128::from(exchange.originals);
            let after = i128::from(paid.unwrap_or_default()) * i128::from(exchange.substitutes);
            prop_assert!(after <= before);
            prop_assert_eq!(i128::from(difference(exchange, Some(ordered), paid)), before - after);
        }
    }
}
