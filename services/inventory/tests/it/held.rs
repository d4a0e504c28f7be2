//! Locks that somebody else holds, for races that must take one way and no other.

use std::sync::Arc;

use backorder_storage::{StorageError, sql};
use backorder_testkit::eventually;
use sea_orm::{ConnectionTrait as _, Value};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use crate::world::World;

/// The transaction of somebody else that has locked an item.
pub struct Held {
    /// Its connection, as PostgreSQL calls it.
    pid: i32,
    let_go: Arc<Notify>,
    ended: JoinHandle<()>,
}

impl Held {
    /// Locks the item. The transaction runs `last` and ends when it is let go.
    pub async fn item(world: &World, id: &'static str, last: &'static str) -> Self {
        Self::hold(
            world,
            "SELECT item_id FROM item_ledger WHERE item_id = ? FOR NO KEY UPDATE",
            vec![Value::from(id)],
            last,
        )
        .await
    }

    /// Locks the rows of all components of kits, so that nobody can even read them.
    pub async fn components(world: &World) -> Self {
        Self::hold(world, "LOCK TABLE item_component IN ACCESS EXCLUSIVE MODE", Vec::new(), "SELECT 1").await
    }

    async fn hold(world: &World, lock: &'static str, values: Vec<Value>, last: &'static str) -> Self {
        let (store, let_go) = (world.app.store().clone(), Arc::new(Notify::new()));
        let (tell_pid, pid) = watch::channel(0);
        let may_end = Arc::clone(&let_go);
        let ended = tokio::spawn(async move {
            let (tell_pid, may_end, values) = (&tell_pid, &may_end, &values);
            let work = store.write("held", move |tx| {
                Box::pin(async move {
                    sql::execute(tx, lock, values.clone()).await?;
                    let text = "SELECT pg_backend_pid() AS pid";
                    let row = tx.query_one_raw(sql::statement(tx, text, [])).await?.unwrap();
                    tell_pid.send_replace(row.try_get("", "pid")?);
                    may_end.notified().await;
                    tx.execute_unprepared(last).await?;
                    Ok::<_, StorageError>(())
                })
            });
            work.await.unwrap();
        });
        let pid = *pid.clone().wait_for(|pid| *pid != 0).await.unwrap();
        Self { pid, let_go, ended }
    }

    /// Waits until somebody waits for what is held.
    pub async fn is_waited_for(&self, world: &World) {
        self.is_waited_for_by(1, world).await;
    }

    /// Waits until so many wait for the item, the later ones behind the first.
    pub async fn is_waited_for_by(&self, count: usize, world: &World) {
        let reader = world.app.store().reader();
        eventually("somebody waits for the item", async || {
            let text = "WITH RECURSIVE waiting (pid) AS (SELECT CAST(? AS int) UNION \
                        SELECT a.pid FROM waiting w JOIN pg_stat_activity a ON w.pid = ANY(pg_blocking_pids(a.pid))) \
                        SELECT pid FROM waiting";
            // The holder is one of them.
            reader.query_all_raw(sql::statement(reader, text, [Value::from(self.pid)])).await.unwrap().len() > count
        })
        .await;
    }

    /// The text of the statement that waits for what is held.
    pub async fn waiting_statement(&self, world: &World) -> String {
        let reader = world.app.store().reader();
        let text = "SELECT query FROM pg_stat_activity WHERE CAST(? AS int) = ANY(pg_blocking_pids(pid))";
        let row = reader.query_one_raw(sql::statement(reader, text, [Value::from(self.pid)])).await.unwrap();
        row.unwrap().try_get("", "query").unwrap()
    }

    pub async fn ends(self) {
        self.let_go.notify_one();
        self.ended.await.unwrap();
    }
}
