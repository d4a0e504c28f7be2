//! Tables for people.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A line under the head and around the table. One under each row would halve what fits on a screen.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('═').junction('═'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// A column: its head, and whether its cells are numbers.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// Words, to the left.
    Words(&'static str),
    /// Numbers, to the right.
    Number(&'static str),
}

/// A table with a head and rows.
#[must_use]
pub fn render(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| match column {
        Column::Words(head) | Column::Number(head) => *head,
    }));
    for row in rows {
        table.add_row(row.into_iter().zip(columns).map(|(text, column)| match column {
            Column::Words(_) => Cell::new(text),
            Column::Number(_) => Cell::new(text).set_alignment(CellAlignment::Right),
        }));
    }
    table.to_string()
}

/// A table of names and values without a head.
#[must_use]
pub fn pairs<N: Into<String>, V: Into<String>>(rows: impl IntoIterator<Item = (N, V)>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for (name, value) in rows {
        table.add_row([Cell::new(name.into()), Cell::new(value.into()).set_alignment(CellAlignment::Right)]);
    }
    table.to_string()
}
