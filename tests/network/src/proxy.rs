use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// A proxy that writes down every byte that clients send it, and leads each tunnel to one server, whatever its name.
pub struct RecordingProxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl RecordingProxy {
    /// Listens on loopback.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, seen) = (listener.local_addr()?, Arc::default());
        let written = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let written = Arc::clone(&written);
                thread::spawn(move || drop(lead(stream, target, &written)));
            }
        });
        Ok(Self { address, seen })
    }

    /// What `HTTP_PROXY` and its like are set to. The user and the password are the proxy's own.
    pub fn url(&self) -> String {
        format!("http://proxyuser:proxypass@{}", self.address)
    }

    /// Every byte that it was sent.
    pub fn seen(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&seen).into_owned()
    }
}

fn lead(mut client: TcpStream, target: SocketAddr, seen: &Mutex<Vec<u8>>) -> Result<()> {
    let write = |bytes: &[u8]| seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        write(&byte);
        head.push(byte[0]);
    }
    if !head.starts_with(b"CONNECT ") {
        client.write_all(b"HTTP/1.1 502 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        return Ok(());
    }
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut back, mut reader) = (client.try_clone()?, server.try_clone()?);
    let answers = thread::spawn(move || {
        drop(std::io::copy(&mut reader, &mut back));
        drop(back.shutdown(Shutdown::Write));
    });
    let mut part = [0; 4096];
    loop {
        let read = client.read(&mut part)?;
        if read == 0 {
            break;
        }
        write(&part[..read]);
        server.write_all(&part[..read])?;
    }
    drop(server.shutdown(Shutdown::Write));
    drop(answers.join());
    Ok(())
}
