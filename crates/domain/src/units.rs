//! Units of an item beside its base unit, and packs: how a quantity as people say it becomes base units, exactly or not
//! at all.

use std::fmt;
use std::str::FromStr;

use crate::quantity::Quantity;

/// A unit of an item beside its base unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemUnit {
    /// Its code, for example `CASE`.
    pub code: String,
    /// How many base units one of it holds, at least 1.
    pub base_units: i64,
    /// Its GTIN; may be empty.
    pub gtin: String,
    /// Whether customers may order it.
    pub sellable: bool,
    /// Whether it may be bought.
    pub purchasable: bool,
}

/// What a quantity is entered for, which decides the units that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitUse {
    /// A customer orders.
    Sell,
    /// A supplier delivers.
    Buy,
    /// Somebody counts or corrects what is there: any unit fits.
    Handle,
}

impl UnitUse {
    const fn fits(self, unit: &ItemUnit) -> bool {
        match self {
            Self::Sell => unit.sellable,
            Self::Buy => unit.purchasable,
            Self::Handle => true,
        }
    }
}

/// A quantity as somebody entered it, beside the base units that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The code of the unit.
    pub unit: String,
    /// How many of it.
    pub quantity: Quantity,
    /// How many base units one of it held when it was entered.
    pub base_units_per_unit: i64,
}

impl Entered {
    /// What is kept of a quantity in a unit; nothing where it was entered in base units without saying so.
    #[must_use]
    pub fn of(unit: &str, quantity: Quantity, base_units_per_unit: i64) -> Option<Self> {
        (!unit.is_empty()).then(|| Self { unit: unit.to_owned(), quantity, base_units_per_unit })
    }
}

/// A text that names no unit of the item in which it may be entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be empty or the code or GTIN of one of: {}", .fitting.join(", "))]
pub struct UnknownUnit {
    /// The units that fit, the base unit first.
    pub fitting: Vec<String>,
}

/// Finds the unit that a text names by its code or its GTIN: the code and the base units in one of it. Empty and the base
/// unit's own code stand for one base unit. A code goes before a GTIN that reads the same.
///
/// # Errors
/// [`UnknownUnit`] when the item has no such unit, or has it not for this use.
pub fn find_unit<'a>(
    base_unit: &'a str,
    units: &'a [ItemUnit],
    text: &'a str,
    use_: UnitUse,
) -> Result<(&'a str, i64), UnknownUnit> {
    if text.is_empty() || text == base_unit {
        return Ok((text, 1));
    }
    let fitting = || units.iter().filter(|unit| use_.fits(unit));
    let by_code = fitting().find(|unit| unit.code == text);
    let found = by_code.or_else(|| fitting().find(|unit| unit.gtin == text));
    found.map(|unit| (unit.code.as_str(), unit.base_units)).ok_or_else(|| UnknownUnit {
        fitting: std::iter::once(base_unit.to_owned())
            .chain(fitting().map(|unit| format!("{} ({} {base_unit})", unit.code, unit.base_units)))
            .collect(),
    })
}

/// The base units of a quantity in a unit; `None` when they are more than one command may move.
#[must_use]
pub fn in_base_units(quantity: Quantity, base_units_per_unit: i64) -> Option<Quantity> {
    quantity.checked_mul(base_units_per_unit).filter(|quantity| *quantity <= Quantity::COMMAND_MAX)
}

/// What happens to an ordered quantity that is no whole number of packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PackRounding {
    /// It is refused.
    #[default]
    Refuse,
    /// It is raised to the next whole pack.
    Up,
    /// It is lowered to whole packs; less than one pack is refused.
    Down,
}

impl PackRounding {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::Up, Self::Down];

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "REFUSE",
            Self::Up => "UP",
            Self::Down => "DOWN",
        }
    }

    /// The quantity in whole packs of `pack_size` base units that stands for `quantity`.
    ///
    /// # Errors
    /// [`NoWholePacks`] when the rule refuses it, or when the next whole pack is more than one command may move.
    pub fn whole_packs(self, quantity: Quantity, pack_size: i64) -> Result<Quantity, NoWholePacks> {
        let pack_size = pack_size.max(1);
        let below = quantity.get() - quantity.get() % pack_size;
        if below == quantity.get() {
            return Ok(quantity);
        }
        let units = |units: i64| Quantity::try_new(units).ok().filter(|units| *units <= Quantity::COMMAND_MAX);
        let rounded = match self {
            Self::Refuse => None,
            Self::Up => below.checked_add(pack_size).and_then(units),
            Self::Down => units(below).filter(|units| !units.is_zero()),
        };
        rounded.ok_or(NoWholePacks { pack_size })
    }
}

