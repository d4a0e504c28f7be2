//! Names of allocation policies and of their versions, and what of a line their rules may read here.

use backorder_domain::{allocation::policy::AllocationPolicy, ids::PolicyId};
use backorder_proto::convert::{
    Violations,
    allocation::{ALLOCATION_POLICIES, allocation_policy_name},
    decode,
};

use super::attributes::{Source, source};

/// A policy, or one of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyName {
    /// The policy.
    pub id: PolicyId,
    /// The version; `None` for the one that holds.
    pub version: Option<i64>,
}

impl PolicyName {
    /// The name of a text: `allocationPolicies/{policy}`, or that and `/versions/{version}`.
    pub fn decode(name: &str, field: &str, violations: &mut Violations) -> Option<Self> {
        let (policy, version) = match name.split_once("/versions/") {
            None => (name, None),
            Some((policy, version)) => {
                let number = version.parse().ok().filter(|number| *number > 0 && !version.starts_with(['0', '+']));
                if number.is_none() {
                    let form = format!("{ALLOCATION_POLICIES}/{{policy}}/versions/{{version}}");
                    violations.push(field, format!("must have the form {form}, with a version from 1 on"));
                    return None;
                }
                (policy, number)
            }
        };
        let id = decode::resource_name(policy, ALLOCATION_POLICIES, PolicyId::try_new, field, violations)?;
        Some(Self { id, version })
    }

    /// The name as a text.
    #[must_use]
    pub fn text(&self) -> String {
        let policy = allocation_policy_name(self.id.as_str());
        self.version.map_or_else(|| policy.clone(), |version| format!("{policy}/versions/{version}"))
    }
}

/// Refuses a policy that reads what is not known of a line here. Answers whether all is known.
pub fn unknown_reads(policy: &AllocationPolicy, field: &str, violations: &mut Violations) -> bool {
    let mut is_known = true;
    for (place, read) in policy.reads() {
        if let Source::Unknown(why) = source(read) {
            violations.push(format!("{field}.{place}"), format!("reads {read}, which no line has: {why}"));
            is_known = false;
        }
    }
    is_known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_from_its_text_and_others_are_refused() {
        for name in ["allocationPolicies/spring", "allocationPolicies/spring/versions/12"] {
            let made = PolicyName::decode(name, "name", &mut Violations::new());
            assert_eq!(made.map(|made| made.text()), Some(name.to_owned()));
        }
        let wrong = ["spring", "policies/spring", "allocationPolicies/", "allocationPolicies/a/versions/"];
        let numbers = ["0", "-1", "+1", "01", "x", "1/2", "99999999999999999999"]
            .map(|n| format!("allocationPolicies/a/versions/{n}"));
        for name in wrong.into_iter().chain(numbers.iter().map(String::as_str)) {
            let mut violations = Violations::new();
            assert_eq!(PolicyName::decode(name, "name", &mut violations), None, "{name}");
            assert_eq!(violations.count(), 1, "{name}");
        }
    }
}
