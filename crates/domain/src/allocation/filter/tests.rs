//! What a filter may say, what it answers, and what is refused, with the place.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::{
    facts::{Column, MICROS_PER_UNIT, NO_DAY, NO_NUMBER, day_number},
    *,
};

const TODAY: i32 = 20_785;

/// One gold line of china, requested in a week, of 1,500.50, promised no day.
fn value_of(attribute: Attribute) -> Value<'static> {
    let values = [
        (Attribute::CustomerTier, Value::Text("GOLD")),
        (Attribute::ItemCategory, Value::Text("china")),
        (Attribute::OrderChannel, Value::Text("")),
        (Attribute::LineRequestedDate, Value::Number(i64::from(TODAY) + 7)),
        (Attribute::LineWaitingSince, Value::Number(i64::from(TODAY) - 15)),
        (Attribute::LineOpen, Value::Number(12)),
        (Attribute::LineOrdered, Value::Number(i64::MAX)),
        (Attribute::LineValue, Value::Number(1_500 * MICROS_PER_UNIT + 500_000)),
    ];
    values.iter().find(|(known, _)| *known == attribute).map_or(Value::Missing, |(_, value)| *value)
}

fn answer(source: &str) -> Result<bool, EvaluationFailure> {
    Filter::try_new(source).unwrap().evaluate(value_of, TODAY)
}

fn refusal(source: &str) -> String {
    Filter::try_new(source).unwrap_err().to_string()
}

#[track_caller]
fn all_true(sources: &[&str]) {
    for source in sources {
        assert_eq!(answer(source), Ok(true), "{source}");
    }
}

#[test]
fn dates_may_be_relative_to_the_day_of_the_run() {
    all_true(&[
        r#"customer.tier == "GOLD" && line.requested_date < today + duration_days(8)"#,
        "line.requested_date >= today + 7 && !(line.requested_date < today + duration_days(7))",
        "today - line.waiting_since > 14 && line.requested_date - today == 7",
        "line.requested_date - 7 == today",
        r#"today == date("2026-11-28") && line.requested_date in [date("2026-12-05")]"#,
    ]);
}

#[test]
fn an_amount_is_compared_in_units_of_currency() {
    all_true(&[
        "line.value > 1500 && line.value < 1501 && line.value == 1500.5",
        "1500.50 == line.value && line.value in [3, 1500.5]",
        "line.value * 2 == 3001 && line.value - 500 == 1000.5 && -line.value < -1500",
        "(line.open > 10 ? line.value : 0) == 1500.5",
    ]);
}

#[test]
fn texts_and_numbers_are_compared_and_looked_up() {
    all_true(&[
        r#"item.category in ["glass", "china"] && !(item.category in ["steel"])"#,
        r#"customer.tier.startsWith("GO") && customer.tier.endsWith("LD") && customer.tier.contains("OL")"#,
        r#"order.channel == "" && customer.tier != 'STD' && customer.tier < "STD""#,
        "line.open % 5 == 2 && line.open / 5 == 2 && line.open * 2 + 1 == 25 && -line.open < 0",
        "line.open in [1, 12]",
        "(line.open > 1) == true",
    ]);
}

#[test]
fn whether_there_is_a_value_can_be_asked() {
    all_true(&["!has(line.promised_date) && has(line.requested_date)", "has(line.promised_date) ? false : true"]);
}

#[test]
fn a_line_without_the_value_has_no_answer() {
    let missing = Err(EvaluationFailure::Missing(Attribute::LinePromisedDate));
    assert_eq!(answer("line.promised_date < today"), missing);
    assert_eq!(answer("!(line.promised_date < today)"), missing);
    assert_eq!(answer("line.promised_date < today && line.open == 12"), missing);
    assert_eq!(answer("line.open == 12 && line.promised_date < today"), missing);
}

#[test]
fn one_side_that_suffices_is_the_answer_whatever_the_other_fails_on() {
    assert_eq!(answer("line.promised_date < today || line.open == 12"), Ok(true));
    assert_eq!(answer("line.promised_date < today && line.open == 13"), Ok(false));
}

#[test]
fn a_number_out_of_bounds_and_a_division_by_zero_have_no_answer() {
    assert_eq!(answer("line.ordered + 1 > 0"), Err(EvaluationFailure::Overflow));
    assert_eq!(answer("line.ordered * 2 > 0"), Err(EvaluationFailure::Overflow));
    assert_eq!(answer("line.value > line.ordered"), Err(EvaluationFailure::Overflow));
    assert_eq!(answer("line.open / (line.open - 12) == 0"), Err(EvaluationFailure::DivisionByZero));
    assert_eq!(answer("line.open % 0 == 0"), Err(EvaluationFailure::DivisionByZero));
}

