//! The server of a publisher: files over HTTP, as releases are downloaded.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// Serves files on loopback until the process ends, and remembers what it was asked for.
pub struct Downloads {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Downloads {
    /// Serves one file under its own name.
    ///
    /// # Errors
    /// When it cannot be read, or nothing can listen.
    pub fn of(file: &Path) -> Result<Self> {
        let name = file.file_name().context("a file without a name")?.to_string_lossy().into_owned();
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let files = Arc::new(BTreeMap::from([(format!("/{name}"), bytes)]));
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen")?;
        let (address, asked) = (listener.local_addr().context("no address")?, Arc::<Mutex<Vec<_>>>::default());
        let written = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (files, written) = (Arc::clone(&files), Arc::clone(&written));
                // A client that goes away in the middle has no further wish.
                thread::spawn(move || drop(answer(stream, &files, &written)));
            }
        });
        Ok(Self { address, asked })
    }

    /// The address to give as `pluginDownloadURL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: TcpStream, files: &BTreeMap<String, Vec<u8>>, asked: &Mutex<Vec<String>>) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().context("no request")??;
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, body) = files.get(&path).map_or(("404 Not Found", &[][..]), |bytes| ("200 OK", bytes.as_slice()));
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())?;
    stream.write_all(body)?;
    Ok(stream.flush()?)
}
