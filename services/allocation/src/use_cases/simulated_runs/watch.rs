//! Following a run until it ends.

use backorder_proto::allocation::v1 as pb;
use tokio::sync::mpsc;
use tonic::Status;

use crate::{
    error::Error,
    use_cases::{UseCases, backlog::WatchLimits},
};

/// Messages that wait for a slow reader at most; then the watch waits for it.
const MESSAGES_WAITING_MAX: usize = 4;

type Sender = mpsc::Sender<Result<pb::WatchRunResponse, Status>>;

impl UseCases {
    /// Starts a watch of a run: what it is now, and what it becomes, until it has ended.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn watch_run(
        &self,
        id: String,
        limits: WatchLimits,
    ) -> Result<mpsc::Receiver<Result<pb::WatchRunResponse, Status>>, Error> {
        let first = self.simulated_run(&id).await?;
        let (sender, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        let this = self.clone();
        tokio::spawn(async move {
            let end = limits.end.clone();
            tokio::select! {
                () = end.cancelled() => {}
                () = tokio::time::sleep(limits.age_max) => {}
                () = this.follow_run(&id, first, &limits, &sender) => {}
            }
        });
        Ok(receiver)
    }

    async fn follow_run(&self, id: &str, first: pb::AllocationRun, limits: &WatchLimits, sender: &Sender) {
        let mut writes = self.simulated().subscribe();
        let mut run = first;
        loop {
            let has_ended = !matches!(run.state(), pb::RunState::Running | pb::RunState::Committing);
            if sender.send(Ok(pb::WatchRunResponse { run: Some(run.clone()) })).await.is_err() || has_ended {
                return;
            }
            loop {
                tokio::select! {
                    () = sender.closed() => return,
                    changed = writes.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(limits.tick) => {}
                }
                match self.simulated_run(id).await {
                    Ok(now) if now == run => {}
                    Ok(now) => {
                        run = now;
                        break;
                    }
                    Err(error) => {
                        // The reader may be gone; then nobody has to hear of the failure.
                        let _ = sender.send(Err(error.into())).await;
                        return;
                    }
                }
            }
        }
    }
}
