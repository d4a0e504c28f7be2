//! Throwaway PostgreSQL: a cluster of its own folder and port, and one new database per test.
//!
//! `cargo xtask test` starts one cluster and hands its URL down; a test that is run alone starts one for its process.
//! The default collation is a linguistic one on purpose: a column that forgot `COLLATE "C"` sorts differently here
//! than in Rust, and its test fails.

use std::env;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guard::{EndWith, Guarded};
use crate::{TestkitError, ports, tools};

/// The administrator's URL of a running cluster, such as `postgres://postgres@127.0.0.1:5432/postgres`.
pub const URL_ENV: &str = "BACKORDER_TEST_POSTGRES_URL";

const STARTS_MAX: u32 = 3;
const START_LIMIT: Duration = Duration::from_secs(60);
/// Enough for two tests at a time, each with several services and their pools.
const CONNECTIONS_MAX: u32 = 400;

/// A new, empty database; dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// Where to connect, `postgres://…`.
    pub url: String,
    name: String,
    admin_url: String,
}

/// Makes a new database in the shared cluster of the run, or in one that is started for this process.
///
/// # Panics
/// When there is no PostgreSQL; the message says what to install.
pub async fn database() -> TestDatabase {
    let made = tokio::task::spawn_blocking(|| TestDatabase::create(&shared_admin_url()?)).await;
    match made {
        Ok(Ok(database)) => database,
        Ok(Err(error)) => crate::give_up("no PostgreSQL database for this test", &error),
        Err(error) => crate::give_up("making a PostgreSQL database was interrupted", &error),
    }
}

/// The administrator's URL of the cluster from [`URL_ENV`], or of one that is started for this process.
fn shared_admin_url() -> Result<String, TestkitError> {
    static OWN_CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    if let Ok(url) = env::var(URL_ENV) {
        return Ok(url);
    }
    let cluster = OWN_CLUSTER.get_or_init(|| Cluster::start().map_err(|error| error.to_string()));
    cluster.as_ref().map(Cluster::url).map_err(|error| TestkitError::Missing(error.clone()))
}

