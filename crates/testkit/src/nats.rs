//! Throwaway NATS servers with JetStream, each with its own folder and port, every message synced to disk.

use std::env;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guard::{EndWith, Guarded};
use crate::{TestkitError, ports, tools};

/// The URL of a running server, such as `nats://127.0.0.1:4222`.
pub const URL_ENV: &str = "BACKORDER_TEST_NATS_URL";

const STARTS_MAX: u32 = 3;
const START_LIMIT: Duration = Duration::from_secs(30);

/// The URL of the run's server, or of one that is started for this process. Shared: name streams and consumers
/// uniquely, and start a [`NatsServer`] of your own to stop or wipe one.
///
/// # Panics
/// When there is no NATS server; the message says what to install.
pub async fn server() -> String {
    let found = tokio::task::spawn_blocking(shared_url).await;
    match found {
        Ok(Ok(url)) => url,
        Ok(Err(error)) => crate::give_up("no NATS server for this test", &error),
        Err(error) => crate::give_up("starting a NATS server was interrupted", &error),
    }
}

fn shared_url() -> Result<String, String> {
    static OWN_SERVER: OnceLock<Result<NatsServer, String>> = OnceLock::new();
    if let Ok(url) = env::var(URL_ENV) {
        return Ok(url);
    }
    let server = OWN_SERVER.get_or_init(|| NatsServer::start().map_err(|error| error.to_string()));
    server.as_ref().map(NatsServer::url).map_err(Clone::clone)
}

/// A throwaway server. Dropping it, or the end of this process in any way, stops it and removes its folder.
#[derive(Debug)]
pub struct NatsServer {
    process: Option<Guarded>,
    port: u16,
    program: PathBuf,
    folder: TempDir,
}

impl NatsServer {
    /// Starts a server on a free port of the loopback address and waits until it answers.
    ///
    /// # Errors
    /// When `nats-server` is missing or does not start; with the end of its log.
    pub fn start() -> Result<Self, TestkitError> {
        let program = tools::nats_server()?;
        let folder = tempfile::Builder::new()
            .prefix("backorder-nats-")
            .tempdir()
            .map_err(TestkitError::io("make a folder for NATS"))?;
        let mut server = Self { process: None, port: 0, program, folder };
        let mut outcome = server.launch_on(ports::free_port()?);
        for _ in 1..STARTS_MAX {
            if outcome.is_ok() {
                break;
            }
            outcome = server.launch_on(ports::free_port()?);
        }
        outcome.map(|()| server)
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills the server; what it acknowledged stays in its folder.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same folder and port, killing it first when it runs.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&mut self) -> Result<(), TestkitError> {
        self.kill();
        self.launch_on(self.port)
    }

    /// Loses everything that the server kept: kills it, removes its store, starts it empty on the same port.
    ///
    /// # Errors
    /// When the store cannot be removed or the server does not come back.
    pub fn wipe(&mut self) -> Result<(), TestkitError> {
        self.kill();
        std::fs::remove_dir_all(self.store()).map_err(TestkitError::io("remove the store of NATS"))?;
        self.launch_on(self.port)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn launch_on(&mut self, port: u16) -> Result<(), TestkitError> {
        self.port = port;
        let settings_path = self.folder.path().join("nats.conf");
        let settings = format!(
            "listen: \"127.0.0.1:{port}\"\njetstream {{\n  store_dir: \"{}\"\n  sync_interval: always\n}}\n",
            self.store().display()
        );
        std::fs::write(&settings_path, settings).map_err(TestkitError::io("write the settings of NATS"))?;
        let log_path = self.folder.path().join("nats.log");
        let log =
            File::options().create(true).append(true).open(&log_path).map_err(TestkitError::io("open the log"))?;
        let log_too = log.try_clone().map_err(TestkitError::io("open the log"))?;
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&settings_path).stdout(log).stderr(log_too);
        let mut process = Guarded::spawn(command, EndWith::Kill, Some(self.folder.path()))?;
        let ready = wait_until_it_listens(&mut process, port);
        self.process = Some(process);
        ready.map_err(|seen| TestkitError::DidNotStart {
            server: "NATS",
            detail: format!("{seen}\n{}", crate::process::tail(&log_path, 20)),
        })
    }
}

/// The server opens its client port after JetStream has recovered its store.
fn wait_until_it_listens(process: &mut Guarded, port: u16) -> Result<(), String> {
    let started = Instant::now();
    while !(ports::listens(process.pid(), port) && ports::accepts(port)) {
        if let Some(status) = process.try_wait() {
            return Err(format!("it ended with {status}"));
        }
        if started.elapsed() > START_LIMIT {
            return Err("it does not listen".to_owned());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]

    use std::io::Read as _;
    use std::net::TcpStream;

    use super::NatsServer;

    fn greeting(server: &NatsServer) -> String {
        let address = server.url();
        let address = address.trim_start_matches("nats://");
        let mut stream = TcpStream::connect(address).expect("a connection");
        let mut bytes = [0; 2_048];
        let length = stream.read(&mut bytes).expect("a greeting");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn a_server_offers_jetstream_and_survives_a_kill_and_a_wipe_on_its_own_port() {
        let mut server = NatsServer::start().expect("a server");
        let url = server.url();
        assert!(greeting(&server).contains("\"jetstream\":true"));
        server.restart().expect("a restart");
        assert!(greeting(&server).starts_with("INFO"));
        server.wipe().expect("a wipe");
        assert!(greeting(&server).starts_with("INFO"));
        assert_eq!(server.url(), url);
    }
}
