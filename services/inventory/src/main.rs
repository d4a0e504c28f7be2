//! The inventory service as a process of its own: settings, telemetry, build, serve, drain.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use backorder_inventory::{App, Config, SOURCE};
use backorder_messaging::{EmbeddedBus, EventBus, NatsBus, NatsOptions};
use backorder_service_kit::{
    ids::RandomIds,
    jobs::Jobs,
    metrics_server::{MetricsServer, install_recorder},
    readiness::Readiness,
    server::{ServerBuilder, ServerSettings, run_until_stopped},
    shutdown::Shutdown,
    telemetry::{self, TelemetrySettings},
    time::SystemClock,
};
use backorder_storage::{Store, StoreOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |key: &str| env::var(key).ok().filter(|value| !value.is_empty());
    let telemetry = telemetry::init(&TelemetrySettings::from_env("backorder-inventory", "info"))?;
    let metrics = install_recorder()?;
    let shutdown = Shutdown::on_signals()?;

    let config = Config::from_settings(setting)?;
    let url = setting("BACKORDER_INVENTORY_STORE_URL").ok_or("BACKORDER_INVENTORY_STORE_URL is not set")?;
    let address: SocketAddr =
        setting("BACKORDER_INVENTORY_ADDRESS").unwrap_or_else(|| "127.0.0.1:7401".to_owned()).parse()?;
    let metrics_address: SocketAddr =
        setting("BACKORDER_INVENTORY_METRICS_ADDRESS").unwrap_or_else(|| "127.0.0.1:7411".to_owned()).parse()?;

    let store = Store::connect(StoreOptions::from_url(url).with_application_name("backorder-inventory")).await?;
    let bus = bus(setting("BACKORDER_NATS_URL"), &store).await?;
    let app = App::build(config, store, Arc::new(SystemClock), Arc::new(RandomIds), bus).await?;

    let (jobs, readiness) = (Jobs::new(), Readiness::new());
    app.add_readiness(&readiness);
    let builder = ServerBuilder::new(ServerSettings::from_settings(setting)?).readiness(readiness.clone());
    let server = builder.register(|services| app.add_services(services)).bind(address).await?;
    let metrics = MetricsServer::bind(metrics_address, metrics, readiness).await?;
    tracing::info!(address = %server.local_addr(), metrics = %metrics.local_addr()?, "inventory is listening");
    app.spawn_jobs(&jobs);
    let metrics = tokio::spawn(metrics.serve(jobs.shutdown_token()));
    let (stopping, watched) = (shutdown.token(), app.clone());
    tokio::spawn(async move {
        stopping.cancelled().await;
        watched.end_watches();
    });
    let served = run_until_stopped(server, &[app.tasks()], &jobs, &shutdown).await;
    metrics.await??;
    app.store().close().await?;
    telemetry.shutdown().await;
    Ok(served?)
}

/// The bus: NATS where there is one, else the feed, which consumers in this process read by themselves.
async fn bus(nats_url: Option<String>, store: &Store) -> Result<Arc<dyn EventBus>, Box<dyn Error>> {
    if let Some(url) = nats_url {
        return Ok(Arc::new(NatsBus::connect(NatsOptions::from_url(url)).await?));
    }
    let bus = EmbeddedBus::new();
    bus.register(SOURCE, store.clone());
    Ok(Arc::new(bus))
}
