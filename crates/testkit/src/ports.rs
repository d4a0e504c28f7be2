//! Free TCP ports and who listens on them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::TestkitError;

/// A port on the loopback address that nobody listens on at this moment. Another process may take it before the
/// caller does, so callers that start servers try again with another one.
///
/// # Errors
/// When the system has no port to give.
pub fn free_port() -> Result<u16, TestkitError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(TestkitError::io("bind a free port"))?;
    let address = listener.local_addr().map_err(TestkitError::io("read the free port"))?;
    Ok(address.port())
}

/// True when something accepts connections on the loopback address at `port`.
#[must_use]
pub fn accepts(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(250)).is_ok()
}

/// True when process `pid` itself holds the listening socket of `port`.
///
/// Read from `/proc`, so it can tell "my child serves" from "somebody else answers on that port". On systems without
/// `/proc` it falls back to [`accepts`].
#[must_use]
pub fn listens(pid: u32, port: u16) -> bool {
    let Some(tables) = read_tcp_tables() else { return accepts(port) };
    let inodes = listening_inodes(&tables, port);
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| {
        let target = target.to_string_lossy();
        target
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|inode| inodes.iter().any(|known| known == inode))
    })
}

fn read_tcp_tables() -> Option<String> {
    let ipv4 = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let ipv6 = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Some(ipv4 + &ipv6)
}

/// The inodes of listening sockets at `port`. The columns are those of the kernel's `proc_net_tcp` document: 1 is the
/// local address as HEX:PORT, 3 the state (0A is LISTEN), 9 the inode.
fn listening_inodes(tables: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let rows = tables.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|columns| columns.len() > 9 && columns[1].ends_with(&suffix) && columns[3] == "0A")
        .map(|columns| columns[9].to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]

    use std::net::{Ipv4Addr, TcpListener};

    use super::{accepts, free_port, listens};

    #[test]
    fn the_holder_of_a_listening_socket_is_recognised() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        assert!(accepts(port));
        assert!(listens(std::process::id(), port));
        assert!(!cfg!(target_os = "linux") || !listens(1, port));
    }

    #[test]
    fn a_free_port_has_no_listener() {
        let port = free_port().expect("a port");
        assert!(!listens(std::process::id(), port));
    }
}
