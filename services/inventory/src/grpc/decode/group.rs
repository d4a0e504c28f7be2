//! Requests of `GroupService`.

use backorder_domain::{
    allocation::group::key::CHARACTERISTICS_MAX,
    ids::{ItemId, LocationId},
    stock::groups::TEXT_BYTES_MAX,
};
use backorder_proto::{
    common::v1::WriteContext,
    convert::{Violations, decode, inventory as wire},
    inventory::v1 as pb,
};

use crate::{
    use_cases::stock::{MoveKept, PutItemGroups, Side},
    write::Who,
};

/// The command of `PutItemGroups`.
pub fn put(request: &pb::PutItemGroupsRequest, violations: &mut Violations) -> Option<PutItemGroups> {
    let who = Who::decode(request.context.as_ref(), violations);
    let groups = decode::required(request.groups.as_ref(), "groups", violations)?;
    let item = decode::item_name(&groups.item, "groups.item", violations);
    let rules = wire::decode_item_groups(groups, "groups", violations);
    let version = version(&groups.etag, "groups.etag", violations);
    Some(PutItemGroups { item: item?, version: version?, rules: rules?, who: who? })
}

/// The item of `GetItemGroups`.
pub fn get(request: &pb::GetItemGroupsRequest, violations: &mut Violations) -> Option<ItemId> {
    decode::item_name(&request.item, "item", violations)
}

/// The item and location of `QueryAllocation`.
pub fn query(request: &pb::QueryAllocationRequest, violations: &mut Violations) -> Option<(ItemId, LocationId)> {
    let item = decode::item_name(&request.item, "item", violations);
    item.zip(decode::location_name(&request.location, "location", violations))
}

/// The command of `Allocate`.
pub fn allocate(r: &pb::AllocateRequest, violations: &mut Violations) -> Option<MoveKept> {
    let to = side(&r.values, "values", violations);
    let moved = moved(&r.item, &r.location, r.quantity, r.context.as_ref(), violations);
    Some(MoveKept { to: to?, ..moved? })
}

/// The command of `Unallocate`.
pub fn unallocate(r: &pb::UnallocateRequest, violations: &mut Violations) -> Option<MoveKept> {
    let from = side(&r.values, "values", violations);
    let moved = moved(&r.item, &r.location, r.quantity, r.context.as_ref(), violations);
    Some(MoveKept { from: from?, ..moved? })
}

/// The command of `Reallocate`.
pub fn reallocate(r: &pb::ReallocateRequest, violations: &mut Violations) -> Option<MoveKept> {
    let from = side(&r.from_values, "from_values", violations);
    let to = side(&r.to_values, "to_values", violations);
    if r.from_values == r.to_values {
        violations.push("to_values", "must be another group than from_values");
    }
    let moved = moved(&r.item, &r.location, r.quantity, r.context.as_ref(), violations);
    Some(MoveKept { from: from?, to: to?, ..moved? })
}

fn moved(
    item: &str,
    location: &str,
    quantity: i64,
    context: Option<&WriteContext>,
    violations: &mut Violations,
) -> Option<MoveKept> {
    let item = decode::item_name(item, "item", violations);
    let location = decode::location_name(location, "location", violations);
    let quantity = decode::quantity(quantity, "quantity", violations);
    let who = Who::decode(context, violations);
    let (from, to) = (None, None);
    Some(MoveKept { item: item?, location: location?, from, to, quantity: quantity?, who: who? })
}

fn side(values: &[String], field: &'static str, violations: &mut Violations) -> Option<Side> {
    if !decode::count(values.len(), CHARACTERISTICS_MAX, field, violations) {
        return None;
    }
    let texts = values.iter().enumerate().map(|(index, value)| {
        decode::required_text(value, TEXT_BYTES_MAX, &decode::path(field, index, ""), violations)
    });
    let texts: Vec<Option<String>> = texts.collect();
    Some(Some((texts.into_iter().collect::<Option<_>>()?, field)))
}

/// The version of an etag: none names any, and one that nothing ever had is none that is there.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn version(etag: &str, field: &str, violations: &mut Violations) -> Option<Option<i64>> {
    if etag.is_empty() {
        return Some(None);
    }
    match etag.parse() {
        Ok(version) => Some(Some(version)),
        Err(_) => {
            violations.push(field, "must be an etag that was read");
            None
        }
    }
}
