//! The steps that this process is working on, so that nobody in it works on one twice and who needs the outcome waits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;
use uuid::Uuid;

/// The steps under way. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    steps: Arc<Mutex<HashMap<Uuid, watch::Receiver<()>>>>,
}

/// Holds a step until it is dropped.
#[derive(Debug)]
pub struct Holding {
    steps: Arc<Mutex<HashMap<Uuid, watch::Receiver<()>>>>,
    step: Uuid,
    /// Its end wakes those that wait.
    _ended: watch::Sender<()>,
}

impl InFlight {
    /// Takes a step; `None` when somebody here has it.
    #[must_use]
    pub fn enter(&self, step: Uuid) -> Option<Holding> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.contains_key(&step) {
            return None;
        }
        let (ended, receiver) = watch::channel(());
        steps.insert(step, receiver);
        Some(Holding { steps: Arc::clone(&self.steps), step, _ended: ended })
    }

    /// Waits until nobody here works on the step. Answers false at once when nobody does.
    pub async fn ended(&self, step: Uuid) -> bool {
        let receiver = self.steps.lock().unwrap_or_else(PoisonError::into_inner).get(&step).cloned();
        let Some(mut receiver) = receiver else { return false };
        // The sender never sends: an error is its end.
        while receiver.changed().await.is_ok() {}
        true
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.step);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[tokio::test]
    async fn a_step_is_held_by_one_and_its_end_wakes_the_others() {
        let in_flight = InFlight::default();
        let step = Uuid::from_u128(1);
        assert!(!in_flight.ended(step).await);
        let holding = in_flight.enter(step).unwrap();
        assert!(in_flight.enter(step).is_none());
        let waiting = tokio::spawn({
            let in_flight = in_flight.clone();
            async move { in_flight.ended(step).await }
        });
        drop(holding);
        // Whether the waiter came before the end or after it, it does not hang.
        waiting.await.unwrap();
        assert!(in_flight.enter(step).is_some());
    }
}
