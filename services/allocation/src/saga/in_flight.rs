//! The steps that this process is working on, so that nobody in it works on one twice and who needs the outcome waits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use uuid::Uuid;

/// The steps under way. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Debug, Default)]
struct UnderWay {
    steps: HashMap<Uuid, watch::Receiver<()>>,
    /// The step that an order is busy with.
    of_orders: HashMap<String, Uuid>,
}

/// Holds a step until it is dropped.
#[derive(Debug)]
pub struct Holding {
    in_flight: InFlight,
    step: Uuid,
    orders: Vec<String>,
    /// Its end wakes those that wait.
    _ended: watch::Sender<()>,
}

impl InFlight {
    /// Takes a step; `None` when somebody here has it.
    #[must_use]
    pub fn enter(&self, step: Uuid) -> Option<Holding> {
        let mut under_way = self.under_way();
        if under_way.steps.contains_key(&step) {
            return None;
        }
        let (ended, receiver) = watch::channel(());
        under_way.steps.insert(step, receiver);
        Some(Holding { in_flight: self.clone(), step, orders: Vec::new(), _ended: ended })
    }

    /// Waits until nobody here works on the step. Answers false at once when nobody does.
    pub async fn ended(&self, step: Uuid) -> bool {
        let receiver = self.under_way().steps.get(&step).cloned();
        let Some(mut receiver) = receiver else { return false };
        // The sender never sends: an error is its end.
        while receiver.changed().await.is_ok() {}
        true
    }

    /// Waits until the step that the order is busy with here has ended.
    pub async fn order_is_free(&self, order: &str) {
        let step = self.under_way().of_orders.get(order).copied();
        if let Some(step) = step {
            self.ended(step).await;
        }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holding {
    /// Tells which orders are busy with the step.
    pub fn concerns(&mut self, orders: Vec<String>) {
        self.in_flight.under_way().of_orders.extend(orders.iter().map(|order| (order.clone(), self.step)));
        self.orders = orders;
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let mut under_way = self.in_flight.under_way();
        under_way.steps.remove(&self.step);
        for order in &self.orders {
            // The next step of the order may have begun already.
            if under_way.of_orders.get(order) == Some(&self.step) {
                under_way.of_orders.remove(order);
            }
        }
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

    #[tokio::test]
    async fn an_order_is_free_when_the_step_that_concerns_it_ends() {
        let in_flight = InFlight::default();
        let mut holding = in_flight.enter(Uuid::from_u128(1)).unwrap();
        holding.concerns(vec!["A".to_owned()]);
        in_flight.order_is_free("B").await;
        let waiting = tokio::spawn({
            let in_flight = in_flight.clone();
            async move { in_flight.order_is_free("A").await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(holding);
        waiting.await.unwrap();
        in_flight.order_is_free("A").await;
        assert!(in_flight.under_way().of_orders.is_empty());
    }
}
