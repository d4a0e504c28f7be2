//! From the parsed text to a checked expression: every name is known, every operator gets what it takes, nothing is left
//! that could fail but for a missing or an extreme value.

use cel::{
    common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators},
    parser::{ParseErrors, Parser},
};

use super::{
    FILTER_ATTRIBUTES_MAX, FILTER_BYTES_MAX, FILTER_DEPTH_MAX,
    attribute::{Attribute, AttributeKind},
    expression::{Number, Text, Truth},
    kinds::{self, Typed},
    problem::{FilterProblem, InvalidFilter, Position},
};

/// Messages of the parser are cut to so many characters: they list every token that could have stood there.
const MESSAGE_CHARACTERS_MAX: usize = 200;

/// A checked expression and the attributes that it reads, in the order of their slots.
pub(super) struct Checked {
    pub(super) truth: Truth,
    pub(super) reads: Vec<Attribute>,
}

/// Parses and checks an expression.
pub(super) fn check(source: &str) -> Result<Checked, InvalidFilter> {
    if source.len() > FILTER_BYTES_MAX {
        return Err(InvalidFilter { at: Position::START, problem: FilterProblem::TooLong(source.len()) });
    }
    // The parser bounds its own recursion by the nesting of the text, and the length bounds the chains that it builds.
    let (root, places) = Parser::new()
        .max_recursion_depth(FILTER_DEPTH_MAX)
        .parse_with_source_info(source)
        .map_err(|errors| syntax(&errors))?;
    let mut checker = Checker { source, places: &places, reads: Vec::new() };
    let truth = checker.expression(&root, 0)?.truth().map_err(|other| {
        let problem = FilterProblem::NotBool(other.name());
        InvalidFilter { at: Position::START, problem }
    })?;
    Ok(Checked { truth, reads: checker.reads })
}

/// The first thing that the parser found wrong.
fn syntax(errors: &ParseErrors) -> InvalidFilter {
    if errors.errors.iter().any(|error| error.msg.contains("Recursion limit")) {
        return InvalidFilter { at: Position::START, problem: FilterProblem::TooDeep };
    }
    let Some(first) = errors.errors.first() else {
        return InvalidFilter { at: Position::START, problem: FilterProblem::Syntax("no expression".to_owned()) };
    };
    let counted = |number: isize| usize::try_from(number).unwrap_or(1).max(1);
    let message = first.msg.trim_start_matches("Syntax error: ").chars().take(MESSAGE_CHARACTERS_MAX).collect();
    InvalidFilter {
        at: Position { line: counted(first.pos.0), column: counted(first.pos.1) },
        problem: FilterProblem::Syntax(message),
    }
}

struct Checker<'a> {
    source: &'a str,
    places: &'a SourceInfo,
    reads: Vec<Attribute>,
}

