//! Allocation runs.

use backorder_proto::{
    allocation::v1::{
        AllocationRun, CommitRunRequest, ListRunLinesRequest, RunConfirmation, RunLine, RunRules, RunScope, RunState,
        RunStrategy, SequenceKey, ServingSequence, StartRunRequest, TierStrategy, WatchRunRequest, WhatIfChange,
        WhatIfRequest, WhatIfResponse, what_if_change::Change,
    },
    common::v1::Date,
};
use tonic::Status;

use crate::world::{World, because, date, request_id};

/// Rules by which each tier has a strategy, and the tiers are served in this order within one.
pub fn by_tier(strategies: &[(&str, RunStrategy)]) -> RunRules {
    RunRules {
        default_strategy: RunStrategy::Unspecified.into(),
        tier_strategies: strategies
            .iter()
            .map(|(tier, strategy)| TierStrategy { tier: (*tier).to_owned(), strategy: (*strategy).into() })
            .collect(),
        sequence: Some(ServingSequence {
            keys: vec![SequenceKey::Tier.into(), SequenceKey::OrderTime.into()],
            tier_order: strategies.iter().map(|(tier, _)| (*tier).to_owned()).collect(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl World {
    /// Simulates a run about mugs, and waits until it is done.
    pub async fn simulate(&self, rules: Option<RunRules>) -> AllocationRun {
        self.simulate_items(&["mug"], rules).await
    }

    /// The same about several items.
    pub async fn simulate_items(&self, items: &[&str], rules: Option<RunRules>) -> AllocationRun {
        let items = items.iter().map(|item| self.item_name(item)).collect();
        let request = StartRunRequest {
            request_id: request_id(),
            scope: Some(RunScope { items, ..Default::default() }),
            rules,
            context: because("planning"),
            ..Default::default()
        };
        let started = self.allocation.runs.clone().start_run(request).await.expect("started").into_inner();
        assert_eq!(started.state(), RunState::Running);
        let run = self.run_has_ended(&started.name).await;
        assert_eq!(run.state(), RunState::Done, "{run:#?}");
        run
    }

    /// The run when it has ended.
    async fn run_has_ended(&self, name: &str) -> AllocationRun {
        let request = WatchRunRequest { name: name.to_owned() };
        let mut stream = self.allocation.runs.clone().watch_run(request).await.expect("watched").into_inner();
        let mut last = None;
        while let Some(message) = stream.message().await.expect("told") {
            last = message.run;
        }
        last.expect("told at least once")
    }

    /// Has a run committed, and does not wait.
    pub async fn ask_to_commit(&self, run: &AllocationRun) -> AllocationRun {
        let request = CommitRunRequest { request_id: request_id(), name: run.name.clone(), context: because("agreed") };
        self.allocation.runs.clone().commit_run(request).await.expect("begun").into_inner()
    }

    /// Commits a run, and waits until it has ended.
    pub async fn commit_run(&self, run: &AllocationRun) -> AllocationRun {
        let begun = self.ask_to_commit(run).await;
        self.run_has_ended(&begun.name).await
    }

    /// The lines of a run, asked for in small pages.
    pub async fn run_lines(&self, run: &AllocationRun) -> Vec<RunLine> {
        let mut lines = Vec::new();
        let mut page_token = String::new();
        loop {
            let name = run.name.clone();
            let request = ListRunLinesRequest { name, page_size: 3, page_token, ..Default::default() };
            let page = self.allocation.runs.clone().list_run_lines(request).await.expect("listed").into_inner();
            lines.extend(page.lines);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return lines;
            }
        }
    }

    /// The line of an order in a run, which has one part.
    pub async fn run_line(&self, run: &AllocationRun, order: &str) -> RunLine {
        let name = self.line_name(order, 1);
        self.run_lines(run).await.into_iter().find(|line| line.line == name).expect("the line is in the run")
    }

    /// What a run would confirm to the first line of an order, all parts together, as (days from today, units).
    pub async fn would_have(&self, run: &AllocationRun, order: &str) -> Vec<(i64, i64)> {
        let name = self.line_name(order, 1);
        let lines = self.run_lines(run).await.into_iter().filter(|line| line.line == name);
        self.by_day(lines.flat_map(|line| line.after))
    }

    /// Confirmations as (days from today, units).
    pub fn by_day(&self, parts: impl IntoIterator<Item = RunConfirmation>) -> Vec<(i64, i64)> {
        let mut units = std::collections::BTreeMap::new();
        for part in parts {
            let shown: Date = part.ship_date.expect("a day");
            let days = (0..60).find(|days| date(self.day(*days)) == shown).expect("a day soon");
            *units.entry(days).or_insert(0) += part.quantity;
        }
        units.into_iter().collect()
    }

    /// What changes would do.
    pub async fn what_if(&self, changes: Vec<Change>) -> Result<WhatIfResponse, Status> {
        let changes = changes.into_iter().map(|change| WhatIfChange { change: Some(change) }).collect();
        let request = WhatIfRequest { changes, rules: None };
        Ok(self.allocation.runs.clone().what_if(request).await?.into_inner())
    }
}
