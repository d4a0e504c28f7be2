//! What each strategy may do with what there is.

use super::{
    demand::{Confirmation, Strategy},
    fulfil::Search,
    limits::Limits,
    plan::{Constraint, ExceptionKind},
    profile,
};

/// Decides about one requirement. Answers the exception and the missing units where its strategy cannot be kept.
pub(super) fn decide<L: Limits>(
    search: &mut Search<'_, '_, L>,
    confirmed: &[Confirmation],
) -> Option<(ExceptionKind, i64)> {
    match search.requirement.strategy {
        Strategy::Win => {
            search.last = search.first.min(search.last);
            search.best();
            let missing = search.open();
            (missing > 0).then_some((ExceptionKind::Win, missing))
        }
        Strategy::Gain => {
            let missing = keep_and_improve(search, confirmed);
            (missing > 0).then_some((ExceptionKind::Gain, missing))
        }
        Strategy::Improve => {
            let mark = search.takes.mark();
            if keep_and_improve(search, confirmed) > 0 {
                search.back_to(mark);
                search.best();
            }
            None
        }
        Strategy::Redistribute => {
            search.best();
            None
        }
        // Its ceiling is what it had.
        Strategy::Fill if !confirmed.is_empty() => {
            search.best();
            None
        }
        Strategy::Fill | Strategy::Lose => {
            search.binding = Constraint::Strategy;
            None
        }
    }
}

/// Takes the best confirmation that is nowhere behind the present one. Answers how many units are missing to that.
fn keep_and_improve<L: Limits>(search: &mut Search<'_, '_, L>, confirmed: &[Confirmation]) -> i64 {
    let mark = search.takes.mark();
    search.best();
    let missing = profile::shortfall(confirmed, search.own_takes(), search.first);
    if missing == 0 {
        return 0;
    }
    // Its wishes may stand in the way of what it was confirmed before they were as they are: then it keeps that, and what
    // it lacks is looked for beside it.
    search.back_to(mark);
    keep(search, confirmed, 0);
    let missing_when_kept = profile::shortfall(confirmed, search.own_takes(), search.first);
    if missing_when_kept == 0 && search.open() > 0 {
        search.best();
    }
    missing_when_kept
}

/// Takes the present confirmation again, as far as it is there, so many days later: from the same place, then from others.
pub(super) fn keep<L: Limits>(search: &mut Search<'_, '_, L>, confirmed: &[Confirmation], days_later: i32) {
    let group = search.requirement.group;
    for part in confirmed {
        let day = part.day.plus(days_later).max(search.first);
        let mut wanted = part.quantity.min(search.open());
        let others = search.places.iter().copied().filter(|place| *place != part.place);
        let places: Vec<u32> =
            std::iter::once(part.place).filter(|place| search.places.contains(place)).chain(others).collect();
        for place in places {
            let available = search.takes.available(place, day);
            let (allowed, bound) = search.limits.allowed(group, place, day, wanted, available);
            if allowed < wanted {
                search.binding = bound;
            }
            search.deliver(place, day, allowed);
            wanted -= allowed;
        }
    }
}
