//! The report of what shortage cost.

use backorder_domain::figures::assumption::{Assumption, AssumptionUnit, Assumptions};
use backorder_proto::{
    allocation::v1::{
        GetShortageCostRequest, GetShortageCostResponse, GivenParameter, ShortageCostGroup, ShortageParameterName,
    },
    convert::decimal::of_nanos,
};
use prost_types::Timestamp;

use super::{PACKAGE, ReportArgs, basis, figures::number, key, words};
use crate::{
    assess::given,
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const CAUSES: [Column; 3] = [Words("cause"), Number("cost"), Number("of it assumed")];
const PARAMETERS: [Column; 4] = [Words("parameter"), Number("value"), Words("source"), Words("meaning")];
const GROUPS: [Column; 7] = [
    Words("group"),
    Number("lines short"),
    Number("cost"),
    Number("of it assumed"),
    Number("line-days"),
    Number("unit-days"),
    Number("cost per line and day"),
];
const LINES: [Column; 8] = [
    Words("line"),
    Words("item"),
    Number("backordered"),
    Number("refused"),
    Number("open"),
    Number("days"),
    Number("cost"),
    Number("next day"),
];

/// Shows the cost.
///
/// # Errors
/// [`Failure`] when an assumption is wrong or the service refuses.
pub async fn run(args: &ReportArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let parameters = parameters(&given::assumptions(None, &args.assume)?)?;
    let page = |found, as_of, token| page(args, session, parameters.clone(), (found, as_of, token));
    let mut answer = page(0, None, String::new()).await?;
    let as_of = answer.basis.as_ref().and_then(|basis| basis.as_of);
    if !answer.next_page_token.is_empty() && !args.has_enough(answer.groups.len()) {
        // All pages tell of one time.
        answer = page(0, as_of, String::new()).await?;
    }
    while !answer.next_page_token.is_empty() && !args.has_enough(answer.groups.len()) {
        let token = std::mem::take(&mut answer.next_page_token);
        let next = page(answer.groups.len(), as_of, token).await?;
        answer.groups.extend(next.groups);
        answer.next_page_token = next.next_page_token;
    }
    output.message(&format!("{PACKAGE}.GetShortageCostResponse"), &answer, people)
}

async fn page(
    args: &ReportArgs,
    session: &Session,
    parameters: Vec<GivenParameter>,
    (found, as_of, page_token): (usize, Option<Timestamp>, String),
) -> Result<GetShortageCostResponse, Failure> {
    let request = GetShortageCostRequest {
        scope: Some(args.scope(as_of)),
        group_by: args.group_by(),
        parameters,
        lines_max: args.lines,
        page_size: args.groups_wanted(found),
        page_token,
    };
    Ok(session.clients.figures.clone().get_shortage_cost(request).await?.into_inner())
}

/// What was given, by the names of the contract.
fn parameters(assumptions: &Assumptions) -> Result<Vec<GivenParameter>, Failure> {
    let given = Assumption::ALL.into_iter().filter(|assumption| assumptions.is_given(*assumption));
    let parameter = |assumption: Assumption| {
        if assumption.unit() == AssumptionUnit::Days {
            let told = format!("{} is not assumed here: the records tell what was in time", assumption.name());
            return Err(Failure::new(told).next("leave it out"));
        }
        let name = format!("SHORTAGE_PARAMETER_NAME_{}", assumption.name().to_uppercase());
        let name = ShortageParameterName::from_str_name(&name).unwrap_or_default();
        let value = assumptions.get(assumption).map(|nanos| of_nanos(nanos.into()));
        Ok(GivenParameter { name: name.into(), value })
    };
    given.map(parameter).collect()
}

fn people(answer: &GetShortageCostResponse) -> String {
    let currency = answer.basis.as_ref().map(|basis| basis.currency_code.clone()).unwrap_or_default();
    let currency = if currency.is_empty() { "the company's currency".to_owned() } else { currency };
    let total = answer.total.clone().unwrap_or_default();
    let mut parts = vec![format!("{}; money in {currency}", basis(answer.basis.as_ref()))];
    let causes = total.causes.iter().map(|cost| {
        vec![
            words(cost.cause().as_str_name(), "SHORTAGE_CAUSE_"),
            cost.amount.as_ref().map_or_else(|| "- (not measured)".to_owned(), |amount| amount.value.clone()),
            number(cost.assumed.as_ref()),
        ]
    });
    parts.push(render(&CAUSES, causes));
    parts.push(render(
        &GROUPS,
        std::iter::once(group("all", &total)).chain(answer.groups.iter().map(|one| group(key(&one.key), one))),
    ));
    if !answer.next_page_token.is_empty() {
        parts.push("more groups follow: raise --limit".to_owned());
    }
    if !answer.lines.is_empty() {
        parts.push(render(
            &LINES,
            answer.lines.iter().map(|line| {
                vec![
                    text::line(&line.line),
                    text::id(&line.item).to_owned(),
                    line.backordered.to_string(),
                    line.refused.to_string(),
                    line.open.to_string(),
                    line.days.to_string(),
                    number(line.total.as_ref()),
                    number(line.next_day.as_ref()),
                ]
            }),
        ));
    }
    parts.push(render(
        &PARAMETERS,
        answer.parameters.iter().map(|parameter| {
            vec![
                words(parameter.name().as_str_name(), "SHORTAGE_PARAMETER_NAME_").replace(' ', "_"),
                number(parameter.value.as_ref()),
                words(parameter.source().as_str_name(), "PARAMETER_SOURCE_"),
                parameter.meaning.clone(),
            ]
        }),
    ));
    parts.join("\n\n")
}

fn group(key: &str, group: &ShortageCostGroup) -> Vec<String> {
    vec![
        key.to_owned(),
        group.lines.to_string(),
        number(group.total.as_ref()),
        number(group.assumed.as_ref()),
        number(group.line_days.as_ref()),
        number(group.unit_days.as_ref()),
        number(group.per_line_day.as_ref()),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_domain::money::NANOS_PER_UNIT;

    use super::*;

    #[test]
    fn what_is_assumed_is_given_by_the_names_of_the_contract() {
        let given = |text: &str| parameters(&given::assumptions(None, &[text.to_owned()]).unwrap());
        let found = given("open_cancel_share=25%").unwrap();
        assert_eq!(found[0].name(), ShortageParameterName::OpenCancelShare);
        assert_eq!(found[0].value, Some(of_nanos((NANOS_PER_UNIT / 4).into())));
        assert!(given("days_after_order=2").is_err());
        let known = Assumption::ALL.into_iter().filter(|assumption| assumption.unit() != AssumptionUnit::Days);
        for assumption in known {
            let name = format!("SHORTAGE_PARAMETER_NAME_{}", assumption.name().to_uppercase());
            assert!(ShortageParameterName::from_str_name(&name).is_some(), "{name}");
        }
    }
}