#[test]
fn an_unknown_attribute_is_named_with_its_place_and_with_those_that_are_known() {
    let text = refusal("customer.tier == \"é\" &&\n  customer.teir == 'GOLD'");
    assert!(text.starts_with(r#"2:3: "customer.teir" is not known; known are today, customer.id, customer.tier,"#));
    assert!(refusal("tier == 'GOLD'").starts_with(r#"1:1: "tier" is not known"#));
    assert!(refusal("has(line.colour)").contains(r#""line.colour" is not known"#));
}

#[test]
fn what_is_not_true_or_false_is_no_filter() {
    assert_eq!(refusal("line.open + 1"), "1:1: a filter is true or false, this one is a number");
    assert_eq!(refusal("customer.tier"), "1:1: a filter is true or false, this one is a text");
}

#[test]
fn kinds_that_do_not_go_together_are_refused_where_they_meet() {
    let text = refusal("true && line.requested_date < 7");
    assert_eq!(text, r#"1:29: "<" takes two values of one kind that can be compared, not a date and a number"#);
    for source in [
        "customer.tier < 1",
        "today + today == today",
        "!line.open",
        "line.open && true",
        "line.value / 2 > 1",
        "line.value * 1.5 > 1",
        "true < false",
        "line.open in ['a']",
        "true in [true]",
        "line.open ? true : false",
        "(true ? 1 : 'a') == 1",
        "-today < today",
        "duration_days(1.5) == 1",
        "customer.tier.contains(1)",
        "-true",
    ] {
        assert!(matches!(Filter::try_new(source).unwrap_err().problem, FilterProblem::Kinds { .. }), "{source}");
    }
}

#[test]
fn a_broken_expression_is_refused_with_the_place_where_it_breaks() {
    assert!(refusal("line.open ==").starts_with("1:13: mismatched input '<EOF>'"), "{}", refusal("line.open =="));
    assert!(refusal("line.open == 1 )").starts_with("1:16: "));
    assert!(refusal("line.open =\n= 1").starts_with("1:11: "));
    for source in ["", " ", "\"", "(", "a b", "'\\ud800' == ''", "line.open == 99999999999999999999", "\u{0}", "💥"] {
        assert!(matches!(Filter::try_new(source).unwrap_err().problem, FilterProblem::Syntax(_)), "{source:?}");
    }
}

#[test]
fn what_could_work_without_bounds_or_makes_no_sense_here_is_refused() {
    for source in [
        "[1, 2].exists(x, x == line.open)",
        "[1].map(x, x) == [1]",
        "line.open in [1].map(x, x)",
        "line.open in [line.ordered]",
        "{'a': 1} == {'a': 1}",
        "line.promised_date == null",
        "line.open == 1u",
        "customer.tier == b'GOLD'",
        "line['open'] == 1",
        "line.requested_date.year == 1",
    ] {
        assert!(matches!(Filter::try_new(source).unwrap_err().problem, FilterProblem::NotAllowed(_)), "{source}");
    }
    for source in ["customer.tier.matches('.*')", "size(customer.tier) == 1", "now() == today", "date() == today"] {
        assert!(matches!(Filter::try_new(source).unwrap_err().problem, FilterProblem::UnknownFunction(_)), "{source}");
    }
    for source in ["date('2026-13-01') == today", "line.value > 99999999999999999999.0", "line.value > 10000000000000"]
    {
        assert!(matches!(Filter::try_new(source).unwrap_err().problem, FilterProblem::Literal(_)), "{source}");
    }
}

#[test]
fn a_filter_is_bounded_whatever_its_shape() {
    let count = FILTER_BYTES_MAX;
    assert_eq!(
        Filter::try_new(&" ".repeat(count + 1)).unwrap_err().problem,
        FilterProblem::TooLong(FILTER_BYTES_MAX + 1)
    );
    let shapes =
        ["(", "[", "{", "f(", "!", "-", "- ", "1+", "1<", ".b", "a.", "1?", "true?1:", "[{(", "a&&", "a||", "\\"];
    for shape in shapes {
        for tail in ["1", ""] {
            let source = shape.repeat((count - 1) / shape.len()) + tail;
            assert!(Filter::try_new(&source).is_err(), "{shape} {tail}");
        }
    }
    let deep = |levels: usize| format!("{}true{}", "!(true && ".repeat(levels), ")".repeat(levels));
    assert_eq!(Filter::try_new(&deep(30)).unwrap_err().problem, FilterProblem::TooDeep);
    assert!(Filter::try_new(&deep(10)).is_ok());
    let sum = format!("line.open{} > 0", " + 1".repeat(30));
    assert_eq!(Filter::try_new(&sum).unwrap_err().problem, FilterProblem::TooDeep);
}

#[test]
fn a_long_list_and_a_long_chain_of_and_are_no_depth() {
    let list: Vec<_> = (0..200).map(|number| format!("\"i{number}\"")).collect();
    assert!(Filter::try_new(&format!("item.id in [{}]", list.join(","))).is_ok());
    assert!(Filter::try_new(&["line.open > 1"; 100].join(" && ")).is_ok());
}

#[test]
fn a_filter_reads_no_more_attributes_than_are_allowed() {
    let reading = |count: usize| {
        let parts: Vec<_> = Attribute::ALL.iter().take(count).map(|attribute| format!("has({attribute})")).collect();
        Filter::try_new(&parts.join(" && "))
    };
    assert_eq!(reading(FILTER_ATTRIBUTES_MAX).unwrap().reads().len(), FILTER_ATTRIBUTES_MAX);
    assert_eq!(reading(FILTER_ATTRIBUTES_MAX + 1).unwrap_err().problem, FilterProblem::TooManyAttributes);
}

#[test]
fn a_filter_over_lines_counts_those_that_it_has_no_answer_for() {
    let filter = Filter::try_new("line.promised_date < today && line.value > 1").unwrap();
    let today = day_number(jiff::civil::date(2026, 11, 28));
    let days = vec![today - 1, NO_DAY, today - 1, today, NO_DAY];
    let values = vec![2_000_000, 2_000_000, NO_NUMBER, NO_NUMBER, 1];
    let facts = Facts::try_new(5)
        .unwrap()
        .with(Attribute::LinePromisedDate, Column::Days(days.into()))
        .unwrap()
        .with(Attribute::LineValue, Column::Numbers(values.into()))
        .unwrap();
    let mut matcher = filter.over(&facts, jiff::civil::date(2026, 11, 28)).unwrap();
    let mut verdicts = Vec::new();
    matcher.verdicts(&[0, 1, 2, 3, 4], &mut verdicts);
    let missing = |attribute| Verdict::Failed(EvaluationFailure::Missing(attribute));
    let expected = [
        Verdict::Matched,
        missing(Attribute::LinePromisedDate),
        missing(Attribute::LineValue),
        Verdict::NotMatched,
        Verdict::NotMatched,
    ];
    assert_eq!(verdicts, expected, "a side that is false decides by itself");
    let failures = matcher.failures().unwrap();
    assert_eq!(failures.first, EvaluationFailure::Missing(Attribute::LinePromisedDate));
    assert_eq!(failures.lines, 2);
    let other = Filter::try_new("line.open > 1").unwrap();
    assert_eq!(other.over(&facts, jiff::civil::date(2026, 11, 28)).unwrap_err(), NoColumn(Attribute::LineOpen));
}

#[test]
fn columns_as_wide_as_numbers_are_remembered_rightly_in_any_room() {
    let filter = Filter::try_new("line.open > 0 && line.ordered < 5 && line.value > -1 && line.margin < 1").unwrap();
    let ends = [i64::MIN + 1, 0, i64::MAX];
    let digit = |line: usize, place: u32| ends[line / 3_usize.pow(place) % 3];
    let attributes = [Attribute::LineOpen, Attribute::LineOrdered, Attribute::LineValue, Attribute::LineMargin];
    let mut facts = Facts::try_new(81).unwrap();
    for (attribute, place) in attributes.into_iter().zip(0..) {
        let numbers: Vec<_> = (0..81).map(|line| digit(line, place)).collect();
        facts = facts.with(attribute, Column::Numbers(numbers.into())).unwrap();
    }
    let lines: Vec<_> = (0..81).chain(0..81).collect();
    let expected: Vec<_> = lines
        .iter()
        .map(|line| {
            let [open, ordered, value, margin] = [0, 1, 2, 3].map(|place| digit(*line as usize, place));
            if open > 0 && ordered < 5 && value > -1 && margin < 1 { Verdict::Matched } else { Verdict::NotMatched }
        })
        .collect();
    for room in [0, 1, 2, 7, 1_000] {
        let mut matcher = Matcher::try_new(&filter, |attribute| facts.view(attribute), room, TODAY).unwrap();
        let mut verdicts = Vec::new();
        matcher.verdicts(&lines, &mut verdicts);
        assert_eq!(verdicts, expected, "room for {room}");
    }
}
