//! Assumptions as a person gives them: `name=value`, or a JSON object of names and values.

use std::{fs, path::Path};

use backorder_domain::{
    figures::assumption::{Assumption, AssumptionUnit, Assumptions},
    money::NANOS_PER_UNIT,
};
use serde_json::Value;

use super::words::value_of;
use crate::{decimal::parse_nanos, failure::Failure};

/// The defaults, with what a file says in their place, with what the options say in place of that.
///
/// # Errors
/// [`Failure`] when a name is unknown or a value is not of its kind.
pub fn assumptions(file: Option<&Path>, options: &[String]) -> Result<Assumptions, Failure> {
    let mut assumptions = Assumptions::default();
    if let Some(path) = file {
        for (name, value) in of_file(path)? {
            assumptions = with(assumptions, &name, &value)?;
        }
    }
    for option in options {
        let wrong = || Failure::new(format!("{option:?} is no assumption")).next("write --assume NAME=VALUE");
        let (name, value) = option.split_once('=').ok_or_else(wrong)?;
        assumptions = with(assumptions, name.trim(), value.trim())?;
    }
    Ok(assumptions)
}

fn of_file(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let wrong = |what: String| {
        Failure::new(format!("cannot read the assumptions of {}: {what}", path.display()))
            .next("write a JSON object such as {\"lost_share\": \"70%\", \"shipment_cost\": 4.80}")
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let Value::Object(object) = value else { return Err(wrong("it is no JSON object".to_owned())) };
    let text_of = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(wrong(format!("{name} is neither a number nor a text")))
        }
    };
    object.into_iter().map(text_of).collect()
}

fn with(assumptions: Assumptions, name: &str, text: &str) -> Result<Assumptions, Failure> {
    let names = || Assumption::ALL.map(Assumption::name).join(", ");
    let unknown = || Failure::new(format!("{name:?} is no assumption")).next(format!("they are {}", names()));
    let assumption = Assumption::ALL.into_iter().find(|known| known.name() == name).ok_or_else(unknown)?;
    let unit = assumption.unit();
    let wrong = || {
        let (kind, max) = (kind(unit), value_of(assumption, unit.max()));
        Failure::new(format!("{name} {text:?} is not {kind}"))
            .next(format!("from 0 to {max}; {}", assumption.meaning()))
    };
    let value = value(unit, text).ok_or_else(wrong)?;
    assumptions.with(assumption, value).map_err(|_| wrong())
}

fn value(unit: AssumptionUnit, text: &str) -> Option<i64> {
    match unit {
        AssumptionUnit::Days => text.parse().ok(),
        AssumptionUnit::Money => parse_nanos(text).ok(),
        AssumptionUnit::Share => match text.strip_suffix('%') {
            Some(percent) => parse_nanos(percent).ok().map(|nanos| nanos / 100),
            None => parse_nanos(text).ok().filter(|nanos| *nanos <= NANOS_PER_UNIT),
        },
    }
}

const fn kind(unit: AssumptionUnit) -> &'static str {
    match unit {
        AssumptionUnit::Days => "a number of days such as 2",
        AssumptionUnit::Money => "an amount such as 4.80",
        AssumptionUnit::Share => "a share such as 40% or 0.4",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn given(options: &[&str]) -> Result<Assumptions, Failure> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        assumptions(None, &options)
    }

    #[test]
    fn a_share_is_read_in_both_forms() {
        let percent = given(&["lost_share=70%"]).unwrap();
        assert_eq!(percent, given(&["lost_share=0.7"]).unwrap());
        assert_eq!(percent.get(Assumption::LostShare), Some(700_000_000));
    }

    #[test]
    fn options_win_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("assumptions.json");
        fs::write(&path, r#"{"shipment_cost": 4.80, "handling_per_line": "1"}"#).unwrap();
        let both = assumptions(Some(&path), &["handling_per_line=2".to_owned()]).unwrap();
        assert_eq!(both.get(Assumption::ShipmentCost), Some(4_800_000_000));
        assert_eq!(both.get(Assumption::HandlingPerLine), Some(2_000_000_000));
    }

    #[test]
    fn what_cannot_be_assumed_is_refused_with_what_can() {
        for (wrong, hint) in [
            ("lost_share=170%", "from 0 to 100 %"),
            ("lost_shares=1", "margin_share"),
            ("shipment_cost=-1", "an amount"),
            ("days_after_order=x", "a number of days"),
            ("margin_share", "NAME=VALUE"),
        ] {
            let failure = given(&[wrong]).unwrap_err().to_string();
            assert!(failure.contains(hint), "{failure}");
        }
    }
}
