//! A TCP connection's way to a server, on which nothing gets through while it is held.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// A way to a server. It ends when it is dropped.
pub(crate) struct Line {
    address: SocketAddr,
    state: Arc<Flags>,
}

#[derive(Default)]
struct Flags {
    is_held: AtomicBool,
    is_over: AtomicBool,
}

const PAUSE: Duration = Duration::from_millis(10);

impl Line {
    /// Listens on loopback and passes on to `server`, in both directions.
    pub(crate) fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, state) = (listener.local_addr()?, Arc::<Flags>::default());
        listener.set_nonblocking(true)?;
        let flags = Arc::clone(&state);
        spawn(move || {
            while !flags.is_over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => drop(join(client, server, &flags)),
                    Err(_) => sleep(PAUSE),
                }
            }
        });
        Ok(Self { address, state })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets nothing through from now on, or everything again.
    pub(crate) fn hold(&self, is_held: bool) {
        self.state.is_held.store(is_held, Ordering::Relaxed);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
    }
}

fn join(client: TcpStream, server: SocketAddr, flags: &Arc<Flags>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        let flags = Arc::clone(flags);
        spawn(move || drop(pass(from, to, &flags)));
    }
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream, flags: &Flags) -> io::Result<()> {
    from.set_nonblocking(false)?;
    from.set_read_timeout(Some(PAUSE))?;
    let mut bytes = [0; 16 * 1024];
    while !flags.is_over.load(Ordering::Relaxed) {
        if flags.is_held.load(Ordering::Relaxed) {
            sleep(PAUSE);
            continue;
        }
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(length) => to.write_all(&bytes[..length])?,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    to.shutdown(Shutdown::Both)
}
