//! Tells inventory which waiting parts may take stock.
//!
//! What is left to do is read off the rows: a part whose copy says otherwise than what bars its line. So a crash forgets
//! nothing, and doing it again changes nothing. Nobody else changes eligibility: runs of this service pass nobody over.

use std::{collections::BTreeSet, sync::Arc};

use backorder_proto::inventory::v1 as pb;
use backorder_service_kit::jobs::Woken;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::queue_changes::{QueueChanges, change_of, key_of};
use crate::{
    error::Error,
    order::LineKey,
    store::orders::{self, Told},
    use_cases::{UseCases, claims::ClaimNews},
};

/// Parts in one call to inventory.
const CHUNK_MAX: u64 = 500;
/// The name space of the ids of these calls.
const ELIGIBILITY: Uuid = Uuid::from_u128(0x3f0e_91c4_7d52_4b8e_a1f6_0c58_d2e7_94b3);

/// Whether inventory is being told just now. What barred a line may go meanwhile: then the rows say that nothing is left to
/// do, and what was told comes after them.
#[derive(Debug, Default)]
pub struct Telling(Arc<()>);

impl Telling {
    /// Inventory is being told until the guard is dropped.
    #[must_use]
    fn begin(&self) -> Arc<()> {
        Arc::clone(&self.0)
    }

    /// Whether somebody here tells inventory. To be asked before the rows are.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// Keeps inventory's eligibility equal to what bars the lines, until shutdown: at once when that changes, and now and then
/// for changes that nobody told of.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn keep_eligibility(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    loop {
        // What becomes free is told last: then nobody behind a new barrier is served first.
        use_cases.tell_eligibility(Told::MayTakeStock).await?;
        use_cases.tell_eligibility(Told::MayNot).await?;
        let tick = use_cases.config().hold_tick;
        if use_cases.wakes().eligibility.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

impl UseCases {
    /// Corrects the parts of which inventory was told what is not so any more.
    async fn tell_eligibility(&self, told: Told) -> Result<(), Error> {
        let eligible = told == Told::MayNot;
        let cause = if eligible { "nothing bars the line any more" } else { "the line is barred from taking stock" };
        let mut after: Option<LineKey> = None;
        let _telling = self.telling().begin();
        loop {
            let parts = orders::told_otherwise(self.store().reader(), told, after.as_ref(), CHUNK_MAX).await?;
            let Some(last) = parts.last() else { return Ok(()) };
            after = Some(key_of(last));
            let changes: QueueChanges = parts
                .iter()
                .map(|part| (pb::QueueChange { eligible: Some(eligible), ..change_of(part) }, part.version))
                .collect();
            let claims = self.change_queue(ELIGIBILITY, "eligible", changes).await?;
            let mut news = Vec::new();
            for claim in &claims {
                news.extend(ClaimNews::of(claim, cause)?);
            }
            let (news, now) = (&news, self.now());
            self.store()
                .write("keep_eligibility", move |tx| {
                    Box::pin(async move {
                        self.follow_claims_in_tx(tx, news, &BTreeSet::new(), now, None).await?;
                        Ok::<_, Error>(())
                    })
                })
                .await?;
        }
    }
}
