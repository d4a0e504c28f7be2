//! Which group a demand belongs to: combinations of characteristics (tier, channel, region, ...) with a wildcard, as in SAP
//! product allocation.
//!
//! Owns the texts: they become small numbers when groups are built, and once for each distinct demand. Must not know what a
//! group is allowed.

use std::collections::HashMap;

/// The most characteristics that a combination may have.
pub const CHARACTERISTICS_MAX: usize = 8;
/// Stands in a combination for any value.
pub const WILDCARD: &str = "#";

const ANY: u32 = u32::MAX;
/// A value that no combination names.
const UNNAMED: u32 = u32::MAX - 1;

/// Why characteristics, a combination or a demand's values cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// None, or more than [`CHARACTERISTICS_MAX`].
    #[error("{0} characteristics, 1 to {CHARACTERISTICS_MAX} are allowed")]
    Characteristics(usize),
    /// A characteristic has no name.
    #[error("characteristic {0} has no name")]
    Unnamed(usize),
    /// A characteristic is named twice.
    #[error("characteristic {0:?} is named twice")]
    CharacteristicTwice(String),
    /// Not one value for each characteristic.
    #[error("{actual} values for {expected} characteristics")]
    Values {
        /// Characteristics.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// Two groups have the same combination.
    #[error("groups {first} and {second} have the same combination")]
    CombinationTwice {
        /// The place of the one among the groups.
        first: u32,
        /// The place of the other.
        second: u32,
    },
    /// More groups than can be numbered.
    #[error("too many groups")]
    TooManyGroups,
}

/// The characteristics that tell groups apart, most important first, with every value that a combination names.
#[derive(Debug, Clone)]
pub struct Characteristics {
    names: Vec<String>,
    values: Vec<HashMap<String, u32>>,
}

/// The values of a group, in numbers; some of them may be any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Combination([u32; CHARACTERISTICS_MAX]);

/// The values of a demand, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DemandKey([u32; CHARACTERISTICS_MAX]);

impl Characteristics {
    /// Characteristics with these names.
    ///
    /// # Errors
    /// [`InvalidKey`] when there are none or too many, or a name is empty or stands there twice.
    pub fn try_new(names: Vec<String>) -> Result<Self, InvalidKey> {
        if names.is_empty() || names.len() > CHARACTERISTICS_MAX {
            return Err(InvalidKey::Characteristics(names.len()));
        }
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                return Err(InvalidKey::Unnamed(index));
            }
            if names[..index].contains(name) {
                return Err(InvalidKey::CharacteristicTwice(name.clone()));
            }
        }
        let values = vec![HashMap::new(); names.len()];
        Ok(Self { names, values })
    }

    /// The names, most important first.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The combination of a group, one value for each characteristic; [`WILDCARD`] is any.
    ///
    /// # Errors
    /// [`InvalidKey::Values`] when there is not one value for each.
    pub fn combination(&mut self, values: &[&str]) -> Result<Combination, InvalidKey> {
        self.check_count(values)?;
        let mut numbers = [ANY; CHARACTERISTICS_MAX];
        for ((number, text), known) in numbers.iter_mut().zip(values).zip(&mut self.values) {
            if *text == WILDCARD {
                continue;
            }
            let next = u32::try_from(known.len()).unwrap_or(UNNAMED).min(UNNAMED);
            *number = match known.get(*text) {
                Some(number) => *number,
                None => *known.entry((*text).to_owned()).or_insert(next),
            };
        }
        Ok(Combination(numbers))
    }

    /// The values of a demand. One that no combination names is met only by a wildcard.
    ///
    /// # Errors
    /// [`InvalidKey::Values`] when there is not one value for each characteristic.
    pub fn demand(&self, values: &[&str]) -> Result<DemandKey, InvalidKey> {
        self.check_count(values)?;
        let mut numbers = [ANY; CHARACTERISTICS_MAX];
        for ((number, text), known) in numbers.iter_mut().zip(values).zip(&self.values) {
            *number = known.get(*text).copied().unwrap_or(UNNAMED);
        }
        Ok(DemandKey(numbers))
    }

    const fn check_count(&self, values: &[&str]) -> Result<(), InvalidKey> {
        let (expected, actual) = (self.names.len(), values.len());
        if expected == actual { Ok(()) } else { Err(InvalidKey::Values { expected, actual }) }
    }
}

/// Finds the group of a demand: of those that it fits, the one whose combination says most.
///
/// A combination that names more values wins; of equally many, the one that names the more important characteristic. So a
/// group with wildcards holds those for whom no closer group is made (SAP: collective product allocation).
#[derive(Debug, Clone, Default)]
pub struct GroupIndex {
    /// Which places are named by some combination, closest first.
    masks: Vec<[bool; CHARACTERISTICS_MAX]>,
    groups: HashMap<Combination, u32>,
}

