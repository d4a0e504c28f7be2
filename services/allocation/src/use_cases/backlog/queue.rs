//! The queue of an item as one line sees it: who is ahead of it.

use std::collections::BTreeSet;

use backorder_proto::{allocation::v1 as pb, inventory::v1 as inventory};

/// The lines that are served before a line, nearest to being served first. The parts of a line count as one.
#[derive(Debug, Default)]
pub struct Queue {
    ahead: Vec<pb::QueueNeighbour>,
}

impl Queue {
    /// The lines of `claims`, which come in the order of the queue, that stand before the last part of the line `own` and
    /// could be served by one of the locations. A claim that names no location may be served by any.
    pub fn ahead_of(own: &str, claims: Vec<inventory::Claim>, locations: &BTreeSet<String>) -> Self {
        let last = claims.iter().rposition(|claim| claim.line == own).unwrap_or(claims.len());
        let mut queue = Self::default();
        for claim in claims.into_iter().take(last).filter(|claim| claim.line != own) {
            if claim.locations.is_empty() || claim.locations.iter().any(|location| locations.contains(location)) {
                queue.add(claim);
            }
        }
        queue
    }

    fn add(&mut self, claim: inventory::Claim) {
        // Another part of the line stands near, if anywhere: parts differ in their queue time only.
        match self.ahead.iter_mut().rev().find(|neighbour| neighbour.line == claim.line) {
            Some(neighbour) => neighbour.waiting = neighbour.waiting.saturating_add(claim.waiting),
            None => self.ahead.push(pb::QueueNeighbour {
                line: claim.line,
                waiting: claim.waiting,
                queue_time: claim.queue_time,
            }),
        }
    }

    /// How many lines are ahead.
    pub fn lines(&self) -> usize {
        self.ahead.len()
    }

    /// How many units they wait for.
    pub fn units(&self) -> i64 {
        self.ahead.iter().map(|neighbour| neighbour.waiting).fold(0, i64::saturating_add)
    }

    /// The first of them, at most `named_max`.
    pub fn into_nearest(mut self, named_max: usize) -> Vec<pb::QueueNeighbour> {
        self.ahead.truncate(named_max);
        self.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(line: &str, part: i32, waiting: i64, location: &str) -> inventory::Claim {
        let locations = if location.is_empty() { Vec::new() } else { vec![location.to_owned()] };
        inventory::Claim { line: line.to_owned(), part, waiting, locations, ..inventory::Claim::default() }
    }

    #[test]
    fn only_lines_before_the_last_part_that_share_a_location_are_ahead() {
        let claims = vec![
            claim("a", 1, 5, "main"),
            claim("own", 1, 1, "main"),
            claim("b", 1, 2, "north"),
            claim("c", 1, 3, ""),
            claim("a", 2, 4, "main"),
            claim("own", 2, 1, "main"),
            claim("d", 1, 9, "main"),
        ];
        let queue = Queue::ahead_of("own", claims, &BTreeSet::from(["main".to_owned()]));
        assert_eq!((queue.lines(), queue.units()), (2, 12));
        let nearest = queue.into_nearest(1);
        assert_eq!((nearest.len(), nearest[0].line.as_str(), nearest[0].waiting), (1, "a", 9));
    }
}
