//! How well demand was served, and what shortage cost. Nothing here changes anything, and no rule of a figure stands here:
//! rows become demands, the domain counts them.

mod asked;
mod cost;
mod cost_sums;
mod demands;
mod line;
mod message;
mod periods;
mod service;
mod targets;

pub use asked::{AskedTerms, first_of_month, grouping};
pub use cost::{CostCommand, parameter_name};
pub use message::figure_name;
pub use periods::{ClosePeriod, PeriodAt};
pub use service::FiguresCommand;
pub use targets::{DeleteTarget, PutTarget, TargetTerms};

use std::collections::HashMap;

use backorder_proto::{allocation::v1 as pb, convert::encode};
use backorder_storage::{Transaction, columns};
use jiff::{Timestamp, civil::Date};

use crate::{
    error::Error,
    store::figures::{self, CohortQuery, OrderRow},
};
use demands::{CountedLine, Reader};

/// Which lines a cohort has. Empty texts mean all.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The first requested day.
    pub from: Option<Date>,
    /// The last requested day.
    pub until: Option<Date>,
    /// What happened later is left out.
    pub as_of: Timestamp,
    /// The item's id.
    pub item: String,
    /// The category.
    pub category: String,
    /// The channel.
    pub channel: String,
    /// The customer's tier.
    pub customer_tier: String,
    /// The customer.
    pub customer: String,
    /// The location's id.
    pub location: String,
}

/// Which groups are answered.
#[derive(Debug, Clone)]
pub struct GroupPage {
    /// By what lines are grouped; `None` for not at all.
    pub by: Option<Grouping>,
    /// After this key.
    pub after: Option<String>,
    /// At most so many.
    pub max: usize,
}

/// By what lines are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// By item.
    Item,
    /// By category.
    Category,
    /// By channel.
    Channel,
    /// By tier.
    CustomerTier,
    /// By location.
    Location,
    /// By the month of the requested day.
    Month,
}

/// An order of the cohort with all its lines, in the cohort or not.
struct CountedOrder<'a> {
    row: &'a OrderRow,
    lines: Vec<CountedLine>,
}

/// The orders of a cohort on one snapshot, page by page.
struct Cohort<'a> {
    tx: &'a Transaction,
    scope: &'a Scope,
    categories: HashMap<String, String>,
    reader: Reader,
}

impl<'a> Cohort<'a> {
    async fn open(tx: &'a Transaction, scope: &'a Scope, by: Option<Grouping>) -> Result<Self, Error> {
        let needs_categories = by == Some(Grouping::Category) || !scope.category.is_empty();
        let categories = if needs_categories { figures::categories(tx).await? } else { HashMap::new() };
        Ok(Self { tx, scope, categories, reader: Reader::new(scope.as_of) })
    }

    /// Shows every order that has a line in the cohort once, by id.
    async fn each(
        &mut self,
        mut show: impl FnMut(&Self, CountedOrder<'_>) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let query = self.query();
        let mut after = String::new();
        while let Some(page) = figures::page(self.tx, &query, &after).await? {
            for row in &page.orders {
                let lines = self.reader.lines(row, &page)?;
                show(self, CountedOrder { row, lines })?;
            }
            after = page.orders.last().map(|order| order.id.clone()).unwrap_or_default();
        }
        Ok(())
    }

    fn query(&self) -> CohortQuery {
        CohortQuery {
            requested_from: self.scope.from.map(columns::date_text),
            requested_until: self.scope.until.map(columns::date_text),
            seen_at: columns::micros(self.scope.as_of),
            channel: self.scope.channel.clone(),
            customer_tier: self.scope.customer_tier.clone(),
            customer: self.scope.customer.clone(),
        }
    }

    /// Whether a line of an order of the cohort is in it itself.
    fn has(&self, line: &CountedLine) -> bool {
        let Scope { from, until, item, category, location, .. } = self.scope;
        from.is_none_or(|from| line.requested_on >= from)
            && until.is_none_or(|until| line.requested_on <= until)
            && (item.is_empty() || *item == line.item)
            && (location.is_empty() || *location == line.location)
            && (category.is_empty() || self.category(line) == category)
    }

    fn category(&self, line: &CountedLine) -> &str {
        self.categories.get(&line.item).map(String::as_str).unwrap_or_default()
    }

    /// What a line has in common with the others of its group.
    fn key(&self, by: Grouping, order: &OrderRow, line: &CountedLine) -> String {
        let named = |collection: &str, id: &str| {
            if id.is_empty() { String::new() } else { format!("{collection}/{id}") }
        };
        match by {
            Grouping::Item => named("items", &line.item),
            Grouping::Category => self.category(line).to_owned(),
            Grouping::Channel => order.channel.clone(),
            Grouping::CustomerTier => order.customer_tier.clone(),
            Grouping::Location => named("locations", &line.location),
            Grouping::Month => line.requested_on.strftime("%Y-%m").to_string(),
        }
    }

    /// What the answer was counted from.
    fn basis(&self) -> pb::FigureBasis {
        pb::FigureBasis {
            from_date: self.scope.from.map(encode::date),
            until_date: self.scope.until.map(encode::date),
            as_of: Some(encode::timestamp(self.scope.as_of)),
            currency_code: self.reader.currency().to_owned(),
        }
    }
}

/// Cuts what is beyond the page; answers the last key of it when something is.
fn cut<T>(found: &mut Vec<(String, T)>, max: usize) -> Option<String> {
    if found.len() <= max {
        return None;
    }
    found.truncate(max);
    found.last().map(|(key, _)| key.clone())
}
