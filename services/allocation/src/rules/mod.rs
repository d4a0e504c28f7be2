//! The company's rules as orders see them: policies, the serving sequence and who is on hold, kept in memory for a moment.
//!
//! Orders that are placed keep what was decided, so a rule that is a few seconds old is no fault; orders
//! of customers who were put on hold meanwhile are found by a job. This module must not
//! change a rule.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use backorder_domain::{
    allocation::{sequence::ServingSequence, serving::PlannedServing},
    order::{eligibility::Barriers, policy::BackorderPolicy},
};
use backorder_storage::{StorageError, Store};
use tokio::time::Instant;

use crate::store;

/// How long rules are used before they are read again, for changes that other instances made.
pub const AGE_MAX: Duration = Duration::from_secs(5);

/// All rules at one moment.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// The policies by id.
    pub policies: Vec<BackorderPolicy>,
    /// The serving sequence.
    pub sequence: ServingSequence,
    /// The categories whose items a planner serves.
    pub planned_serving: Vec<PlannedServing>,
    /// What the holds on customers bar, by customer.
    pub held_customers: HashMap<String, Barriers>,
}

/// What is remembered.
#[derive(Debug, Default)]
struct Memory {
    /// How often the rules were changed here: what was read before a change is not remembered after it.
    changes: u64,
    /// When the rules were read, and what they were.
    known: Option<(Instant, Arc<RuleSet>)>,
}

/// The rules. Clones share the memory.
#[derive(Clone)]
pub struct Rules {
    store: Store,
    memory: Arc<RwLock<Memory>>,
}

impl Rules {
    /// Nothing read yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, memory: Arc::default() }
    }

    /// The rules, at most a few seconds old.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn current(&self) -> Result<Arc<RuleSet>, StorageError> {
        let (changes, known) = {
            let memory = self.memory.read().unwrap_or_else(PoisonError::into_inner);
            (memory.changes, memory.known.clone())
        };
        if let Some((read_at, rules)) = known
            && read_at.elapsed() < AGE_MAX
        {
            return Ok(rules);
        }
        let read_at = Instant::now();
        let rules = Arc::new(RuleSet {
            policies: store::rules::all_policies(&self.store).await?,
            sequence: store::rules::sequence(&self.store).await?.sequence,
            planned_serving: store::serving::all(self.store.reader()).await?,
            held_customers: store::holds::barriers_of_customers(self.store.reader()).await?,
        });
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        if memory.changes == changes {
            memory.known = Some((read_at, Arc::clone(&rules)));
        }
        drop(memory);
        Ok(rules)
    }

    /// The rules that were read last, however old they are, without a query.
    #[must_use]
    pub fn remembered(&self) -> Option<Arc<RuleSet>> {
        let memory = self.memory.read().unwrap_or_else(PoisonError::into_inner);
        memory.known.as_ref().map(|(_, rules)| Arc::clone(rules))
    }

    /// Forgets what was read, after a change.
    pub fn forget(&self) {
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        memory.changes += 1;
        memory.known = None;
    }
}
