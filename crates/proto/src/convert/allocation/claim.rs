//! What inventory says about a claim, as the copy that an order keeps.

use backorder_domain::{
    ids::{LocationId, SupplyId},
    order::claim::{ClaimCopy, Pegged, Reserved},
    quantity::Quantity,
};
use jiff::{Timestamp, civil::Date};

use crate::{
    convert::{Violations, decode},
    inventory::v1 as pb,
};

/// A claim with what identifies its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOfLine {
    /// The demand line, as its owner named it.
    pub line: String,
    /// The part of the line.
    pub part: i32,
    /// What is reserved, waits and was shipped.
    pub copy: ClaimCopy,
    /// The place in the queue.
    pub queue_key: String,
    /// When it joined the queue.
    pub queue_time: Timestamp,
    /// Whether what waits may take stock.
    pub eligible: bool,
    /// Grows with every change of the claim and may skip numbers.
    pub version: i64,
}

/// Reads a claim.
///
/// # Errors
/// Everything in which the claim breaks the contract, for example a negative quantity.
pub fn claim_of_line(claim: &pb::Claim) -> Result<ClaimOfLine, Violations> {
    let mut violations = Violations::new();
    let decoded = decode_claim(claim, &mut violations);
    violations.finish_with(decoded)
}

fn decode_claim(claim: &pb::Claim, violations: &mut Violations) -> Option<ClaimOfLine> {
    let waiting = units(claim.waiting, "waiting", violations);
    let posted = units(claim.posted, "posted", violations);
    let queue_time = decode::timestamp(claim.queue_time.as_ref(), "queue_time", violations);
    let reservations = claim.reservations.iter().map(|reserved| {
        let location = location(&reserved.location, violations)?;
        Some(Reserved { location, quantity: units(reserved.quantity, "reservations.quantity", violations)? })
    });
    let reservations = reservations.collect::<Option<Vec<_>>>();
    let released = units(claim.released, "released", violations);
    let pegs = claim.pegs.iter().map(|peg| {
        Some(Pegged {
            supply: decode::resource_name(&peg.supply, "supplies", SupplyId::try_new, "pegs.supply", violations)?,
            location: location(&peg.location, violations)?,
            quantity: units(peg.quantity, "pegs.quantity", violations)?,
            expected_date: expected(peg, violations)?,
        })
    });
    let pegs = pegs.collect::<Option<Vec<_>>>();
    Some(ClaimOfLine {
        line: claim.line.clone(),
        part: claim.part,
        copy: ClaimCopy {
            reservations: reservations?,
            released: released?,
            waiting: waiting?,
            pegs: pegs?,
            posted: posted?,
        },
        queue_key: claim.queue_key.clone(),
        queue_time: queue_time?,
        eligible: claim.eligible,
        version: claim.version,
    })
}

fn units(number: i64, field: &str, violations: &mut Violations) -> Option<Quantity> {
    decode::checked(Quantity::try_new(number), field, violations)
}

fn location(name: &str, violations: &mut Violations) -> Option<LocationId> {
    decode::location_name(name, "location", violations)
}

fn expected(peg: &pb::Peg, violations: &mut Violations) -> Option<Date> {
    decode::date(peg.expected_date.as_ref(), "pegs.expected_date", violations)
}
