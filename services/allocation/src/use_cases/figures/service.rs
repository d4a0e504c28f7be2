//! `GetServiceFigures`: the sums of a cohort and of its groups, in one pass.

use std::collections::BTreeMap;

use backorder_domain::figures::{
    cohort::{CohortSums, Terms},
    demand::{Demand, Fate},
    groups::Groups,
    named::FigureName,
};
use backorder_proto::allocation::v1 as pb;

use super::{Cohort, CountedOrder, GroupPage, Scope, cut, message};
use crate::{error::Error, use_cases::UseCases};

/// What is asked.
#[derive(Debug, Clone)]
pub struct FiguresCommand {
    /// Which lines.
    pub scope: Scope,
    /// Which figures; empty means all.
    pub figures: Vec<FigureName>,
    /// What they depend on.
    pub terms: Terms,
}

impl UseCases {
    /// The figures of a cohort and of a page of its groups. Answers the key after which the next page begins.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get_service_figures(
        &self,
        command: FiguresCommand,
        page: GroupPage,
    ) -> Result<(pb::GetServiceFiguresResponse, Option<String>), Error> {
        self.store()
            .snapshot("get_service_figures", move |tx| Box::pin(async move { count(tx, &command, &page).await }))
            .await
    }
}

impl UseCases {
    /// The sums of a cohort.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn cohort_sums(&self, command: FiguresCommand) -> Result<CohortSums, Error> {
        let page = GroupPage { by: None, after: None, max: 0 };
        self.store()
            .snapshot("cohort_sums", move |tx| {
                Box::pin(async move {
                    let mut cohort = Cohort::open(tx, &command.scope, None).await?;
                    let (mut total, mut none) = (CohortSums::default(), Groups::<CohortSums>::new(None, 0));
                    let count = |cohort: &Cohort<'_>, order: CountedOrder<'_>| {
                        add(cohort, &order, &command, &page, (&mut total, &mut none));
                        Ok(())
                    };
                    cohort.each(count).await?;
                    Ok(total)
                })
            })
            .await
    }
}

async fn count(
    tx: &backorder_storage::Transaction,
    command: &FiguresCommand,
    page: &GroupPage,
) -> Result<(pb::GetServiceFiguresResponse, Option<String>), Error> {
    let mut cohort = Cohort::open(tx, &command.scope, page.by).await?;
    let mut total = CohortSums::default();
    let mut groups = Groups::<CohortSums>::new(page.after.clone(), page.max.saturating_add(1));
    cohort
        .each(|cohort, order| {
            add(cohort, &order, command, page, (&mut total, &mut groups));
            Ok(())
        })
        .await?;
    let mut found: Vec<(String, CohortSums)> = groups.into_sums().into_iter().collect();
    let next = cut(&mut found, page.max);
    let wanted = command.figures.as_slice();
    let answer = pb::GetServiceFiguresResponse {
        basis: Some(cohort.basis()),
        definitions: message::definitions(wanted),
        total: Some(message::group(String::new(), &total, wanted)),
        groups: found.into_iter().map(|(key, sums)| message::group(key, &sums, wanted)).collect(),
        next_page_token: String::new(),
    };
    Ok((answer, next))
}

fn add(
    cohort: &Cohort<'_>,
    order: &CountedOrder<'_>,
    command: &FiguresCommand,
    page: &GroupPage,
    (total, groups): (&mut CohortSums, &mut Groups<CohortSums>),
) {
    let lines: Vec<_> = order.lines.iter().filter(|line| cohort.has(line)).collect();
    let fates: Vec<Fate> = lines.iter().map(|line| line.demand.fate()).collect();
    total.add_order(lines.iter().map(|line| &line.demand).zip(&fates), &command.terms);
    let Some(by) = page.by else { return };
    let mut of_group: BTreeMap<String, Vec<(&Demand, &Fate)>> = BTreeMap::new();
    for (line, fate) in lines.iter().zip(&fates) {
        of_group.entry(cohort.key(by, order.row, line)).or_default().push((&line.demand, fate));
    }
    for (key, lines) in of_group {
        if let Some(sums) = groups.of(&key) {
            sums.add_order(lines, &command.terms);
        }
    }
}
