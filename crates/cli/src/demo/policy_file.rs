//! A policy of the demo as a file: in which sequence waiting lines are served, and which tiers may wait at all.
//!
//! It reads and refuses. What a sequence means is the business of the allocation service.

use std::{fs, path::Path};

use backorder_domain::allocation::sequence::{InvalidSequence, SequenceKey as DomainKey, ServingSequence as Sequence};
use backorder_proto::allocation::v1::{BackorderPolicy, SequenceKey, ServingSequence};
use serde_json::Value;

use super::tiers::Tier;
use crate::{failure::Failure, json_fields::Fields, output::text::named};

/// The most rules of one file.
const RULES_MAX: usize = 20;
/// The keys as a file names them.
const KEYS: [(&str, SequenceKey, DomainKey); 7] = [
    ("tier", SequenceKey::Tier, DomainKey::Tier),
    ("requested_date", SequenceKey::RequestedDate, DomainKey::RequestedDate),
    ("order_time", SequenceKey::OrderTime, DomainKey::OrderTime),
    ("channel", SequenceKey::Channel, DomainKey::Channel),
    ("margin", SequenceKey::Margin, DomainKey::Margin),
    ("value", SequenceKey::Value, DomainKey::Value),
    ("age", SequenceKey::Age, DomainKey::Age),
];
const FIELDS: [&str; 5] = ["name", "keys", "tier_order", "channel_order", "backorder_policies"];
const RULE_FIELDS: [&str; 4] = ["id", "tier", "allowed", "waiting_limit"];

/// A policy under which the demo runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// What the policy is called.
    pub name: String,
    /// The content of the file in one spelling: two files with the same rules have the same.
    pub content: String,
    /// In which sequence waiting lines are served.
    pub sequence: ServingSequence,
    /// Who may wait, beside the demo's own policy that what is sold off is not backordered.
    pub rules: Vec<BackorderPolicy>,
}

