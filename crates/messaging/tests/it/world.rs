//! A producer, a consumer, and the bus between them.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use backorder_domain::time::Clock;
use backorder_messaging::{
    ConsumerProgress, ConsumerRunner, EmbeddedBus, EventBus, NatsBus, NatsOptions, Relay, RelayProgress, Subscription,
};
use backorder_storage::{
    StorageError, Store, StoreOptions,
    outbox::{self, NewEvent},
    schema::{Columns, change_shared_tables_to_v2, create_shared_tables_v1},
};
use backorder_testkit::{Backend, FreshDatabase, eventually, fresh_url, nats};
use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, DbErr, Statement,
    sea_query::{Index, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::handler::Recorder;

pub const SOURCE: &str = "inventory";
pub const CONSUMER: &str = "allocation-recorder";
pub const LEASE_TIME: Duration = Duration::from_millis(400);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    EmbeddedOnSqlite,
    EmbeddedOnPostgres,
    NatsOnPostgres,
}

impl Shape {
    fn backend(self) -> Backend {
        match self {
            Self::EmbeddedOnSqlite => Backend::Sqlite,
            Self::EmbeddedOnPostgres | Self::NatsOnPostgres => Backend::Postgres,
        }
    }
}

/// The business clock of every consumer stands still.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        noon()
    }
}

pub fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub struct World {
    pub producer: Store,
    pub consumer: Store,
    pub bus: Arc<dyn EventBus>,
    pub handler: Arc<Recorder>,
    pub subscription: Subscription,
    /// First part of the names on NATS.
    pub prefix: String,
    pub shape: Shape,
    databases: [FreshDatabase; 2],
}

impl World {
    pub async fn new(shape: Shape) -> Self {
        let nats_url = if shape == Shape::NatsOnPostgres { nats::server().await } else { String::new() };
        Self::with_broker(shape, &nats_url).await
    }

    pub async fn with_broker(shape: Shape, nats_url: &str) -> Self {
        let databases = [fresh_url(shape.backend()).await, fresh_url(shape.backend()).await];
        let producer = open(&databases[0]).await;
        let consumer = open(&databases[1]).await;
        let prefix = format!("test{:016x}", RandomState::new().hash_one(std::process::id()));
        let bus: Arc<dyn EventBus> = if shape == Shape::NatsOnPostgres {
            Arc::new(NatsBus::connect(nats_options(nats_url, &prefix)).await.unwrap())
        } else {
            let bus = EmbeddedBus::new();
            bus.register(SOURCE, producer.clone());
            Arc::new(bus)
        };
        Self {
            producer,
            consumer,
            bus,
            handler: Arc::default(),
            subscription: Subscription::new(CONSUMER, SOURCE),
            prefix,
            shape,
            databases,
        }
    }

    /// Writes events of an aggregate in one transaction, with the sequences `sequences`.
    pub async fn emit(&self, aggregate: &str, sequences: std::ops::RangeInclusive<i64>) {
        self.emit_typed("test.v1.Changed", aggregate, sequences).await;
    }

    pub async fn emit_typed(&self, event_type: &str, aggregate: &str, sequences: std::ops::RangeInclusive<i64>) {
        let events: Vec<NewEvent> = sequences.map(|sequence| event(event_type, aggregate, sequence)).collect();
        let events = &events;
        self.producer.write("emit", move |tx| Box::pin(outbox::append_in_tx(tx, events.clone()))).await.unwrap();
    }

    /// Another process of the producer, with connections of its own.
    pub async fn another_producer(&self) -> Store {
        open(&self.databases[0]).await
    }

    pub fn relay(&self) -> Relay {
        Relay::new(self.producer.clone(), self.bus.clone(), SOURCE).with_lease_time(LEASE_TIME)
    }

    pub fn start_relay(&self) -> Running<RelayProgress> {
        start_relay(self.relay())
    }

    pub fn start_consumer(&self) -> Running<ConsumerProgress> {
        let runner = ConsumerRunner::new(
            self.consumer.clone(),
            self.bus.clone(),
            self.subscription.clone(),
            self.handler.clone(),
            Arc::new(Noon),
        );
        let (progress, shutdown) = (runner.progress(), CancellationToken::new());
        let task = tokio::spawn(runner.run(shutdown.clone()));
        Running { progress, shutdown, task }
    }

    /// What the consumer has applied, in order: aggregate and sequence.
    pub async fn applied(&self) -> Vec<(String, i64)> {
        let text = "SELECT aggregate, sequence FROM applied ORDER BY id";
        let statement = Statement::from_string(self.consumer.backend(), text);
        let rows = self.consumer.reader().query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| (row.try_get("", "aggregate").unwrap(), row.try_get("", "sequence").unwrap())).collect()
    }

    /// The sequences applied of one aggregate, in order.
    pub async fn applied_of(&self, aggregate: &str) -> Vec<i64> {
        self.applied().await.into_iter().filter(|(name, _)| name == aggregate).map(|(_, sequence)| sequence).collect()
    }
}

pub fn nats_options(url: &str, prefix: &str) -> NatsOptions {
    NatsOptions::from_url(url)
        .with_prefix(prefix)
        .with_heartbeat(Duration::from_millis(500))
        .with_ack_wait(Duration::from_secs(1))
}

pub fn start_relay(relay: Relay) -> Running<RelayProgress> {
    let (progress, shutdown) = (relay.progress(), CancellationToken::new());
    let task = tokio::spawn(relay.run(shutdown.clone()));
    Running { progress, shutdown, task }
}

pub fn event(event_type: &str, aggregate: &str, sequence: i64) -> NewEvent {
    NewEvent {
        event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{aggregate}#{sequence}").as_bytes()),
        aggregate: aggregate.to_owned(),
        sequence,
        event_type: event_type.to_owned(),
        payload: format!("{aggregate} at {sequence}").into_bytes(),
        occurred_at: noon(),
        traceparent: None,
    }
}

/// A background task that can be stopped or killed.
pub struct Running<P> {
    pub progress: P,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl<P> Running<P> {
    pub async fn stop(self) -> P {
        self.shutdown.cancel();
        self.task.await.unwrap();
        self.progress
    }

    /// Drops it wherever it stands.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Waits until everything that was committed is published and applied.
pub async fn settled(relay: &Running<RelayProgress>, consumer: &Running<ConsumerProgress>) {
    eventually("relay and consumer have nothing to do", || async {
        matches!(relay.progress.pending().await, Ok(0)) && matches!(consumer.progress.pending().await, Ok(0))
    })
    .await;
}

async fn open(database: &FreshDatabase) -> Store {
    let store = Store::connect(StoreOptions::from_url(database.url()).with_pool_size(8)).await.unwrap();
    store.migrate::<Migrator>().await.unwrap();
    store
}

struct Migrator;

struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_shared_tables_v1(manager).await?;
        change_shared_tables_to_v2(manager).await?;
        let columns = Columns::of(manager);
        let applied = Table::create()
            .table("applied")
            .col(columns.row_id("id"))
            .col(columns.id_text("event_id"))
            .col(columns.id_text("aggregate"))
            .col(columns.number("sequence"))
            .col(columns.bytes("payload"))
            .index(Index::create().unique().name("uq_applied_event").col("event_id"))
            .take();
        manager.create_table(applied).await
    }
}

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Initial)]
    }
}

/// Runs a statement on a store.
pub async fn execute(store: &Store, sql: &'static str) -> u64 {
    store
        .write("execute", move |tx| {
            Box::pin(async move { Ok::<_, StorageError>(tx.execute_unprepared(sql).await?.rows_affected()) })
        })
        .await
        .unwrap()
}
