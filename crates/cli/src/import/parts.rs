//! What an item names of others, as words: its substitutes, and the components of a kit.

use backorder_proto::inventory::v1::{KitComponent, Substitute, SubstitutePriceRule};

use crate::output::text::named;

/// What a substitute looks like.
pub const SUBSTITUTE: &str = "a substitute such as mug2, mug2=2/1 or mug2=1/6:ask";
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

/// A substitute: `mug2`, `mug2=2/1` for two of it in place of one, `mug2=2/1:ask` with a rule of the price.
#[must_use]
pub fn substitute(text: &str) -> Option<Substitute> {
    let text = text.trim();
    let Some((item, stated)) = text.rsplit_once('=') else {
        return Some(Substitute { item: named("items", text), ..Substitute::default() });
    };
    let (ratio, rule) = stated.split_once(':').unwrap_or((stated, "keep_lower"));
    let (numerator, denominator) = ratio.trim().split_once('/')?;
    let (_, rule) = RULES.iter().find(|(word, _)| *word == rule.trim())?;
    Some(Substitute {
        item: named("items", item.trim()),
        ratio_numerator: numerator.trim().parse().ok()?,
        ratio_denominator: denominator.trim().parse().ok()?,
        price_rule: (*rule).into(),
        ..Substitute::default()
    })
}

/// A substitute as it is written.
#[must_use]
pub fn substitute_text(substitute: &Substitute) -> String {
    let rule = RULES.iter().find(|(_, rule)| *rule == substitute.price_rule()).map_or("keep_lower", |(word, _)| *word);
    let item = crate::output::text::id(&substitute.item);
    format!("{item}={}/{}:{rule}", substitute.ratio_numerator, substitute.ratio_denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_substitute_is_read_as_it_is_written() {
        for text in ["mug2=2/1:ask", "mug2=1/6:keep_lower", "a=b=1/1:new_price"] {
            assert_eq!(substitute(text).map(|read| substitute_text(&read)).as_deref(), Some(text));
        }
        assert_eq!(substitute("mug2").map(|read| read.item).as_deref(), Some("items/mug2"));
        for wrong in ["mug2=2", "mug2=2/1:free", "mug2=a/1"] {
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
