//! Inventory and allocation as two processes on PostgreSQL, with NATS JetStream between them. Each part can be killed and
//! started again on what it left.

use std::path::PathBuf;

use backorder_service_kit::clients::{self, AllocationClients, InventoryClients};
use backorder_testkit::{Backend, FreshDatabase, eventually, fresh_url, nats::NatsServer, ports, process::TestProcess};
use tempfile::TempDir;

use crate::world::World;

/// One of our services as a process of its own.
pub struct ServiceProcess {
    binary: &'static str,
    settings: Vec<(String, String)>,
    port: u16,
    log: PathBuf,
    process: Option<TestProcess>,
}

impl ServiceProcess {
    /// Starts the process and waits until it serves.
    pub async fn start(&mut self) {
        let settings: Vec<(&str, &str)> =
            self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut process = TestProcess::start(self.binary, &[], &settings, &self.log);
        process.serves(self.port).await;
        self.process = Some(process);
    }

    /// Ends the process with SIGKILL. The process is the one that serves: `start` has asserted it.
    pub fn kill(&mut self) {
        self.process.take().expect("the process runs").kill();
    }

    /// Ends the process with SIGTERM and asserts that it ended well.
    pub async fn terminate(&mut self) {
        let mut process = self.process.take().expect("the process runs");
        let status = process.terminate().await;
        assert!(status.success(), "{} ended with {status}:\n{}", self.binary, process.log());
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The two services, their databases and the broker.
pub struct Processes {
    pub inventory: ServiceProcess,
    pub allocation: ServiceProcess,
    pub nats: NatsServer,
    _databases: [FreshDatabase; 2],
    _logs: TempDir,
}

impl Processes {
    pub async fn start() -> Self {
        let logs = tempfile::tempdir().expect("a folder for logs");
        let databases = [fresh_url(Backend::Postgres).await, fresh_url(Backend::Postgres).await];
        let nats = NatsServer::start().expect("NATS starts");
        let service = |binary: &'static str, own: &str, more: &[(&str, String)], database: &FreshDatabase| {
            let port = ports::free_port().expect("a free port");
            let key = |name: &str| format!("BACKORDER_{own}_{name}");
            let mut settings = vec![
                (key("STORE_URL"), database.url().to_owned()),
                (key("ADDRESS"), format!("127.0.0.1:{port}")),
                (key("METRICS_ADDRESS"), "127.0.0.1:0".to_owned()),
                ("BACKORDER_NATS_URL".to_owned(), nats.url()),
                // What a drain waits for load balancers to notice; there is none here.
                ("BACKORDER_DRAIN_GRACE_SECONDS".to_owned(), "0".to_owned()),
            ];
            settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            let log = logs.path().join(format!("{binary}.log"));
            ServiceProcess { binary, settings, port, log, process: None }
        };
        let mut inventory = service("backorder-inventory", "INVENTORY", &[], &databases[0]);
        let to_inventory = [("BACKORDER_INVENTORY_URL", inventory.address())];
        let mut allocation = service("backorder-allocation", "ALLOCATION", &to_inventory, &databases[1]);
        inventory.start().await;
        allocation.start().await;
        Self { inventory, allocation, nats, _databases: databases, _logs: logs }
    }

    pub fn world(&self, story: &str) -> World {
        let channel = |address: String| clients::connect(&address).expect("a good address");
        let inventory = InventoryClients::new(channel(self.inventory.address()));
        let allocation = AllocationClients::new(channel(self.allocation.address()));
        World::new(inventory, allocation, None, story)
    }

    /// What the services wrote to their logs, for a failed test.
    pub fn logs(&self) -> String {
        let of = |service: &ServiceProcess| service.process.as_ref().map(TestProcess::log).unwrap_or_default();
        format!("inventory:\n{}\nallocation:\n{}", of(&self.inventory), of(&self.allocation))
    }

    /// Ends both services in good order.
    pub async fn stop(mut self) {
        self.allocation.terminate().await;
        self.inventory.terminate().await;
    }

    /// Waits until both services answer again after one was started anew.
    pub async fn answers(&self) {
        let world = self.world("answers");
        eventually("both services answer", || async { world.answers().await }).await;
    }
}
