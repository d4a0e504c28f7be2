//! Metrics for Prometheus, and liveness and readiness for probes that speak HTTP only, on a port of their own.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::readiness::Readiness;

/// Upper bounds of the buckets of every histogram of seconds: 0.25 ms to 30 s.
const SECONDS_BUCKETS: [f64; 17] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0];
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Installs the process's recorder of metrics, once; later calls answer the same one. Before it, metrics are dropped.
///
/// # Errors
/// When another recorder was installed by someone else.
pub fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    let mut installed = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new().set_buckets(&SECONDS_BUCKETS)?.install_recorder()?;
    Ok(installed.insert(handle).clone())
}

/// A server of `/metrics`, `/livez` and `/readyz` that has its port but does not answer yet.
#[derive(Debug)]
pub struct MetricsServer {
    listener: TcpListener,
    handle: PrometheusHandle,
    readiness: Readiness,
}

impl MetricsServer {
    /// Takes the port.
    ///
    /// # Errors
    /// The operating system's, when the address cannot be taken.
    pub async fn bind(address: SocketAddr, handle: PrometheusHandle, readiness: Readiness) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, handle, readiness })
    }

    /// The address that was taken; its port is the real one when 0 was asked for.
    ///
    /// # Errors
    /// The operating system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until shutdown.
    ///
    /// # Errors
    /// The operating system's, when the listener breaks.
    pub async fn serve(self, shutdown: CancellationToken) -> io::Result<()> {
        let handle = self.handle.clone();
        let routes = Router::new()
            .route("/metrics", get(render))
            .route("/livez", get(|| async { "alive\n" }))
            .route("/readyz", get(ready))
            .with_state((self.handle, self.readiness));
        let upkeep = async {
            loop {
                tokio::time::sleep(UPKEEP_INTERVAL).await;
                handle.run_upkeep();
            }
        };
        let serve = axum::serve(self.listener, routes).with_graceful_shutdown(shutdown.cancelled_owned());
        tokio::select! {
            served = serve => served,
            () = upkeep => Ok(()),
        }
    }
}

type Parts = (PrometheusHandle, Readiness);

async fn render(State((handle, _)): State<Parts>) -> String {
    handle.render()
}

async fn ready(State((_, readiness)): State<Parts>) -> (StatusCode, &'static str) {
    if readiness.is_ready() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}
