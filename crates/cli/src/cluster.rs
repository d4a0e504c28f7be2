//! All services of this process on one data folder, with one SQLite file each.

use std::{
    fs::{self, File, TryLockError},
    net::SocketAddr,
    path::Path,
};

use backorder_service_kit::{
    clients::ServiceChannel,
    jobs::Jobs,
    readiness::Readiness,
    server::{BoundServer, ServerBuilder, ServerSettings, run_until_stopped},
    shutdown::Shutdown,
};
use backorder_storage::{Store, StoreOptions};

use crate::{
    client::{CALLER, Clients},
    failure::Failure,
    services::{Configs, Providers, Services, Stores},
};

/// The services of this process and their folder.
pub struct Cluster {
    services: Services,
    clients: Clients,
    /// Keeps other processes out of the folder for as long as this one lives.
    _lock: File,
}

impl Cluster {
    /// Opens the data folder, brings the schemas up to date and starts the jobs of every service.
    ///
    /// # Errors
    /// [`Failure`] when the folder cannot be used, another process uses it, or a store cannot be opened.
    pub async fn open(folder: &Path, providers: Providers) -> Result<Self, Failure> {
        let lock = lock(folder)?;
        let stores = Stores {
            inventory: store(folder, backorder_inventory::SOURCE).await?,
            allocation: store(folder, backorder_allocation::SOURCE).await?,
        };
        let services = Services::start(stores, Configs::default(), providers).await.map_err(store_failure)?;
        let as_caller = |channel: &ServiceChannel| channel.clone().with_caller(CALLER);
        let clients =
            Clients::over(&as_caller(services.inventory_channel()), &as_caller(services.allocation_channel()));
        Ok(Self { services, clients, _lock: lock })
    }

    /// Clients straight into the services.
    #[must_use]
    pub const fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Takes a port for all services.
    ///
    /// # Errors
    /// [`Failure`] when the address cannot be taken.
    pub async fn bind(
        &self,
        address: SocketAddr,
        settings: ServerSettings,
    ) -> Result<(BoundServer, Readiness), Failure> {
        let bound = self.services.register(ServerBuilder::new(settings)).bind(address).await;
        let bound =
            bound.map_err(|error| Failure::new(error.to_string()).next("name another address with --listen"))?;
        let readiness = bound.readiness().clone();
        Ok((bound, readiness))
    }

    /// Serves until the wish to stop, then ends calls, writes and jobs, and closes the stores.
    ///
    /// # Errors
    /// [`Failure`] when serving failed or a store cannot be closed.
    pub async fn serve(self, server: BoundServer, shutdown: &Shutdown) -> Result<(), Failure> {
        let served = run_until_stopped(server, &self.services.tasks(), self.jobs(), shutdown).await;
        self.services.close_stores().await.map_err(store_failure)?;
        served.map_err(|error| Failure::new(error.to_string()))
    }

    /// The token that ends with the services' jobs, for what runs beside them.
    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        self.services.jobs()
    }

    /// Ends writes and jobs, and closes the stores.
    ///
    /// # Errors
    /// [`Failure`] when a store cannot be closed.
    pub async fn close(self) -> Result<(), Failure> {
        self.services.stop().await.map_err(store_failure)
    }
}

async fn store(folder: &Path, service: &str) -> Result<Store, Failure> {
    let url = format!("sqlite:{}", folder.join(format!("{service}.sqlite")).display());
    Store::connect(StoreOptions::from_url(url).with_application_name(service)).await.map_err(store_failure)
}

fn store_failure(error: backorder_storage::StorageError) -> Failure {
    Failure::new(error.to_string()).next("check that the data folder is on a local disk with room, and may be written")
}

/// Makes the folder and keeps other processes out of it.
fn lock(folder: &Path) -> Result<File, Failure> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!("another process uses {}", folder.display()))
            .next("stop it, or name another folder with --data")),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_folder_serves_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(lock(folder.path()).unwrap_err().to_string().contains("another process uses"));
        drop(held);
        assert!(lock(folder.path()).is_ok());
    }
}
