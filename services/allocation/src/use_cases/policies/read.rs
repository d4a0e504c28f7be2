//! `GetBackorderPolicy`, `ListBackorderPolicies`, `ResolvePolicy` and `GetServingSequence`.

use std::collections::BTreeMap;

use backorder_domain::{
    ids::{ItemId, LocationId, PolicyId},
    order::policy::{self, LineSubject},
};
use backorder_proto::{allocation::v1 as pb, convert::allocation::policy_name};
use backorder_storage::StorageError;
use jiff::{civil::Date, tz::TimeZone};

use super::{policy_message, sequence_message};
use crate::{
    error::{Error, Kind},
    store::rules::{self, StoredPolicy},
    use_cases::UseCases,
};

/// Policies read at once while all are looked at.
const POLICIES_PER_QUERY: u64 = 1_000;

/// Attributes of a line about which no order tells.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The item.
    pub item: ItemId,
    /// The sales channel; empty when unknown.
    pub channel: String,
    /// The first candidate location; `None` means the one that serves first where a line names none.
    pub location: Option<LocationId>,
    /// The customer's tier; empty when unknown.
    pub tier: String,
    /// The day; `None` means today.
    pub date: Option<Date>,
}

impl UseCases {
    /// One policy.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_policy(&self, id: &PolicyId) -> Result<pb::BackorderPolicy, Error> {
        match rules::find_policy(self.store().reader(), id.as_str()).await? {
            Some(stored) => Ok(policy_message(&stored)?),
            None => Err(Error::missing(Kind::Policy, policy_name(id.as_str()))),
        }
    }

    /// Policies after an id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_policies(&self, after: Option<&str>, limit: u64) -> Result<Vec<pb::BackorderPolicy>, Error> {
        let rows = rules::list_policies(self.store(), after, limit).await?;
        Ok(rows.iter().map(policy_message).collect::<Result<_, _>>()?)
    }

    /// All policies that fit, most specific first: the first one decides.
    ///
    /// # Errors
    /// [`Error::Missing`] when item or location are not there.
    pub async fn resolve_policy(&self, subject: Subject) -> Result<pb::ResolvePolicyResponse, Error> {
        let item = subject.item.as_str();
        let items = self.catalog().items(&BTreeMap::from([(item, "item".to_owned())])).await?;
        let named = subject.location.iter().map(|location| (location.as_str(), "location".to_owned())).collect();
        let places = self.catalog().places_with(&named).await?;
        let location = subject.location.as_ref().or_else(|| places.first_serving());
        let day = subject.date.unwrap_or_else(|| match location {
            Some(location) => places.today_at(location, self.now(), &TimeZone::UTC),
            None => backorder_domain::time::civil_date_in(self.now(), &TimeZone::UTC),
        });
        let line = LineSubject {
            item: &subject.item,
            category: items.get(item).map(|item| item.category.as_str()).unwrap_or_default(),
            tier: &subject.tier,
            channel: &subject.channel,
            location,
        };
        let stored = self.all_stored_policies().await?;
        let fitting = policy::fitting(stored.iter().map(|stored| &stored.policy), &line, day);
        let messages = fitting.iter().filter_map(|fits| stored.iter().find(|stored| stored.policy.id == fits.id));
        Ok(pb::ResolvePolicyResponse { policies: messages.map(policy_message).collect::<Result<_, _>>()? })
    }

    async fn all_stored_policies(&self) -> Result<Vec<StoredPolicy>, StorageError> {
        let mut all: Vec<StoredPolicy> = Vec::new();
        loop {
            let after = all.last().map(|stored| stored.policy.id.to_string());
            let page = rules::list_policies(self.store(), after.as_deref(), POLICIES_PER_QUERY).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The serving sequence; the default one before the first change.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get_sequence(&self) -> Result<pb::ServingSequence, Error> {
        Ok(sequence_message(&rules::sequence(self.store()).await?))
    }
}
