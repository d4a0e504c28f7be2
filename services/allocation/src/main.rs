//! The allocation service as a process of its own: settings, telemetry, build, serve, drain.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use backorder_allocation::{App, Config, SOURCE};
use backorder_messaging::{NatsBus, NatsOptions};
use backorder_service_kit::{
    clients::{InventoryClients, connect},
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
    let telemetry = telemetry::init(&TelemetrySettings::from_env("backorder-allocation", "info"))?;
    let metrics = install_recorder()?;
    let shutdown = Shutdown::on_signals()?;

    let config = Config::from_settings(setting)?;
    let url = setting("BACKORDER_ALLOCATION_STORE_URL").ok_or("BACKORDER_ALLOCATION_STORE_URL is not set")?;
    let address: SocketAddr =
        setting("BACKORDER_ALLOCATION_ADDRESS").unwrap_or_else(|| "127.0.0.1:7402".to_owned()).parse()?;
    let metrics_address: SocketAddr =
        setting("BACKORDER_ALLOCATION_METRICS_ADDRESS").unwrap_or_else(|| "127.0.0.1:7412".to_owned()).parse()?;

    let store = Store::connect(StoreOptions::from_url(url).with_application_name("backorder-allocation")).await?;
    let nats_url =
        setting("BACKORDER_NATS_URL").ok_or("BACKORDER_NATS_URL is not set: inventory's events come from there")?;
    let bus = Arc::new(NatsBus::connect(NatsOptions::from_url(nats_url)).await?);
    let inventory = setting("BACKORDER_INVENTORY_URL").unwrap_or_else(|| "http://127.0.0.1:7401".to_owned());
    let inventory = InventoryClients::new(connect(&inventory)?.with_caller(SOURCE));
    let app = App::build(config, store, Arc::new(SystemClock), Arc::new(RandomIds), bus, inventory).await?;

    let (jobs, readiness) = (Jobs::new(), Readiness::new());
    app.add_readiness(&readiness);
    let builder = ServerBuilder::new(ServerSettings::from_settings(setting)?).readiness(readiness.clone());
    let server = builder.register(|services| app.add_services(services)).bind(address).await?;
    let metrics = MetricsServer::bind(metrics_address, metrics, readiness).await?;
    tracing::info!(address = %server.local_addr(), metrics = %metrics.local_addr()?, "allocation is listening");
    app.spawn_jobs(&jobs);
    let (stopping, watched) = (shutdown.token(), app.clone());
    tokio::spawn(async move {
        stopping.cancelled().await;
        watched.end_watches();
    });
    let metrics = tokio::spawn(metrics.serve(jobs.shutdown_token()));
    let served = run_until_stopped(server, &[app.tasks()], &jobs, &shutdown).await;
    metrics.await??;
    app.store().close().await?;
    telemetry.shutdown().await;
    Ok(served?)
}