impl Checker<'_> {
    fn position(&self, id: u64) -> Position {
        let byte = self.places.offset_for(id).map_or(0, |(start, _)| start as usize);
        Position::of_byte(self.source, byte)
    }

    fn refuse<T>(&self, id: u64, problem: FilterProblem) -> Result<T, InvalidFilter> {
        Err(InvalidFilter { at: self.position(id), problem })
    }

    fn expression(&mut self, expression: &IdedExpr, depth: u16) -> Result<Typed, InvalidFilter> {
        let id = expression.id;
        if depth > FILTER_DEPTH_MAX {
            return self.refuse(id, FilterProblem::TooDeep);
        }
        let not_allowed = match &expression.expr {
            Expr::Literal(literal) => return self.literal(id, literal),
            Expr::Ident(name) if name == "today" => return Ok(Typed::Date(Number::Today)),
            Expr::Ident(name) => return self.refuse(id, FilterProblem::UnknownAttribute(name.clone())),
            Expr::Select(select) => return self.attribute(id, select),
            Expr::Call(call) => return self.call(id, call, depth + 1),
            Expr::Comprehension(_) => "a macro over a list (all, exists, exists_one, map, filter)",
            Expr::List(_) => "a list, but after `in`,",
            Expr::Map(_) | Expr::Struct(_) => "a map or message",
            Expr::Unspecified => "an empty expression",
        };
        self.refuse(id, FilterProblem::NotAllowed(not_allowed))
    }

    fn literal(&self, id: u64, literal: &LiteralValue) -> Result<Typed, InvalidFilter> {
        match literal {
            LiteralValue::Boolean(value) => Ok(Typed::Truth(Truth::Constant(*value.inner()))),
            LiteralValue::Int(value) => Ok(Typed::Number(Number::Constant(*value.inner()))),
            LiteralValue::String(text) => Ok(Typed::Text(Text::Constant(text.inner().to_owned()))),
            LiteralValue::Double(value) => match kinds::micros(*value.inner()) {
                Some(micros) => Ok(Typed::Amount(Number::Constant(micros))),
                None => self.refuse(id, FilterProblem::Literal("the amount is too large".to_owned())),
            },
            LiteralValue::Null => self.refuse(id, FilterProblem::NotAllowed("null (ask has(...) instead)")),
            LiteralValue::UInt(_) => self.refuse(id, FilterProblem::NotAllowed("an unsigned number")),
            LiteralValue::Bytes(_) => self.refuse(id, FilterProblem::NotAllowed("bytes")),
        }
    }

    /// `line.requested_date`, or `has(line.requested_date)`.
    fn attribute(&mut self, id: u64, select: &SelectExpr) -> Result<Typed, InvalidFilter> {
        let Some(path) = path(select) else {
            return self.refuse(id, FilterProblem::NotAllowed("a field of a value"));
        };
        let first = root_of(select);
        let Some(attribute) = Attribute::named(&path) else {
            return self.refuse(first, FilterProblem::UnknownAttribute(path));
        };
        let Some(slot) = self.slot(attribute) else {
            return self.refuse(first, FilterProblem::TooManyAttributes);
        };
        Ok(match attribute.kind() {
            _ if select.test => Typed::Truth(Truth::Has(slot)),
            AttributeKind::Text => Typed::Text(Text::Read(slot)),
            AttributeKind::Date => Typed::Date(Number::Read(slot)),
            AttributeKind::Number => Typed::Number(Number::Read(slot)),
            AttributeKind::Amount => Typed::Amount(Number::Read(slot)),
        })
    }

    fn slot(&mut self, attribute: Attribute) -> Option<usize> {
        if let Some(slot) = self.reads.iter().position(|read| *read == attribute) {
            return Some(slot);
        }
        if self.reads.len() == FILTER_ATTRIBUTES_MAX {
            return None;
        }
        self.reads.push(attribute);
        Some(self.reads.len() - 1)
    }

    fn call(&mut self, id: u64, call: &CallExpr, depth: u16) -> Result<Typed, InvalidFilter> {
        let name = call.func_name.as_str();
        let typed = match (name, call.target.as_deref(), call.args.as_slice()) {
            (operators::IN, None, [wanted, list]) => {
                let wanted = self.expression(wanted, depth)?;
                let list = self.list(list, depth)?;
                kinds::listed(wanted, list)
            }
            ("date", None, [text]) => kinds::date(&self.expression(text, depth)?),
            ("duration_days", None, [days]) => kinds::days(self.expression(days, depth)?),
            ("startsWith" | "endsWith" | "contains", Some(text), [part]) => {
                let (text, part) = (self.expression(text, depth)?, self.expression(part, depth)?);
                kinds::text_test(name, text, part)
            }
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, None, _) => {
                Err(FilterProblem::NotAllowed("an index"))
            }
            (_, None, arguments) if kinds::is_operator(name) => {
                let typed = arguments.iter().map(|argument| self.expression(argument, depth));
                kinds::operated(name, typed.collect::<Result<Vec<_>, _>>()?)
            }
            _ => Err(FilterProblem::UnknownFunction(name.to_owned())),
        };
        typed.or_else(|problem| self.refuse(id, problem))
    }

    /// The values after `in`: only literals, so that the list is known before any line is.
    fn list(&mut self, list: &IdedExpr, depth: u16) -> Result<Vec<Typed>, InvalidFilter> {
        let elements = match &list.expr {
            Expr::List(list) if list.optional_indices.is_empty() => &list.elements,
            Expr::List(_)
            | Expr::Unspecified
            | Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_) => {
                return self.refuse(list.id, FilterProblem::NotAllowed("anything but a list after `in`"));
            }
        };
        let mut typed = Vec::with_capacity(elements.len());
        for element in elements {
            let value = self.expression(element, depth)?;
            if !value.is_constant() {
                return self.refuse(element.id, FilterProblem::NotAllowed("what is not a literal in a list"));
            }
            typed.push(value);
        }
        Ok(typed)
    }
}

/// The name of a field of a plain name, `a.b`; `None` for a field of anything else.
fn path(select: &SelectExpr) -> Option<String> {
    match &select.operand.expr {
        Expr::Ident(name) => Some(format!("{name}.{}", select.field)),
        Expr::Unspecified
        | Expr::Call(_)
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Select(_)
        | Expr::Struct(_) => None,
    }
}

fn root_of(select: &SelectExpr) -> u64 {
    select.operand.id
}
