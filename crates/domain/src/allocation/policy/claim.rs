//! Who claims each line: the first segment by evaluation sequence whose filters let it in.

use super::{
    AllocationPolicy, LineScope,
    arrange::{FilterFailures, InvalidLines},
    tier::ServedTiers,
};
use crate::allocation::filter::{Facts, Filter, Matcher, ROOM_MIN, Verdict};

/// No segment claims the line. Greater than the place of any segment.
pub(super) const UNCLAIMED: u8 = u8::MAX;
/// The line is outside the global segment. Greater than the place of any segment.
pub(super) const OUTSIDE: u8 = u8::MAX - 1;

/// So many lines are asked about at once, so that what is known of them stays near.
const BLOCK: usize = 1 << 12;

/// A scope at work.
struct ScopeMatcher<'a> {
    /// The place of its segment, [`OUTSIDE`] for the global one.
    place: u8,
    include: Option<Matcher<'a>>,
    exclude: Option<Matcher<'a>>,
}

impl ScopeMatcher<'_> {
    /// Puts those of some lines that are in the scope into `inside`.
    fn split(&mut self, lines: &[u32], verdicts: &mut Vec<Verdict>, inside: &mut Vec<u32>) {
        inside.clear();
        match &mut self.include {
            None => inside.extend(lines),
            Some(include) => {
                include.verdicts(lines, verdicts);
                let judged = lines.iter().zip(verdicts.iter());
                inside.extend(judged.filter(|(_, verdict)| **verdict == Verdict::Matched).map(|(line, _)| *line));
            }
        }
        if let Some(exclude) = &mut self.exclude {
            exclude.verdicts(inside, verdicts);
            let mut verdicts = verdicts.iter();
            inside.retain(|_| verdicts.next() != Some(&Verdict::Matched));
        }
    }

    fn failures(&self) -> impl Iterator<Item = FilterFailures> {
        let field = field(self.place);
        let sides = [("include", &self.include), ("exclude", &self.exclude)];
        sides.into_iter().filter_map(move |(side, matcher)| {
            let failures = matcher.as_ref()?.failures()?;
            Some(FilterFailures { field: format!("{field}.{side}"), failures })
        })
    }
}

fn field(place: u8) -> String {
    if place == OUTSIDE { "global".to_owned() } else { format!("segments[{place}]") }
}

/// What filters are put to work on.
struct Setting<'a> {
    facts: &'a Facts<'a>,
    tiers: &'a ServedTiers<'a>,
    room: usize,
    today: i32,
}

impl<'a> Setting<'a> {
    fn scope(&self, place: u8, scope: &'a LineScope) -> Result<ScopeMatcher<'a>, InvalidLines> {
        Ok(ScopeMatcher {
            place,
            include: self.matcher(place, "include", scope.include.as_ref())?,
            exclude: self.matcher(place, "exclude", scope.exclude.as_ref())?,
        })
    }

    fn matcher(&self, place: u8, side: &str, filter: Option<&'a Filter>) -> Result<Option<Matcher<'a>>, InvalidLines> {
        let (facts, tiers) = (self.facts, self.tiers);
        let at_work = |filter| Matcher::try_new(filter, |read| tiers.view_of(read, facts), self.room, self.today);
        filter.map(at_work).transpose().map_err(|missing| {
            let field = format!("{}.{side}", field(place));
            InvalidLines::NoColumn { field, attribute: missing.0 }
        })
    }
}

/// The claim of each line, the place of its segment, [`UNCLAIMED`] or [`OUTSIDE`]; and the filters that had no answer for
/// lines that they were asked about.
pub(super) fn claims(
    policy: &AllocationPolicy,
    facts: &Facts<'_>,
    tiers: &ServedTiers<'_>,
    today: i32,
) -> Result<(Vec<u8>, Vec<FilterFailures>), InvalidLines> {
    let scopes = policy.global.iter().chain(policy.segments.iter().map(|segment| &segment.scope));
    let filters = scopes.flat_map(|scope| scope.include.iter().chain(&scope.exclude)).count();
    // All filters together remember no more than one answer for each line.
    let room = (facts.lines() / filters.max(1)).max(ROOM_MIN);
    let setting = Setting { facts, tiers, room, today };
    let mut global = policy.global.as_ref().map(|scope| setting.scope(OUTSIDE, scope)).transpose()?;
    let mut segments = Vec::with_capacity(policy.segments.len());
    for place in policy.evaluation_order() {
        // A policy has far fewer segments than there are numbers of this width.
        let number = u8::try_from(place).unwrap_or(UNCLAIMED);
        segments.push(setting.scope(number, &policy.segments[place].scope)?);
    }
    let mut claims = vec![UNCLAIMED; facts.lines()];
    let (mut open, mut inside, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = 0;
    for block in claims.chunks_mut(BLOCK) {
        let end = first + u32::try_from(block.len()).unwrap_or(0);
        open.clear();
        open.extend(first..end);
        if let Some(global) = &mut global {
            global.split(&open, &mut verdicts, &mut inside);
            block.fill(OUTSIDE);
            inside.iter().for_each(|line| block[(line - first) as usize] = UNCLAIMED);
            std::mem::swap(&mut open, &mut inside);
        }
        for segment in &mut segments {
            segment.split(&open, &mut verdicts, &mut inside);
            inside.iter().for_each(|line| block[(line - first) as usize] = segment.place);
            open.retain(|line| block[(line - first) as usize] == UNCLAIMED);
        }
        first = end;
    }
    segments.sort_by_key(|segment| segment.place);
    let failures = global.iter().chain(&segments).flat_map(ScopeMatcher::failures).collect();
    Ok((claims, failures))
}