impl GroupIndex {
    /// An index of groups, which are numbered as they come.
    ///
    /// # Errors
    /// [`InvalidKey::CombinationTwice`] when two are the same; [`InvalidKey::TooManyGroups`].
    pub fn try_new(combinations: &[Combination]) -> Result<Self, InvalidKey> {
        let mut index = Self::default();
        for (place, combination) in combinations.iter().enumerate() {
            let second = u32::try_from(place).map_err(|_| InvalidKey::TooManyGroups)?;
            if let Some(first) = index.groups.insert(*combination, second) {
                return Err(InvalidKey::CombinationTwice { first, second });
            }
            let mask = combination.0.map(|value| value != ANY);
            if !index.masks.contains(&mask) {
                index.masks.push(mask);
            }
        }
        let named = |mask: &[bool; CHARACTERISTICS_MAX]| mask.iter().filter(|is_named| **is_named).count();
        index.masks.sort_by_key(|mask| std::cmp::Reverse((named(mask), *mask)));
        Ok(index)
    }

    /// The place of the demand's group; `None` when it fits none.
    #[must_use]
    pub fn find(&self, demand: &DemandKey) -> Option<u32> {
        self.masks.iter().find_map(|mask| {
            let mut wanted = demand.0;
            for (value, is_named) in wanted.iter_mut().zip(mask) {
                if !is_named {
                    *value = ANY;
                }
            }
            self.groups.get(&Combination(wanted)).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn tier_and_channel() -> Characteristics {
        Characteristics::try_new(vec!["tier".to_owned(), "channel".to_owned()]).unwrap()
    }

    fn found(groups: &[[&str; 2]], demand: [&str; 2]) -> Option<u32> {
        let mut characteristics = tier_and_channel();
        let combinations: Vec<_> = groups.iter().map(|group| characteristics.combination(group).unwrap()).collect();
        GroupIndex::try_new(&combinations).unwrap().find(&characteristics.demand(&demand).unwrap())
    }

    #[test]
    fn a_demand_belongs_to_the_group_that_says_most_of_it() {
        let groups = [["#", "#"], ["#", "web"], ["GOLD", "#"], ["GOLD", "web"]];
        assert_eq!(found(&groups, ["GOLD", "web"]), Some(3));
        assert_eq!(found(&groups, ["GOLD", "shop"]), Some(2));
        assert_eq!(found(&groups, ["STD", "web"]), Some(1));
        assert_eq!(found(&groups, ["STD", "shop"]), Some(0));
        assert_eq!(found(&groups[..3], ["GOLD", "web"]), Some(2), "the tier is the more important");
    }

    #[test]
    fn a_group_that_names_more_values_wins_over_one_that_names_the_first() {
        let names = ["tier", "channel", "region"].map(str::to_owned).to_vec();
        let mut characteristics = Characteristics::try_new(names).unwrap();
        let groups = [["GOLD", "#", "#"], ["#", "web", "EU"]].map(|group| characteristics.combination(&group).unwrap());
        let demand = characteristics.demand(&["GOLD", "web", "EU"]).unwrap();
        assert_eq!(GroupIndex::try_new(&groups).unwrap().find(&demand), Some(1));
    }

    #[test]
    fn a_demand_that_fits_no_group_has_none() {
        assert_eq!(found(&[["GOLD", "#"]], ["STD", "web"]), None);
        assert_eq!(found(&[["GOLD", "#"]], ["#", "web"]), None, "a wildcard of a demand is a text like others");
    }

    #[test]
    fn a_group_that_stands_twice_is_refused() {
        let mut characteristics = tier_and_channel();
        let group = characteristics.combination(&["GOLD", "#"]).unwrap();
        let twice = GroupIndex::try_new(&[group, group]).unwrap_err();
        assert_eq!(twice, InvalidKey::CombinationTwice { first: 0, second: 1 });
    }

    #[test]
    fn what_is_not_one_value_per_characteristic_is_refused() {
        let wrong = InvalidKey::Values { expected: 2, actual: 1 };
        assert_eq!(tier_and_channel().combination(&["GOLD"]).unwrap_err(), wrong);
        assert_eq!(tier_and_channel().demand(&["GOLD"]).unwrap_err(), wrong);
        let names = |count| (0..count).map(|number: usize| number.to_string()).collect();
        assert_eq!(Characteristics::try_new(names(9)).unwrap_err(), InvalidKey::Characteristics(9));
        assert_eq!(Characteristics::try_new(vec![]).unwrap_err(), InvalidKey::Characteristics(0));
        assert_eq!(Characteristics::try_new(vec![String::new()]).unwrap_err(), InvalidKey::Unnamed(0));
        let twice = Characteristics::try_new(vec!["tier".to_owned(), "tier".to_owned()]).unwrap_err();
        assert_eq!(twice, InvalidKey::CharacteristicTwice("tier".to_owned()));
    }
}
