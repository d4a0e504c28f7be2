//! The protos: `buf` lints them, checks their format and, when asked, that no caller breaks.

use crate::failure::Failure;
use crate::run::{command, succeed};
use crate::tools;

/// Lint and format; with `against`, also compatibility with the protos at that git reference.
pub fn check(against: Option<&str>) -> Result<(), Failure> {
    tools::ensure_buf()?;
    let buf = |arguments: &[&str]| -> Result<std::process::Command, Failure> {
        let mut buf = command(tools::buf()?);
        buf.args(arguments);
        Ok(buf)
    };
    succeed(buf(&["lint"])?, "mend the protos as buf says; the rules are in buf.yaml")?;
    succeed(buf(&["format", "--diff", "--exit-code"])?, "run `target/tools/bin/buf format --write`")?;
    match against {
        None => Ok(()),
        Some(reference) => {
            let base = format!(".git#ref={reference}");
            succeed(buf(&["breaking", "--against", &base])?, "keep what callers rely on: add beside it, then deprecate")
        }
    }
}
