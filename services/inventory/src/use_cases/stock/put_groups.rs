//! `PutItemGroups`: what groups of demand may take of an item, and what is kept for them.

use std::collections::BTreeSet;

use backorder_domain::{ids::ItemId, stock::groups::ItemGroups};
use backorder_proto::{
    convert::{encode, inventory as wire},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// The groups of an item, all of them.
#[derive(Debug, Clone)]
pub struct PutItemGroups {
    /// The item.
    pub item: ItemId,
    /// The version that the caller read; `None` for any.
    pub version: Option<i64>,
    /// The rules.
    pub rules: ItemGroups,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for PutItemGroups {
    type Answer = pb::PutItemGroupsResponse;
    const NAME: &'static str = "put_item_groups";

    fn names(&self) -> Named<'_> {
        let field = |index: usize| format!("groups.protections[{index}].location");
        let locations = self.rules.protections.iter().enumerate();
        Named {
            items: vec![(&self.item, "groups.item".to_owned())],
            locations: locations.map(|(index, there)| (&there.location, field(index))).collect(),
        }
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope { items: BTreeSet::from([self.item.clone()]), names_items: true, ..Scope::default() }
    }

    fn cause(&self) -> String {
        "groups".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        vec![format!("items/{}/groups", self.item)]
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let (rules, expected) = (&self.rules, self.version);
        let (version, consumed) = desk.on_book(&self.item, |book, context| {
            Ok((book.put_groups(context, rules, expected)?, book.consumed_of_groups()))
        })?;
        let groups = pb::ItemGroups {
            etag: version.to_string(),
            update_time: Some(encode::timestamp(desk.context.now)),
            ..wire::item_groups(&self.item, rules, &consumed)
        };
        Ok(pb::PutItemGroupsResponse { groups: Some(groups) })
    }
}
