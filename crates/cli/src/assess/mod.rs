//! What backorders cost in another system, from an extract of its orders and shipments.
//!
//! [`extract`] reads the file, row by row, [`assessment`] has everything counted by the rules of the domain, and
//! [`text`], [`json`] and [`html`] show it. Nothing here prices or judges: the formulas stand in
//! `backorder_domain::figures`.

pub mod absences;
pub mod assessment;
pub mod columns;
pub mod extract;
pub mod given;
pub mod groups;
pub mod html;
pub mod json;
pub mod rows;
pub mod text;
pub mod values;
pub mod words;
