//! Ports for servers.

use std::{io, net::TcpListener};

/// A port that nobody listens on.
///
/// It lies below the range from which connections going out take theirs: otherwise one of them could
/// take it while its server is stopped, and a client that tries that port could even reach itself.
pub(crate) fn free_port() -> io::Result<u16> {
    loop {
        let port = fastrand::u16(20_000..32_000);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}

/// So many of them, each another one: none of them is taken yet when the next is looked for.
pub(crate) fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let mut ports = Vec::with_capacity(count);
    while ports.len() < count {
        let port = free_port()?;
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    Ok(ports)
}
