//! How soon the rotation function asks for its first invocation, which is what a cold start adds to one.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::table::Figure;

/// Names the released program.
const VARIABLE: &str = "KEYROTATION_FUNCTION";
const STARTS: usize = 31;
/// What Lambda sets beside the address of its Runtime API.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "rotation"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_REGION", "us-east-1"),
];

/// The size of the program, and the median time from its start to its first poll.
///
/// # Errors
/// When it does not start, or asks for something else first.
pub(crate) fn figures() -> Result<Vec<Figure>> {
    let program = std::env::var_os(VARIABLE).map(PathBuf::from).with_context(|| format!("{VARIABLE} is not set"))?;
    let bytes = program.metadata().with_context(|| format!("cannot read {}", program.display()))?.len();
    let (mut starts, mut spawns) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        starts.push(first_poll(&program)?);
        let begun = Instant::now();
        Command::new("/bin/true").status().context("cannot start /bin/true")?;
        spawns.push(begun.elapsed());
    }
    let size = Figure {
        name: "rotation function, stripped",
        measured: bytes as f64 / 1e6,
        target: None,
        unit: "MB",
        reference: None,
    };
    let start = Figure {
        name: "rotation function, start to first poll, median",
        measured: median(starts),
        target: Some(30.0),
        unit: "ms",
        reference: Some((median(spawns), "start and end of /bin/true")),
    };
    Ok(vec![size, start])
}

fn first_poll(program: &PathBuf) -> Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen")?;
    let address = listener.local_addr().context("no address")?;
    let mut command = Command::new(program);
    command.env_clear().envs(ENVIRONMENT).env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    let asked = listener.accept().and_then(|(mut stream, _)| {
        let mut head = [0; 256];
        let length = stream.read(&mut head)?;
        Ok((begun.elapsed(), String::from_utf8_lossy(&head[..length]).into_owned()))
    });
    // It would poll for ever.
    let _ = child.kill();
    let _ = child.wait();
    let (elapsed, head) = asked.context("no poll")?;
    ensure!(head.starts_with("GET /2018-06-01/runtime/invocation/next"), "it asked for something else first: {head}");
    Ok(elapsed)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
}
