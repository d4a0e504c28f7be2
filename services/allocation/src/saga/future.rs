//! What lines beyond their item's reservation horizon are promised of what is free on their day.
//!
//! Such a line waits beside free stock. Inventory is asked what is free from its day on with all demand counted, the line
//! itself too; what is not promised twice then is promised to it, unreserved.

use backorder_domain::{order::horizon::can_be_had, time::civil_date_in};
use backorder_proto::{convert::Violations, convert::decode, inventory::v1 as pb};
use jiff::civil::Date;
use tonic::Status;

use super::{CallAnswer, Step, StepKind};
use crate::use_cases::UseCases;

/// How far ahead inventory is asked, in days: as far as it answers.
const DAYS_MAX: i32 = 730;

/// Units that a line can have on its day without a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreserved {
    /// The demand line.
    pub line: String,
    /// The part of the line.
    pub part: i32,
    /// Base units.
    pub quantity: i64,
    /// The location, `locations/{location}`.
    pub location: String,
}

impl UseCases {
    /// Asks for the claims of the answers that take no stock now and are wanted later. Others cost nothing.
    pub(super) async fn unreserved(&self, step: &Step, answers: &[CallAnswer]) -> Result<Option<CallAnswer>, Status> {
        let is_new = matches!(step.kind, StepKind::Place | StepKind::Quote | StepKind::Confirm | StepKind::Amend);
        let mut found = Vec::new();
        for claim in answers.iter().filter(|_| is_new).flat_map(CallAnswer::claims) {
            let Some(day) = wanted_later(claim, self) else { continue };
            if let Some(unreserved) = self.unreserved_for(claim, day).await? {
                found.push(unreserved);
            }
        }
        Ok((!found.is_empty()).then_some(CallAnswer::Unreserved(found)))
    }

    /// The location that has most, the first choice among equals.
    async fn unreserved_for(&self, claim: &pb::Claim, day: Date) -> Result<Option<Unreserved>, Status> {
        let wanted = claim.waiting - claim.pegged;
        let mut best: Option<Unreserved> = None;
        for location in &claim.locations {
            let profile = self.inventory().availability_profile(&claim.item, location, DAYS_MAX).await?;
            let quantity = can_be_had(wanted, lowest_from(&profile, day));
            if quantity > best.as_ref().map_or(0, |best| best.quantity) {
                let (line, location) = (claim.line.clone(), location.clone());
                best = Some(Unreserved { line, part: claim.part, quantity, location });
            }
            if quantity == wanted {
                break;
            }
        }
        Ok(best)
    }
}

/// The day on which a claim that takes no stock now wants units that no supply covers.
fn wanted_later(claim: &pb::Claim, use_cases: &UseCases) -> Option<Date> {
    let day = decode::date(claim.requested_date.as_ref(), "", &mut Violations::new())?;
    // No zone is ahead of UTC by more than a day; the line's own barrier says whether it is beyond its horizon.
    let today = civil_date_in(use_cases.now(), &jiff::tz::TimeZone::UTC);
    // What is free is not known to fit a claim that asks something of its units.
    (!claim.eligible && claim.wish.is_none() && claim.waiting > claim.pegged && day > today).then_some(day)
}

/// The cumulative availability of an item at a location by day, as far ahead as inventory answers.
///
/// # Errors
/// The status of the call.
pub(crate) async fn available_by_day(
    use_cases: &UseCases,
    item: &str,
    location: &str,
) -> Result<Vec<(Date, i64)>, Status> {
    Ok(by_day(&use_cases.inventory().availability_profile(item, location, DAYS_MAX).await?))
}

fn by_day(profile: &pb::GetAvailabilityProfileResponse) -> Vec<(Date, i64)> {
    let date = |bucket: &pb::AvailabilityBucket| decode::date(bucket.date.as_ref(), "", &mut Violations::new());
    profile.buckets.iter().filter_map(|bucket| Some((date(bucket)?, bucket.cumulative))).collect()
}

/// The lowest cumulative availability from a day on. A bucket stands until the next one.
fn lowest_from(profile: &pb::GetAvailabilityProfileResponse, day: Date) -> i64 {
    let dated = by_day(profile);
    let first = dated.iter().rposition(|(date, _)| *date <= day).unwrap_or_default();
    dated.iter().skip(first).map(|(_, cumulative)| *cumulative).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use backorder_proto::common::v1 as common;

    use super::*;

    fn bucket(day: i32, cumulative: i64) -> pb::AvailabilityBucket {
        let date = Some(common::Date { year: 2026, month: 12, day });
        pb::AvailabilityBucket { date, cumulative, ..pb::AvailabilityBucket::default() }
    }

    #[test]
    fn what_stands_on_the_day_and_all_that_follows_counts() {
        let buckets = vec![bucket(1, -4), bucket(10, 7), bucket(20, 2)];
        let profile = pb::GetAvailabilityProfileResponse { buckets, ..Default::default() };
        let of = |day: i8| lowest_from(&profile, jiff::civil::date(2026, 12, day));
        assert_eq!([of(5), of(10), of(19), of(25)], [-4, 2, 2, 2]);
    }
}
