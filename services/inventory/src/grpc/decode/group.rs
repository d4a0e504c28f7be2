//! Requests of `GroupService`.

use backorder_domain::ids::ItemId;
use backorder_proto::{
    convert::{Violations, decode, inventory as wire},
    inventory::v1 as pb,
};

use crate::{use_cases::stock::PutItemGroups, write::Who};

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
