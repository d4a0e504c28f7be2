//! Sums by group, with a bound on how many groups are kept.

use std::collections::BTreeMap;

/// Sums of the groups that follow a key, at most so many of them, whatever number of groups go by.
#[derive(Debug, Clone)]
pub struct Groups<S> {
    after: Option<String>,
    max: usize,
    sums: BTreeMap<String, S>,
}

impl<S: Default> Groups<S> {
    /// The first `max` groups whose keys follow `after`, in bytewise order.
    #[must_use]
    pub const fn new(after: Option<String>, max: usize) -> Self {
        Self { after, max, sums: BTreeMap::new() }
    }

    /// The sums of a group; `None` when it is not among those that are kept. A group that was given up for smaller keys
    /// never comes back, since the keys that are kept only become smaller: what is kept is whole.
    pub fn of(&mut self, key: &str) -> Option<&mut S> {
        if self.after.as_deref().is_some_and(|after| key <= after) {
            return None;
        }
        if !self.sums.contains_key(key) {
            let is_full = self.sums.len() >= self.max;
            if is_full && self.sums.last_key_value().is_none_or(|(last, _)| key > last.as_str()) {
                return None;
            }
            if is_full {
                self.sums.pop_last();
            }
            self.sums.insert(key.to_owned(), S::default());
        }
        self.sums.get_mut(key)
    }

    /// The groups, by ascending key.
    #[must_use]
    pub fn into_sums(self) -> BTreeMap<String, S> {
        self.sums
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: backorder_testkit::counts::cases("service_figures"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_kept_is_the_first_groups_whole(keys in vec(0..30_u8, 0..200), after in any::<Option<u8>>(), max in 0..12_usize) {
            let key = |key: &u8| format!("{key:03}");
            let after = after.map(|after| key(&(after % 30)));
            let mut groups = Groups::<u64>::new(after.clone(), max);
            let mut all: BTreeMap<String, u64> = BTreeMap::new();
            for one in keys.iter().map(key) {
                if let Some(sum) = groups.of(&one) {
                    *sum += 1;
                }
                *all.entry(one).or_default() += 1;
            }
            let expected = all.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
            prop_assert_eq!(groups.into_sums(), expected.take(max).collect::<BTreeMap<_, _>>());
        }
    }
}
