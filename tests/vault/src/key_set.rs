//! Where users publish a set of keys, for servers that fetch it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::Duration;

use anyhow::Result;

/// A file on a web server on loopback. It ends when it is dropped.
pub struct KeySet {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    text: Mutex<Option<String>>,
    is_over: AtomicBool,
}

const PAUSE: Duration = Duration::from_millis(5);
/// A client that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(5);

impl KeySet {
    /// Begins, with a set of no keys.
    ///
    /// # Errors
    /// There is no port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, shared) = (listener.local_addr()?, Arc::<Shared>::default());
        listener.set_nonblocking(true)?;
        let set = Self { address, shared: Arc::clone(&shared) };
        set.publish(r#"{"keys":[]}"#);
        spawn(move || {
            while !shared.is_over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => {
                        let shared = Arc::clone(&shared);
                        spawn(move || answer(&client, &shared));
                    }
                    Err(_) => sleep(PAUSE),
                }
            }
        });
        Ok(set)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Another text from now on.
    pub fn publish(&self, text: &str) {
        *self.shared.text() = Some(text.to_owned());
    }

    /// There is no such file any more.
    pub fn remove(&self) {
        *self.shared.text() = None;
    }
}

impl Drop for KeySet {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn text(&self) -> MutexGuard<'_, Option<String>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answer to one request, whatever it asks for.
fn answer(mut client: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_read_timeout(Some(SILENCE))?;
    for line in BufReader::new(client).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let text = shared.text().clone();
    let status = if text.is_some() { "200 OK" } else { "404 Not Found" };
    let text = text.unwrap_or_default();
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}
