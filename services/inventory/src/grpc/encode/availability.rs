//! Answers of `AvailabilityService`.

use backorder_domain::stock::atp::Bucket;
use backorder_proto::{
    convert::{encode, inventory as wire},
    inventory::v1 as pb,
};
use backorder_service_kit::paging::resume_token;

use crate::use_cases::availability::{Availability, ProfileAnswer, WatchMessage};

/// The name to which resume tokens of the watch are bound.
pub const AVAILABILITY_STREAM: &str = "backorder.inventory.v1/availability";

/// What can be had of one pair.
#[must_use]
pub fn availability_message(availability: &Availability) -> pb::Availability {
    let position = wire::position(&availability.item, &availability.position, availability.updated_at);
    pb::Availability {
        position: Some(position),
        available_to_sell: availability.available_to_sell.get(),
        waiting: availability.waiting.get(),
        inbound: availability.inbound.get(),
        inbound_past_due: availability.inbound_past_due.get(),
        next_supply_date: availability.next_supply_date.map(encode::date),
    }
}

/// A profile.
#[must_use]
pub fn profile_message(answer: ProfileAnswer) -> pb::GetAvailabilityProfileResponse {
    pb::GetAvailabilityProfileResponse {
        buckets: answer.profile.buckets().iter().map(bucket_message).collect(),
        earliest_date: answer.earliest_date.map(encode::date),
        time_zone: answer.time_zone,
    }
}

fn bucket_message(bucket: &Bucket) -> pb::AvailabilityBucket {
    pb::AvailabilityBucket {
        date: Some(encode::date(bucket.date)),
        supply: bucket.supply,
        demand: bucket.demand,
        discrete: bucket.discrete,
        cumulative: bucket.cumulative,
        available_to_promise: bucket.available_to_promise().get(),
    }
}

/// One message of a watch.
#[must_use]
pub fn watch_message(message: WatchMessage) -> pb::WatchAvailabilityResponse {
    let resume_token = resume_token(AVAILABILITY_STREAM, message.position);
    let change_time = message.change.as_ref().map(|change| encode::timestamp(change.changed_at));
    let position = message.change.map(|change| change.position);
    pb::WatchAvailabilityResponse { resume_token, position, change_time }
}
