//! Serving and stopping, in the order that loses no call: not ready, grace, GOAWAY, the calls under way, the writing tasks,
//! then the jobs that they may need.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};

use super::{ServerSettings, incoming};
use crate::{jobs::Jobs, layer::RpcLayer, readiness::Readiness, shutdown::Shutdown, tasks::OwnedTasks};

/// Why a server could not be made or broke.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be taken.
    #[error("the address {address} cannot be taken")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The listener is broken.
    #[error("the listener is broken")]
    Accept(#[source] io::Error),
    /// The compiled descriptors cannot be read.
    #[error("the descriptors for reflection cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the transport failed")]
    Transport(#[from] tonic::transport::Error),
}

/// A server that has its port and does not answer yet.
#[derive(Debug)]
pub struct BoundServer {
    pub(super) settings: ServerSettings,
    pub(super) routes: Routes,
    pub(super) readiness: Readiness,
    pub(super) layer: RpcLayer,
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl BoundServer {
    /// The address that was taken; its port is the real one when 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The readiness that its health service answers.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Answers calls until the wish to stop, then drains: not ready, grace, GOAWAY, and the calls under way to their end or
    /// until `drain_max`.
    ///
    /// # Errors
    /// [`ServeError::Transport`] when the transport fails.
    pub async fn serve(self, shutdown: &Shutdown) -> Result<(), ServeError> {
        self.readiness.evaluate().await;
        let (settings, readiness, layer) = (self.settings, self.readiness, self.layer);
        let go_away = CancellationToken::new();
        let server = transport(&settings).layer(layer.clone());
        let incoming = incoming::bounded(self.listener, settings.connections_max);
        let serve =
            server.serve_with_incoming_shutdown(self.routes.prepare(), incoming, go_away.clone().cancelled_owned());
        let drain = async {
            shutdown.requested().await;
            readiness.drain().await;
            tokio::time::sleep(settings.drain_grace).await;
            layer.end_streams();
            go_away.cancel();
            tokio::time::sleep(settings.drain_max).await;
        };
        let never = CancellationToken::new();
        tokio::select! {
            served = serve => served.map_err(ServeError::from),
            () = drain => {
                tracing::warn!("some calls did not end in time and are cut");
                Ok(())
            }
            () = readiness.watch(never) => Ok(()),
        }
    }
}

/// The transport with every bound set. Messages are bounded by the generated servers, which refuse more than 4 MiB.
///
/// The age of a connection has no forced end beside it: with one, tonic 0.14 closes without the GOAWAY before it.
fn transport(settings: &ServerSettings) -> Server {
    Server::builder()
        .max_concurrent_streams(settings.streams_per_connection_max)
        .http2_max_header_list_size(settings.header_list_bytes_max)
        .http2_keepalive_interval(Some(settings.keepalive_interval))
        .http2_keepalive_timeout(Some(settings.keepalive_timeout))
        .http2_max_pending_accept_reset_streams(Some(100))
        .max_connection_age(settings.connection_age_max)
}

/// Serves until the wish to stop, then ends everything in order: the server with its calls, the writing tasks, the jobs.
///
/// # Errors
/// [`ServeError`] of the server; tasks and jobs are ended in this case too.
pub async fn run_until_stopped(
    server: BoundServer,
    tasks: &[OwnedTasks],
    jobs: &Jobs,
    shutdown: &Shutdown,
) -> Result<(), ServeError> {
    let patience: Duration = server.settings.drain_max;
    let served = server.serve(shutdown).await;
    for tasks in tasks {
        if !tasks.drain(patience).await {
            tracing::warn!(running = tasks.running(), "some writing tasks did not end in time");
        }
    }
    if !jobs.stop(patience).await {
        tracing::warn!("some jobs did not end in time");
    }
    tracing::info!("stopped");
    served
}
