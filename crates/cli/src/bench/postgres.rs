//! PostgreSQL's own programs: scratch databases, and `pgbench` as the baseline.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::baseline::{Baseline, Shape};
use crate::failure::Failure;

const SCHEMA: &str = include_str!("sql/schema.sql");
const ONE: &str = include_str!("sql/one.sql");
const BATCH: &str = include_str!("sql/batch.sql");
const INSTALL: &str = "install PostgreSQL's client and benchmark programs, for example `apt-get install postgresql`";

/// A database that goes when this value does.
#[derive(Debug)]
pub struct Scratch {
    server: String,
    name: String,
    url: String,
}

impl Scratch {
    /// Makes a database on the server at `server`, `postgres://…`, whose user may make some.
    ///
    /// # Errors
    /// [`Failure`] when there is no `psql` or the server refuses.
    pub fn create(server: &str, name: &str) -> Result<Self, Failure> {
        let name = format!("backorder_bench_{name}_{}", std::process::id());
        psql(server, &["--command", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])?;
        psql(server, &["--command", &format!("CREATE DATABASE {name} TEMPLATE template0")])?;
        Ok(Self { server: server.to_owned(), url: with_database(server, &name), name })
    }

    /// A copy of a database to which nobody is connected, on its server.
    ///
    /// # Errors
    /// As [`Scratch::create`].
    pub fn copy_of(&self, name: &str) -> Result<Self, Failure> {
        let name = format!("backorder_bench_{name}_{}", std::process::id());
        psql(&self.server, &["--command", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])?;
        psql(&self.server, &["--command", &format!("CREATE DATABASE {name} TEMPLATE {}", self.name)])?;
        Ok(Self { server: self.server.clone(), url: with_database(&self.server, &name), name })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(failure) = psql(&self.server, &["--command", &format!("DROP DATABASE {} WITH (FORCE)", self.name)]) {
            eprintln!("the database {} stays behind: {failure}", self.name);
        }
    }
}

/// `pgbench` on a scratch database of its own.
#[derive(Debug)]
pub struct Pgbench {
    database: Scratch,
    folder: TempDir,
    items: u32,
}

impl Pgbench {
    /// Makes the tables.
    ///
    /// # Errors
    /// [`Failure`] when PostgreSQL's programs are missing or the server refuses.
    pub fn prepare(server: &str, items: u32) -> Result<Self, Failure> {
        program("pgbench")?;
        let folder = tempfile::Builder::new().prefix("backorder-pgbench-").tempdir()?;
        for (name, text) in [("schema.sql", SCHEMA), ("one.sql", ONE), ("batch.sql", BATCH)] {
            fs::write(folder.path().join(name), text)?;
        }
        Ok(Self { database: Scratch::create(server, "baseline")?, folder, items })
    }

    /// Runs transactions of `lines` reservations each from `clients` connections, on tables made anew.
    ///
    /// # Errors
    /// [`Failure`] when a program fails.
    pub fn run(&self, shape: Shape, clients: u32, lines: u32, seconds: u64) -> Result<Baseline, Failure> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        psql(self.database.url(), &["--set", &format!("items={}", self.items), "--file", &file("schema.sql")])?;
        let script = if lines == 1 { "one.sql" } else { "batch.sql" };
        let last = if shape == Shape::Hot { 1 } else { self.items };
        let mut command = Command::new(program("pgbench")?);
        command.current_dir(self.folder.path());
        command.args(["--no-vacuum", "--protocol=prepared", "--log", "--log-prefix=calls"]);
        command.args([format!("--file={}", file(script)), format!("--time={seconds}")]);
        command.args([format!("--client={clients}"), format!("--jobs={}", clients.min(2))]);
        for define in [format!("first={}", last.min(1)), format!("last={last}"), format!("lines={lines}")] {
            command.arg("--define").arg(define);
        }
        let text = output_of(command.arg(self.database.url()))?;
        let transactions = transactions_in(&text)
            .ok_or_else(|| Failure::new("pgbench did not say how many transactions it made").next(text))?;
        Ok(Baseline { per_second: transactions * f64::from(lines), micros: take_logs(self.folder.path())? })
    }
}

/// How long each transaction took, ascending: the third column of each log, which is removed.
fn take_logs(folder: &Path) -> Result<Vec<u32>, Failure> {
    let mut micros = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("calls") {
            let text = fs::read_to_string(entry.path())?;
            micros.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u32>().ok()));
            fs::remove_file(entry.path())?;
        }
    }
    micros.sort_unstable();
    Ok(micros)
}

/// Transactions a second, without the time of connecting.
fn transactions_in(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("tps = "))?;
    line.split(' ').nth(2)?.parse().ok()
}

/// What a statement answers: a line for each row, its columns apart by `|`.
///
/// # Errors
/// [`Failure`] when the program fails.
pub fn query(url: &str, statement: &str) -> Result<String, Failure> {
    let mut command = Command::new(program("psql")?);
    command.args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--tuples-only", "--no-align"]);
    output_of(command.args(["--dbname", url, "--command", statement]))
}

/// Runs the statements of a file.
///
/// # Errors
/// [`Failure`] when the program fails.
pub fn run_file(url: &str, file: &Path) -> Result<(), Failure> {
    psql(url, &["--file", &file.display().to_string()])
}

fn psql(url: &str, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(program("psql")?);
    command.args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]);
    output_of(command.args(["--dbname", url]).args(arguments)).map(drop)
}

fn output_of(command: &mut Command) -> Result<String, Failure> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.env("LC_ALL", "C").env("PGOPTIONS", "-c client_min_messages=warning").output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("{name} ended with {}: {said}", output.status)).next("check the address of the server"))
}

/// A program of PostgreSQL: on the path, or where Debian keeps those that are no commands.
fn program(name: &str) -> Result<PathBuf, Failure> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    let folders = versions.into_iter().rev().chain(on_path.into_iter().flatten());
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.ok_or_else(|| Failure::new(format!("there is no {name}")).next(INSTALL))
}

/// `url` with another database in its path.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, ""), |(address, query)| (address, query));
    let authority = address.find("://").map_or(0, |scheme| scheme + 3);
    let path = address[authority..].find('/').map_or(address.len(), |slash| authority + slash);
    let question = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{question}{query}", &address[..path])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        assert_eq!(with_database("postgres://u@h:1/old?a=b", "new"), "postgres://u@h:1/new?a=b");
        assert_eq!(with_database("postgres://h", "new"), "postgres://h/new");
    }

    #[test]
    fn the_rate_of_pgbench_is_read_from_its_report() {
        let text = "number of failed transactions: 0 (0.000%)\nlatency average = 9.3 ms\ntps = 6848.5 (without initial connection time)\n";
        assert!((transactions_in(text).unwrap() - 6_848.5).abs() < f64::EPSILON);
        assert_eq!(transactions_in("nothing"), None);
    }

    #[test]
    fn the_logs_of_all_threads_are_read_together_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("calls.1"), "0 1 900 0 1 2\n0 2 100 0 1 2\n").unwrap();
        fs::write(folder.path().join("calls.1.1"), "1 1 500 0 1 2\n").unwrap();
        fs::write(folder.path().join("one.sql"), "0 1 7 0 1 2\n").unwrap();
        assert_eq!(take_logs(folder.path()).unwrap(), [100, 500, 900]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
