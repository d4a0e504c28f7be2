//! In which tier a line is served, and how long each tier waits.
//!
//! A line that has waited long enough is served one tier better than its customer's, once, and never better than the
//! best. A tier that the policy does not name comes after all that it names, so that such a line is served as of the
//! last named tier.

use std::{cmp::Reverse, collections::HashMap};

use super::AllocationPolicy;
use crate::allocation::filter::{
    Attribute, Facts,
    facts::{NO_DAY, NO_TEXT, View},
};

/// How long the lines of a tier wait, whether or not they take part in the run: what is left out waits, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierWait {
    /// The customer's tier; empty for lines without one.
    pub tier: String,
    /// Lines of the tier.
    pub lines: u64,
    /// The longest wait in days, and the first line that has it; `None` when no line tells since when it waits.
    pub longest: Option<(u32, usize)>,
    /// Lines that are served one tier better.
    pub promoted: u64,
}

/// The tiers in which the lines are served.
#[derive(Debug)]
pub(super) struct ServedTiers<'a> {
    /// The codes of the tiers, where promotion made them others than the customers'.
    codes: Option<Vec<u32>>,
    dictionary: &'a [String],
    promoted: Vec<u64>,
}

impl ServedTiers<'_> {
    /// The column of an attribute; that of `line.tier` with the promotions.
    pub(super) fn view_of<'v>(&'v self, attribute: Attribute, facts: &'v Facts<'_>) -> Option<View<'v>> {
        match &self.codes {
            Some(codes) if attribute == Attribute::LineTier => Some(View::Texts { codes, dictionary: self.dictionary }),
            Some(_) | None => facts.view(attribute),
        }
    }

    /// One bit for each line.
    pub(super) fn into_promoted(self) -> Vec<u64> {
        self.promoted
    }
}

pub(super) fn is_promoted(promoted: &[u64], line: usize) -> bool {
    promoted.get(line / 64).is_some_and(|bits| bits >> (line % 64) & 1 == 1)
}

/// The tier that each customer's tier is promoted to, by code; and the dictionary, which may need a further text.
pub(super) struct Ladder {
    better: Vec<Option<u32>>,
    dictionary: Vec<String>,
}

impl Ladder {
    /// What the tiers of a dictionary are promoted to. The last code is that of lines without a tier.
    pub(super) fn of(policy: &AllocationPolicy, dictionary: &[String]) -> Self {
        let tiers = &policy.tiers;
        let mut ladder = Self { better: Vec::with_capacity(dictionary.len() + 1), dictionary: dictionary.to_vec() };
        let place_of: HashMap<_, _> = tiers.iter().enumerate().map(|(place, tier)| (tier.as_str(), place)).collect();
        let places = dictionary.iter().map(|tier| place_of.get(tier.as_str()).copied()).chain([None]);
        let mut code_of: HashMap<_, _> =
            dictionary.iter().zip(0_u32..).map(|(tier, code)| (tier.as_str(), code)).collect();
        for place in places {
            let better = match place {
                Some(place) => place.checked_sub(1),
                None => tiers.len().checked_sub(1),
            };
            let code = better.map(|place| {
                *code_of.entry(tiers[place].as_str()).or_insert_with(|| {
                    ladder.dictionary.push(tiers[place].clone());
                    u32::try_from(ladder.dictionary.len() - 1).unwrap_or(NO_TEXT)
                })
            });
            ladder.better.push(code);
        }
        ladder
    }
}

/// The tiers in which the lines are served on a day. `ladder` is made of the dictionary of `customer.tier`.
pub(super) fn served<'a>(days: u32, codes: &[u32], since: &[i32], today: i32, ladder: &'a Ladder) -> ServedTiers<'a> {
    let mut promoted = vec![0_u64; codes.len().div_ceil(64)];
    let without = ladder.better.len() - 1;
    let mut served = codes.to_vec();
    for (line, code) in served.iter_mut().enumerate() {
        let place = if *code == NO_TEXT { without } else { *code as usize };
        let long = wait(since[line], today).is_some_and(|waited| waited >= days);
        if let Some(better) = ladder.better[place].filter(|_| long) {
            *code = better;
            promoted[line / 64] |= 1 << (line % 64);
        }
    }
    ServedTiers { codes: Some(served), dictionary: &ladder.dictionary, promoted }
}

/// Nobody is promoted.
pub(super) fn own<'a>() -> ServedTiers<'a> {
    ServedTiers { codes: None, dictionary: &[], promoted: Vec::new() }
}

/// Days of waiting; 0 before the wait begins, `None` when nobody knows when it began.
fn wait(since: i32, today: i32) -> Option<u32> {
    (since != NO_DAY).then(|| u32::try_from(i64::from(today) - i64::from(since)).unwrap_or(0))
}

/// The longest wait of each tier that has lines: in the policy's order, then the other tiers by name, then no tier.
pub(super) fn waits(policy: &AllocationPolicy, facts: &Facts<'_>, promoted: &[u64], today: i32) -> Vec<TierWait> {
    let Some(View::Texts { codes, dictionary }) = facts.view(Attribute::CustomerTier) else { return Vec::new() };
    let since = match facts.view(Attribute::LineWaitingSince) {
        Some(View::Days(days, _)) => Some(days),
        Some(View::Texts { .. } | View::Numbers(..)) | None => None,
    };
    let named = dictionary.iter().cloned().chain([String::new()]);
    let mut waits: Vec<_> = named.map(|tier| TierWait { tier, lines: 0, longest: None, promoted: 0 }).collect();
    for (line, code) in codes.iter().enumerate() {
        let tier = &mut waits[if *code == NO_TEXT { dictionary.len() } else { *code as usize }];
        tier.lines += 1;
        tier.promoted += u64::from(is_promoted(promoted, line));
        if let Some(waited) = since.and_then(|since| wait(since[line], today))
            && tier.longest.is_none_or(|(longest, _)| longest < waited)
        {
            tier.longest = Some((waited, line));
        }
    }
    waits.retain(|tier| tier.lines > 0);
    let place = |tier: &str| policy.tiers.iter().position(|known| known == tier).unwrap_or(policy.tiers.len());
    waits.sort_by_cached_key(|wait| (place(&wait.tier), wait.tier.is_empty(), wait.tier.clone()));
    // An empty tier and none are one, and so are two codes of one text.
    waits.dedup_by(|next, kept| kept.tier == next.tier && kept.take_in(next));
    waits
}

impl TierWait {
    fn take_in(&mut self, other: &Self) -> bool {
        self.lines += other.lines;
        self.promoted += other.promoted;
        let first = |longest: Option<(u32, usize)>| longest.map(|(days, line)| (days, Reverse(line)));
        if first(self.longest) < first(other.longest) {
            self.longest = other.longest;
        }
        true
    }
}
