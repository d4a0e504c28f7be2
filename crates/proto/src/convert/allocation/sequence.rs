//! The serving sequence, in both directions.

use backorder_domain::allocation::sequence::{SequenceKey, ServingSequence};

use crate::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

/// A key of the sequence, on the wire.
#[must_use]
pub fn sequence_key(key: SequenceKey) -> pb::SequenceKey {
    match key {
        SequenceKey::Tier => pb::SequenceKey::Tier,
        SequenceKey::RequestedDate => pb::SequenceKey::RequestedDate,
        SequenceKey::OrderTime => pb::SequenceKey::OrderTime,
        SequenceKey::Channel => pb::SequenceKey::Channel,
        SequenceKey::Margin => pb::SequenceKey::Margin,
        SequenceKey::Value => pb::SequenceKey::Value,
        SequenceKey::Age => pb::SequenceKey::Age,
    }
}

/// A sequence from the wire, its fields under `field`.
pub fn sequence_of(
    sequence: &pb::ServingSequence,
    field: &str,
    violations: &mut Violations,
) -> Option<ServingSequence> {
    let at = |name: &str| format!("{field}.{name}");
    let mut keys = Vec::with_capacity(sequence.keys.len());
    for (index, key) in sequence.keys.iter().enumerate().take(SequenceKey::ALL.len() + 1) {
        let path = decode::path(&at("keys"), index, "");
        let wire = decode::required_enum::<pb::SequenceKey>(*key, &path, violations)?;
        keys.extend(SequenceKey::ALL.into_iter().find(|key| sequence_key(*key) == wire));
    }
    let tiers = names(&sequence.tier_order, &at("tier_order"), violations);
    let channels = names(&sequence.channel_order, &at("channel_order"), violations);
    decode::checked(ServingSequence::try_new(keys, tiers?, channels?), field, violations)
}

fn names(names: &[String], field: &str, violations: &mut Violations) -> Option<Vec<String>> {
    let mut decoded = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let path = decode::path(field, index, "");
        let name = decode::required_text(name, 50, &path, violations)?;
        if name.contains(['\n', '\t']) {
            violations.push(path, "must not hold control characters");
            return None;
        }
        decoded.push(name);
    }
    Some(decoded)
}

impl From<&ServingSequence> for pb::ServingSequence {
    /// Everything but the etag.
    fn from(sequence: &ServingSequence) -> Self {
        Self {
            keys: sequence.keys().iter().map(|key| sequence_key(*key).into()).collect(),
            tier_order: sequence.tiers().to_vec(),
            channel_order: sequence.channels().to_vec(),
            etag: String::new(),
        }
    }
}
