use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that writes down each request and answers all with one status.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    /// Listens on loopback, with TLS if there is a configuration of it.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(tls: Option<Arc<ServerConfig>>, status: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, seen) = (listener.local_addr()?, Arc::default());
        let written = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, written) = (tls.clone(), Arc::clone(&written));
                // A client that goes away in the middle has no further wish.
                thread::spawn(move || drop(serve(stream, tls, status, &written)));
            }
        });
        Ok(Self { address, seen })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that it was sent, decrypted.
    pub fn seen(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&seen).into_owned()
    }
}

/// An address of loopback at which nobody listens.
///
/// # Errors
/// When there is none.
pub fn nowhere() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, status: u16, seen: &Mutex<Vec<u8>>) -> Result<()> {
    match tls {
        Some(config) => answer(StreamOwned::new(ServerConnection::new(config)?, stream), status, seen),
        None => answer(stream, status, seen),
    }
}

/// What a TLS handshake begins with. A server without TLS calls it a bad request.
const HANDSHAKE: u8 = 22;

fn answer(mut stream: impl Read + Write, status: u16, seen: &Mutex<Vec<u8>>) -> Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 4096];
        let read = stream.read(&mut part)?;
        if read == 0 {
            break;
        }
        request.extend_from_slice(&part[..read]);
        seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&part[..read]);
        if request.first() == Some(&HANDSHAKE) {
            break;
        }
    }
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    )?;
    stream.flush()?;
    Ok(())
}
