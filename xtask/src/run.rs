//! Starting other programs in the work tree's root.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::Failure;

/// The root of the work tree.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// `program`, to be run in the root without standard input: nothing here may wait for a person.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// The Cargo that runs us.
pub fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command` with its output shown; `advice` is said when it fails.
pub fn succeed(mut command: Command, advice: &str) -> Result<(), Failure> {
    let shown = shown(&command);
    println!("$ {shown}");
    let status = command.status().map_err(|error| Failure::new(format!("`{shown}`: {error}; {advice}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{shown}` ended with {status}; {advice}"))) }
}

/// Runs `command` and answers what it wrote to standard output.
pub fn output(mut command: Command, advice: &str) -> Result<String, Failure> {
    let shown = shown(&command);
    let output = command.output().map_err(|error| Failure::new(format!("`{shown}`: {error}; {advice}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`{shown}` ended with {}; {advice}\n{said}", output.status)))
}

/// True when `command` can be run and succeeds; its output is thrown away.
pub fn works(mut command: Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// What Cargo knows of the workspace and its members.
pub fn metadata() -> Result<Value, Failure> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--no-deps"]);
    let text = output(command, "mend Cargo.toml first")?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("cargo metadata is no JSON: {error}")))
}

/// The folder that Cargo builds into.
pub fn target_folder() -> Result<PathBuf, Failure> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| Failure::new("cargo metadata names no target directory"))
}

/// The command as a person would type it, without the folder of the program.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
