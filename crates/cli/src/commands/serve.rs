//! `backorder serve`: all services in one process on one port.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use backorder_service_kit::{
    ids::RandomIds,
    metrics_server::{MetricsServer, install_recorder},
    server::ServerSettings,
    shutdown::Shutdown,
    telemetry::{self, TelemetrySettings},
    time::SystemClock,
};
use clap::Args;
use serde_json::json;

use crate::{
    args::{ADDRESS_DEFAULT, DataArgs},
    cluster::Cluster,
    failure::Failure,
    output::Output,
    services::Providers,
};

/// Where data is kept when no folder is named.
const DATA_DEFAULT: &str = "backorder-data";

/// How to serve.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where the data is. Left out, ./backorder-data.
    #[command(flatten)]
    data: DataArgs,
    /// The address and port for all services. Port 0 takes a free one.
    #[arg(long, env = "BACKORDER_LISTEN", default_value = ADDRESS_DEFAULT, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The address and port for Prometheus metrics. Left out, there are none.
    #[arg(long, env = "BACKORDER_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// After SIGTERM, how long to answer as not ready before connections are closed, in seconds.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    drain_grace: u64,
    /// Tell the address as JSON on standard output.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let output = Output::new(args.json);
    let settings = TelemetrySettings::from_env("backorder", "warn,backorder=info");
    let telemetry = telemetry::init(&settings).map_err(|error| Failure::new(error.to_string()))?;
    let shutdown = Shutdown::on_signals()?;
    let folder = args.data.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    let providers = Providers {
        clock: Arc::new(SystemClock),
        inventory_ids: Arc::new(RandomIds),
        allocation_ids: Arc::new(RandomIds),
    };
    let recorder = args.metrics.map(|_| install_recorder()).transpose();
    let recorder = recorder.map_err(|error| Failure::new(error.to_string()))?;
    let cluster = Cluster::open(&folder, providers).await?;
    let server_settings =
        ServerSettings { drain_grace: Duration::from_secs(args.drain_grace), ..ServerSettings::default() };
    let (server, readiness) = cluster.bind(args.listen, server_settings).await?;
    if let (Some(address), Some(recorder)) = (args.metrics, recorder) {
        let metrics = MetricsServer::bind(address, recorder, readiness).await?;
        tokio::spawn(metrics.serve(cluster.jobs().shutdown_token()));
    }
    let address = format!("http://{}", server.local_addr());
    if output.is_json() {
        output.line_of(&json!({"address": address, "data": folder.display().to_string()}));
    } else {
        output.text(&format!("serving on {address}, data in {}; stop with Ctrl-C or SIGTERM", folder.display()));
    }
    let served = cluster.serve(server, &shutdown).await;
    telemetry.shutdown().await;
    served
}