impl TestDatabase {
    /// Makes a new database in the cluster at `admin_url`.
    ///
    /// # Errors
    /// When `psql` is missing or the cluster refuses.
    pub fn create(admin_url: &str) -> Result<Self, TestkitError> {
        let name = format!("test_{:016x}", RandomState::new().hash_one(std::process::id()));
        // The first template has no sessions that could be in the way of a copy.
        run_sql(admin_url, &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
        let database = Self { url: with_database(admin_url, &name), name, admin_url: admin_url.to_owned() };
        Ok(database)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Failing to drop costs some disk until the cluster goes; the test's own result matters more.
        let _ = run_sql(&self.admin_url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A throwaway cluster. Dropping it, or the end of this process in any way, stops it and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    process: Option<Guarded>,
    port: u16,
    bin: PathBuf,
    owner: Option<Owner>,
    folder: TempDir,
    /// More than every cluster has.
    settings: Vec<String>,
}

/// The account that runs the server when we are root, which PostgreSQL refuses to run as.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Makes a cluster with `fsync = on` on a free port of the loopback address and waits until it answers.
    ///
    /// # Errors
    /// When PostgreSQL is missing, or does not start; with the end of its log.
    pub fn start() -> Result<Self, TestkitError> {
        Self::start_with(&[])
    }

    /// The same with more settings of the server, each `name=value`.
    ///
    /// # Errors
    /// As [`Self::start`], and when the server does not know a setting.
    pub fn start_with(settings: &[&str]) -> Result<Self, TestkitError> {
        let bin = tools::postgres_bin()?;
        let folder = tempfile::Builder::new()
            .prefix("backorder-postgres-")
            .tempdir()
            .map_err(TestkitError::io("make a folder for PostgreSQL"))?;
        let owner = if rustix::process::geteuid().is_root() { Some(unprivileged_owner()?) } else { None };
        if let Some(Owner { user, group }) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))
                .map_err(TestkitError::io("give PostgreSQL its folder"))?;
        }
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut cluster = Self { process: None, port: 0, bin, owner, folder, settings };
        cluster.initialise()?;
        cluster.launch()?;
        Ok(cluster)
    }

    /// The administrator's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The server's process id; `None` while it is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Guarded::pid)
    }

    /// Stops the server without a checkpoint, as a crash would.
    pub fn crash(&mut self) {
        self.process = None;
    }

    /// Starts the server again on the same folder and port, which recovers from a crash.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&mut self) -> Result<(), TestkitError> {
        self.crash();
        self.launch_on(self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        // The server refuses to work in a folder that its account cannot read.
        command.current_dir(self.folder.path()).env_remove("PGDATA").env("LC_ALL", "C");
        if let Some(Owner { user, group }) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn initialise(&self) -> Result<(), TestkitError> {
        let linguistic = ["--locale-provider=icu", "--icu-locale=en-US"];
        let first = self.run_initdb(&linguistic);
        if first.is_ok() {
            return Ok(());
        }
        // Built without ICU: bytewise collation it is.
        let _ = std::fs::remove_dir_all(self.data());
        self.run_initdb(&[])
    }

    fn run_initdb(&self, more: &[&str]) -> Result<(), TestkitError> {
        let mut command = self.command("initdb");
        command.arg("--pgdata").arg(self.data());
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]).args(more);
        output_of(command).map(drop)
    }

    fn launch(&mut self) -> Result<(), TestkitError> {
        let mut outcome = self.launch_on(ports::free_port()?);
        for _ in 1..STARTS_MAX {
            if outcome.is_ok() {
                break;
            }
            outcome = self.launch_on(ports::free_port()?);
        }
        outcome
    }

    fn launch_on(&mut self, port: u16) -> Result<(), TestkitError> {
        self.port = port;
        let log_path = self.folder.path().join("postgres.log");
        let log =
            File::options().create(true).append(true).open(&log_path).map_err(TestkitError::io("open the log"))?;
        let log_too = log.try_clone().map_err(TestkitError::io("open the log"))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).stdout(log).stderr(log_too);
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={CONNECTIONS_MAX}"),
            "fsync=on".to_owned(),
            "synchronous_commit=on".to_owned(),
        ] {
            command.args(["-c", &setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let mut process = Guarded::spawn(command, EndWith::Quit, Some(self.folder.path()))?;
        let answered = self.wait_until_it_answers(&mut process);
        self.process = Some(process);
        answered.map_err(|seen| TestkitError::DidNotStart {
            server: "PostgreSQL",
            detail: format!("{seen}\n{}", crate::process::tail(&log_path, 20)),
        })
    }

    fn wait_until_it_answers(&self, process: &mut Guarded) -> Result<(), String> {
        let started = Instant::now();
        loop {
            if let Some(status) = process.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            let answer = if ports::listens(process.pid(), self.port) {
                run_sql(&self.url(), "SELECT 1")
            } else {
                Err(TestkitError::Missing("it does not listen yet".to_owned()))
            };
            match answer {
                Ok(()) => return Ok(()),
                Err(error) if started.elapsed() > START_LIMIT => return Err(error.to_string()),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// The account `postgres`, which the packages make, or else `nobody`.
fn unprivileged_owner() -> Result<Owner, TestkitError> {
    let id_of = |flag: &str, account: &str| {
        let mut command = Command::new("id");
        command.args([flag, account]);
        output_of(command).ok().and_then(|text| text.trim().parse::<u32>().ok())
    };
    ["postgres", "nobody"]
        .iter()
        .find_map(|account| Some(Owner { user: id_of("-u", account)?, group: id_of("-g", account)? }))
        .ok_or_else(|| {
            TestkitError::Missing(
                "PostgreSQL refuses to run as root and there is neither an account `postgres` nor `nobody`: make \
                 one (`useradd --system postgres`), or run the tests as another user"
                    .to_owned(),
            )
        })
}

/// Runs one statement with `psql`.
fn run_sql(url: &str, statement: &str) -> Result<(), TestkitError> {
    let psql = match tools::postgres_bin() {
        Ok(folder) => folder.join("psql"),
        // A cluster somewhere else needs no server here, only the client.
        Err(error) => tools::program("psql").ok_or(error)?,
    };
    let mut command = Command::new(psql);
    command.args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]);
    command.args(["--dbname", url, "--command", statement]);
    output_of(command).map(drop)
}

fn output_of(mut command: Command) -> Result<String, TestkitError> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(TestkitError::io(format!("start {program}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let detail = format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Err(TestkitError::Program { program, detail })
}

/// `url` with another database in its path.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let authority_start = address.find("://").map_or(0, |scheme_end| scheme_end + 3);
    let path_start = address[authority_start..].find('/').map_or(address.len(), |slash| authority_start + slash);
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    format!("{}/{name}{query}", &address[..path_start])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]

    use super::{Cluster, TestDatabase, database, run_sql, with_database};

    #[test]
    fn only_the_path_of_a_url_changes() {
        assert_eq!(with_database("postgres://u@h:1/postgres", "x"), "postgres://u@h:1/x");
        assert_eq!(with_database("postgres://u@h:1", "x"), "postgres://u@h:1/x");
        assert_eq!(with_database("postgres://u@h:1/p?sslmode=disable", "x"), "postgres://u@h:1/x?sslmode=disable");
    }

    #[tokio::test]
    async fn two_databases_know_nothing_of_each_other() {
        let (first, second) = (database().await, database().await);
        run_sql(&first.url, "CREATE TABLE only_here (n BIGINT)").expect("a table");
        assert!(run_sql(&second.url, "SELECT n FROM only_here").is_err());
    }

    #[test]
    fn a_crashed_cluster_comes_back_with_what_was_committed() {
        let mut cluster = Cluster::start().expect("a cluster");
        let database = TestDatabase::create(&cluster.url()).expect("a database");
        run_sql(&database.url, "CREATE TABLE kept (n BIGINT)").expect("a table");
        cluster.crash();
        assert!(run_sql(&database.url, "SELECT n FROM kept").is_err());
        cluster.restart().expect("a restart");
        run_sql(&database.url, "SELECT n FROM kept").expect("the table is there");
    }
}