/// A text that names no rule for packs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rule for quantities that are no whole number of packs")]
pub struct UnknownPackRounding(pub String);

impl FromStr for PackRounding {
    type Err = UnknownPackRounding;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text).ok_or_else(|| UnknownPackRounding(text.to_owned()))
    }
}

impl fmt::Display for PackRounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A quantity that is no whole number of packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of packs of {pack_size} base units")]
pub struct NoWholePacks {
    /// The base units of a pack.
    pub pack_size: i64,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn units(number: i64) -> Quantity {
        Quantity::try_new(number).unwrap()
    }

    fn unit(code: &str, base_units: i64, gtin: &str, (sellable, purchasable): (bool, bool)) -> ItemUnit {
        ItemUnit { code: code.to_owned(), base_units, gtin: gtin.to_owned(), sellable, purchasable }
    }

    fn some_units() -> Vec<ItemUnit> {
        vec![
            unit("BOX", 6, "", (true, false)),
            unit("CASE", 24, "4006381333931", (true, true)),
            unit("PALLET", 960, "", (false, true)),
        ]
    }

    #[test]
    fn a_unit_is_found_by_code_and_by_gtin_where_its_use_fits() {
        let all = some_units();
        let find = |text, use_| find_unit("EA", &all, text, use_);
        assert_eq!(find("", UnitUse::Sell), Ok(("", 1)));
        assert_eq!(find("EA", UnitUse::Buy), Ok(("EA", 1)));
        assert_eq!(find("4006381333931", UnitUse::Buy), Ok(("CASE", 24)));
        assert_eq!(find("BOX", UnitUse::Sell), Ok(("BOX", 6)));
        assert_eq!(find("BOX", UnitUse::Handle), Ok(("BOX", 6)));
        let refused = find("BOX", UnitUse::Buy).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "must be empty or the code or GTIN of one of: EA, CASE (24 EA), PALLET (960 EA)"
        );
        assert!(find("PALLET", UnitUse::Sell).is_err());
    }

    #[test]
    fn base_units_are_exact_or_none() {
        assert_eq!(in_base_units(units(3), 24), Some(units(72)));
        assert_eq!(in_base_units(Quantity::COMMAND_MAX, 1), Some(Quantity::COMMAND_MAX));
        assert_eq!(in_base_units(Quantity::COMMAND_MAX, 2), None);
        assert_eq!(in_base_units(units(i64::MAX), i64::MAX), None);
    }

    #[test]
    fn what_is_no_whole_number_of_packs_goes_by_the_rule() {
        let whole = |rule: PackRounding, quantity| rule.whole_packs(units(quantity), 6).map(Quantity::get).ok();
        assert_eq!(PackRounding::ALL.map(|rule| whole(rule, 12)), [Some(12), Some(12), Some(12)]);
        assert_eq!(PackRounding::ALL.map(|rule| whole(rule, 10)), [None, Some(12), Some(6)]);
        assert_eq!(PackRounding::ALL.map(|rule| whole(rule, 5)), [None, Some(6), None], "none is no answer to some");
        let most = Quantity::COMMAND_MAX;
        assert!(PackRounding::Up.whole_packs(most, 7).is_err(), "the next pack is too much for one command");
    }

    proptest! {
        #[test]
        fn whole_packs_are_whole_near_and_on_the_side_of_the_rule(
            quantity in 1_i64..1_000_000, pack_size in 1_i64..1_000, rule in proptest::sample::select(&PackRounding::ALL[..]),
        ) {
            let Ok(whole) = rule.whole_packs(units(quantity), pack_size) else { return Ok(()) };
            prop_assert_eq!(whole.get() % pack_size, 0);
            prop_assert!(whole.get().abs_diff(quantity) < pack_size.unsigned_abs());
            prop_assert!(!whole.is_zero());
            match rule {
                PackRounding::Refuse => prop_assert_eq!(whole.get(), quantity),
                PackRounding::Up => prop_assert!(whole.get() >= quantity),
                PackRounding::Down => prop_assert!(whole.get() <= quantity),
            }
        }
    }

    #[test]
    fn each_rule_is_found_by_its_name() {
        for rule in PackRounding::ALL {
            assert_eq!(rule.as_str().parse(), Ok(rule));
        }
    }
}
