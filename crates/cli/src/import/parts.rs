//! What an item names of others, as words: its substitutes, and the components of a kit.

use backorder_proto::{
    common::v1::Date,
    inventory::v1::{KitComponent, Substitute, SubstitutePriceRule},
};

use crate::{
    client::requests,
    output::text::{self, named},
};

/// What a substitute looks like.
pub const SUBSTITUTE: &str =
    "a substitute such as mug2, mug2=2/1, mug2=1/6:ask or mug2=1/1:ask:2026-01-01..2026-06-30:!ann,bob";
/// What a component looks like.
pub const COMPONENT: &str = "a component such as mug=2";

const RULES: [(&str, SubstitutePriceRule); 3] = [
    ("keep_lower", SubstitutePriceRule::KeepLower),
    ("new_price", SubstitutePriceRule::NewPrice),
    ("ask", SubstitutePriceRule::Ask),
];

/// A component: `mug=2`.
#[must_use]
pub fn component(text: &str) -> Option<KitComponent> {
    let (item, units) = text.trim().rsplit_once('=')?;
    Some(KitComponent { item: named("items", item.trim()), quantity: units.trim().parse().ok()? })
}

/// A substitute: `mug2`, `mug2=2/1` for two of it in place of one, `mug2=2/1:ask` with a rule of the price; then
/// `:2026-01-01..2026-06-30` for the days on which it is valid, of which one may be left out, and `:!ann,bob` for customers who
/// do not get it.
#[must_use]
pub fn substitute(text: &str) -> Option<Substitute> {
    let text = text.trim();
    let Some((item, stated)) = text.rsplit_once('=') else {
        return Some(Substitute { item: named("items", text), ..Substitute::default() });
    };
    let mut parts = stated.split(':').map(str::trim);
    let (numerator, denominator) = parts.next()?.split_once('/')?;
    let mut substitute = Substitute {
        item: named("items", item.trim()),
        ratio_numerator: numerator.trim().parse().ok()?,
        ratio_denominator: denominator.trim().parse().ok()?,
        ..Substitute::default()
    };
    substitute.set_price_rule(SubstitutePriceRule::KeepLower);
    for part in parts {
        if let Some(customers) = part.strip_prefix('!') {
            substitute.excluded_customers = customers.split(',').map(|name| name.trim().to_owned()).collect();
        } else if let Some((from, to)) = part.split_once("..") {
            (substitute.valid_from, substitute.valid_to) = (day(from)?, day(to)?);
        } else {
            substitute.set_price_rule(RULES.iter().find(|(word, _)| *word == part)?.1);
        }
    }
    Some(substitute)
}

/// A day, or none; `None` when it is no day.
#[expect(clippy::option_option, reason = "outside: read or wrong, inside: given or absent")]
fn day(text: &str) -> Option<Option<Date>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(|day| Some(requests::date(day))) }
}

/// A substitute as it is written.
#[must_use]
pub fn substitute_text(substitute: &Substitute) -> String {
    let rule = RULES.iter().find(|(_, rule)| *rule == substitute.price_rule()).map_or("keep_lower", |(word, _)| *word);
    let item = text::id(&substitute.item);
    let mut parts =
        vec![format!("{item}={}/{}", substitute.ratio_numerator, substitute.ratio_denominator), rule.to_owned()];
    if substitute.valid_from.is_some() || substitute.valid_to.is_some() {
        let day = |date: &Option<Date>| date.as_ref().map_or_else(String::new, |date| text::date(Some(date)));
        parts.push(format!("{}..{}", day(&substitute.valid_from), day(&substitute.valid_to)));
    }
    if !substitute.excluded_customers.is_empty() {
        parts.push(format!("!{}", substitute.excluded_customers.join(",")));
    }
    parts.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_substitute_is_read_as_it_is_written() {
        for text in [
            "mug2=2/1:ask",
            "mug2=1/6:keep_lower",
            "a=b=1/1:new_price",
            "mug2=1/1:ask:2026-01-01..2026-06-30:!ann,bob",
            "mug2=1/1:keep_lower:..2026-06-30",
        ] {
            assert_eq!(substitute(text).map(|read| substitute_text(&read)).as_deref(), Some(text));
        }
        assert_eq!(substitute("mug2").map(|read| read.item).as_deref(), Some("items/mug2"));
        for wrong in ["mug2=2", "mug2=2/1:free", "mug2=a/1", "mug2=1/1:2026-13-01.."] {
            assert_eq!(substitute(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_component_has_its_units() {
        let read = component(" mug = 2 ");
        assert_eq!(read, Some(KitComponent { item: "items/mug".to_owned(), quantity: 2 }));
        assert_eq!(component("mug"), None);
    }
}
