use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use anyhow::Result;

/// Listens and answers requests in turn, whatever they are, with these bodies of XML and status 200; then it stops.
///
/// For answers that a service documents and no stand-in gives: a page that ends before its list does.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn serve(bodies: &'static [&'static str]) -> Result<String> {
    serve_as("200 OK\r\ncontent-type: text/xml", bodies)
}

/// The same with another status and other headers.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn serve_as(head: &'static str, bodies: &'static [&'static str]) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for (stream, body) in listener.incoming().flatten().zip(bodies) {
            // A client that goes away in the middle has no further wish.
            let _ = answer(&stream, head, body);
        }
    });
    Ok(url)
}

fn answer(mut stream: &TcpStream, head: &str, body: &str) -> Result<()> {
    let mut request = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    request.take(length).read_to_end(&mut Vec::new())?;
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    Ok(())
}