impl PolicyFile {
    /// Reads several files.
    ///
    /// # Errors
    /// [`Failure`] as of [`Self::read`], and when two policies have one name.
    pub fn read_all<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Self>, Failure> {
        let mut policies: Vec<Self> = Vec::with_capacity(paths.len());
        for path in paths {
            let policy = Self::read(path.as_ref())?;
            if policies.iter().any(|known| known.name == policy.name) {
                let told =
                    format!("{}: name: {:?} is the name of another policy", path.as_ref().display(), policy.name);
                return Err(Failure::new(told).next("give each policy a name of its own"));
            }
            policies.push(policy);
        }
        Ok(policies)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure`] that names the file, the field and what is allowed there.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |told: String| Failure::new(format!("{}: {told}", path.display()));
        let bytes = fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
        Self::parse(&bytes).map_err(|told| refused(told).next("`backorder demo --help` shows such a file"))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))?;
        let fields = Fields::of(&value, "", &FIELDS)?;
        let sequence = sequence(&fields)?;
        let rules = match fields.get("backorder_policies") {
            None => Vec::new(),
            Some(Value::Array(rules)) if rules.len() <= RULES_MAX => rules_of(rules)?,
            Some(_) => return Err(format!("backorder_policies: must be a list of at most {RULES_MAX} objects")),
        };
        Ok(Self { name: fields.name("name")?, content: value.to_string(), sequence, rules })
    }

    /// The sequence in words.
    #[must_use]
    pub fn words(&self) -> String {
        let word = |key: &i32| {
            let found = KEYS.iter().find(|(_, known, _)| i32::from(*known) == *key).map_or("", |(word, ..)| *word);
            let values = match found {
                "tier" => self.sequence.tier_order.as_slice(),
                "channel" => &self.sequence.channel_order,
                _ => &[],
            };
            let found = found.replace('_', " ");
            if values.is_empty() { found } else { format!("{found} ({})", values.join(", ")) }
        };
        let keys: Vec<String> = self.sequence.keys.iter().map(word).collect();
        let rules = match self.rules.len() {
            0 => String::new(),
            rules => format!("; {rules} rules of who may wait"),
        };
        format!("served by {}{rules}", keys.join(", "))
    }
}

fn sequence(fields: &Fields<'_>) -> Result<ServingSequence, String> {
    let words = fields.texts("keys")?;
    let allowed = || KEYS.map(|(word, ..)| word).join(", ");
    if words.is_empty() {
        return Err(format!("keys: must name at least one of {}", allowed()));
    }
    let known = |(place, word): (usize, &String)| {
        let found = KEYS.iter().find(|(known, ..)| known == word);
        found.ok_or_else(|| format!("keys[{place}]: {word:?} is none of {}", allowed()))
    };
    let keys = words.iter().enumerate().map(known).collect::<Result<Vec<_>, _>>()?;
    let (tiers, channels) = (fields.texts("tier_order")?, fields.texts("channel_order")?);
    for (place, tier) in tiers.iter().enumerate() {
        known_tier(tier).ok_or_else(|| format!("tier_order[{place}]: {tier:?} is none of {}", Tier::names()))?;
    }
    for (word, field, names) in [("tier", "tier_order", &tiers), ("channel", "channel_order", &channels)] {
        match (words.iter().any(|key| key == word), names.is_empty()) {
            (true, true) => return Err(format!("{field}: is required when keys name {word:?}, best first")),
            (false, false) => return Err(format!("{field}: is allowed only when keys name {word:?}")),
            (true, false) | (false, true) => {}
        }
    }
    let valid = Sequence::try_new(keys.iter().map(|(.., key)| *key).collect(), tiers.clone(), channels.clone());
    valid.map_err(|error| match error {
        InvalidSequence::KeyTwice(_) => "keys: each may be named once".to_owned(),
        InvalidSequence::NameTwice(name) => format!("tier_order, channel_order: {name:?} is named twice"),
        InvalidSequence::TooManyNames => format!("tier_order, channel_order: {error}"),
    })?;
    let keys = keys.iter().map(|(_, key, _)| (*key).into()).collect();
    Ok(ServingSequence { keys, tier_order: tiers, channel_order: channels, etag: String::new() })
}

fn rules_of(rules: &[Value]) -> Result<Vec<BackorderPolicy>, String> {
    let mut read: Vec<BackorderPolicy> = Vec::with_capacity(rules.len());
    for (place, value) in rules.iter().enumerate() {
        let at = format!("backorder_policies[{place}].");
        let fields = Fields::of(value, &at, &RULE_FIELDS)?;
        let rule = rule(&fields, &at)?;
        if read.iter().any(|known| known.name == rule.name) {
            return Err(format!("{at}id: is the id of another one"));
        }
        read.push(rule);
    }
    Ok(read)
}

fn rule(fields: &Fields<'_>, at: &str) -> Result<BackorderPolicy, String> {
    let id = fields.name("id")?;
    if id == super::setup::CLEARANCE_POLICY {
        return Err(format!("{at}id: {id:?} is the demo's own"));
    }
    let tier = match fields.get("tier") {
        None => String::new(),
        Some(Value::String(tier)) if known_tier(tier).is_some() => tier.clone(),
        Some(other) => return Err(format!("{at}tier: {other} is none of {}", Tier::names())),
    };
    let allowed = match fields.get("allowed") {
        Some(Value::Bool(allowed)) => *allowed,
        _ => return Err(format!("{at}allowed: must be true or false")),
    };
    let waiting_limit = match fields.get("waiting_limit") {
        None => None,
        Some(_) if !allowed => return Err(format!("{at}waiting_limit: is allowed only when allowed is true")),
        Some(limit) => match limit.as_i64().filter(|units| *units >= 0) {
            Some(units) => Some(units),
            None => return Err(format!("{at}waiting_limit: must be a whole number of units, 0 or more")),
        },
    };
    let name = named("policies", &id);
    Ok(BackorderPolicy { name, customer_tier: tier, allowed, waiting_limit, split_allowed: true, ..Default::default() })
}

fn known_tier(name: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.name() == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn refused(text: &str) -> String {
        PolicyFile::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_file_gives_the_sequence_and_who_may_wait() {
        let text = r#"{"name": "gold-first", "keys": ["tier", "margin"], "tier_order": ["GOLD", "SILVER"],
            "backorder_policies": [{"id": "few", "tier": "STANDARD", "allowed": true, "waiting_limit": 40},
                                   {"id": "rest", "allowed": false}]}"#;
        let policy = PolicyFile::parse(text.as_bytes()).unwrap();
        assert_eq!(policy.sequence.keys, [i32::from(SequenceKey::Tier), i32::from(SequenceKey::Margin)]);
        assert_eq!(policy.sequence.tier_order, ["GOLD", "SILVER"]);
        let rules: Vec<_> = policy.rules.iter().map(|rule| (&*rule.name, rule.allowed, rule.waiting_limit)).collect();
        assert_eq!(rules, [("policies/few", true, Some(40)), ("policies/rest", false, None)]);
        assert_eq!(policy.words(), "served by tier (GOLD, SILVER), margin; 2 rules of who may wait");
    }

    #[test]
    fn the_policies_of_this_repository_are_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let paths = ["first-come", "tier", "margin"].map(|name| folder.join(format!("{name}.json")));
        let policies = PolicyFile::read_all(&paths).unwrap();
        let words: Vec<String> = policies.iter().map(PolicyFile::words).collect();
        let tier = "served by tier (GOLD, SILVER, STANDARD), requested date, order time";
        assert_eq!(words, ["served by order time", tier, "served by margin, order time"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field_and_what_is_allowed() {
        let cases = [
            ("[]", "the file: must be an object with name, keys"),
            ("{\"name\": \"a\", \"keys\": [\"age\"], \"rank\": 1}", "rank: is not known; allowed are name, keys"),
            (r#"{"name": "A b", "keys": ["age"]}"#, "name: must be 1 to 40 small letters"),
            (r#"{"name": "../a", "keys": ["age"]}"#, "name: must be 1 to 40 small letters"),
            (r#"{"name": "a"}"#, "keys: must name at least one of tier, requested_date"),
            (r#"{"name": "a", "keys": "age"}"#, "keys: must be a list of texts"),
            (r#"{"name": "a", "keys": ["age", "profit"]}"#, "keys[1]: \"profit\" is none of tier, requested_date"),
            (r#"{"name": "a", "keys": ["age", "age"]}"#, "keys: each may be named once"),
            (r#"{"name": "a", "keys": ["tier"]}"#, "tier_order: is required when keys name \"tier\""),
            (r#"{"name": "a", "keys": ["age"], "tier_order": ["GOLD"]}"#, "tier_order: is allowed only when"),
            (
                r#"{"name": "a", "keys": ["tier"], "tier_order": ["GOLD", "IRON"]}"#,
                "tier_order[1]: \"IRON\" is none of GOLD, SILVER, STANDARD",
            ),
            (r#"{"name": "a", "keys": ["tier"], "tier_order": ["GOLD", "GOLD"]}"#, "\"GOLD\" is named twice"),
        ];
        for (text, expected) in cases {
            let told = refused(text);
            assert!(told.contains(expected), "{text}: {told}");
        }
        assert!(refused("{").starts_with("is not JSON: "));
    }

    #[test]
    fn a_wrong_rule_is_told_with_its_place() {
        let told =
            |rules: &str| refused(&format!(r#"{{"name": "a", "keys": ["age"], "backorder_policies": {rules}}}"#));
        let cases = [
            ("{}", "backorder_policies: must be a list"),
            ("[1]", "backorder_policies[0]: must be an object with id, tier"),
            (
                r#"[{"id": "a", "allowed": true}, {"id": "a", "allowed": true}]"#,
                "backorder_policies[1].id: is the id of",
            ),
            (r#"[{"id": "a"}]"#, "backorder_policies[0].allowed: must be true or false"),
            (r#"[{"id": "a", "allowed": true, "tier": 7}]"#, "backorder_policies[0].tier: 7 is none of GOLD"),
            (r#"[{"id": "a", "allowed": true, "waiting_limit": -1}]"#, "waiting_limit: must be a whole number"),
            (r#"[{"id": "a", "allowed": false, "waiting_limit": 1}]"#, "waiting_limit: is allowed only when"),
            (r#"[{"id": "clearance-is-not-backordered", "allowed": true}]"#, "is the demo's own"),
        ];
        for (rules, expected) in cases {
            let found = told(rules);
            assert!(found.contains(expected), "{rules}: {found}");
        }
    }

    #[test]
    fn a_refusal_names_the_file_and_two_policies_of_one_name_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            fs::write(&path, text).unwrap();
            path
        };
        let good = r#"{"name": "a", "keys": ["age"]}"#;
        let (one, other, bad) = (write("1.json", good), write("2.json", good), write("bad.json", "{}"));
        let told = |paths: &[std::path::PathBuf]| PolicyFile::read_all(paths).unwrap_err().to_string();
        assert!(told(&[one, other]).contains("2.json: name: \"a\" is the name of another policy"));
        assert!(told(&[bad]).contains("bad.json: keys: must name at least one of"));
        assert!(told(&[folder.path().join("none.json")]).contains("none.json: cannot be read"));
    }
}
