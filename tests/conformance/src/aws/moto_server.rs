use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// A running moto. It is killed, by its process id, when this is dropped.
pub(crate) struct MotoServer {
    child: Child,
    address: String,
}

/// Its answers have no date: they come in real time, and the plugin's clock is moved by hand.
const WITHOUT_A_DATE: &str = "from werkzeug.serving import WSGIRequestHandler
WSGIRequestHandler.date_time_string = lambda *_: 'none'
from moto.server import main
main()";

impl MotoServer {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not answer within half a minute; its output is in the message.
    pub(crate) fn start(python: &str) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let output = tempfile::NamedTempFile::new()?;
        let errors: File = output.reopen()?;
        let port = address.port().to_string();
        let child = Command::new(python)
            .args(["-c", WITHOUT_A_DATE, "-H", "127.0.0.1", "-p", &port])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()?;
        let mut server = Self { child, address: address.to_string() };
        let begun = Instant::now();
        while server.ask("GET", "/moto-api/data.json", "").is_err() {
            let ended = server.child.try_wait()?.is_some();
            if ended || begun.elapsed() > Duration::from_secs(120) {
                bail!("moto did not start: {}", std::fs::read_to_string(output.path())?);
            }
            sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Whether this Python has it.
    pub(crate) fn is_there(python: &str) -> bool {
        let mut probe = Command::new(python);
        probe.args(["-c", "import moto.server"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on moto checks credentials and policies, which it does not do by itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn check_credentials(&self) -> Result<()> {
        self.ask("POST", "/moto-api/reset-auth", "0")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        write!(stream, "{head}content-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).context("no answer")?;
        ensure!(status == "200", "{method} {path}: status {status}");
        Ok(())
    }
}

impl Drop for MotoServer {
    fn drop(&mut self) {
        // One that has ended already cannot be killed; either way nothing is left of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
