//! Rotations as Secrets Manager drives them: it invokes the function of a secret once for each step, tries a step that fails again, and gives
//! up at last, with `AWSPENDING` where it is.
//!
//! The function is reached by the invocation API of Lambda at an address on loopback. How often and how soon AWS tries again is not documented.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::driven::{Driven, Rotated, TEST, WHOLE};
use super::error;
use super::rotation::standing;
use crate::aws::Aws;
use crate::aws::error::Refusal;
use crate::locked;

/// How often a step is tried.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// The longest that a function may take, in Lambda as here.
const LONGEST: Duration = Duration::from_secs(900);

/// The invocations of one rotation, for tests that invoke a function themselves.
#[derive(Clone, Debug)]
pub struct Invocations {
    /// The secret's ARN.
    pub secret: String,
    /// The version that the rotation fills.
    pub version: String,
    /// The payload of each step, in their order.
    pub payloads: Vec<Json>,
}

impl Invocations {
    fn of(secret: &str, version: &str, rotation_token: &str, steps: &[&str]) -> Self {
        let payload = |step: &&str| json!({ "Step": step, "SecretId": secret, "ClientRequestToken": version, "RotationToken": rotation_token });
        let payloads = steps.iter().map(payload).collect();
        Self { secret: secret.to_owned(), version: version.to_owned(), payloads }
    }
}

impl Aws {
    /// Says where a function is: from now on RotateSecret invokes it there, by the invocation API of Lambda.
    pub fn set_function(&self, function: &str, address: SocketAddr) {
        locked(&self.inner.account).secrets.functions.insert(function.to_owned(), address);
    }

    /// The rotations that have been driven to their ends.
    pub fn rotated(&self) -> Vec<Rotated> {
        locked(&self.inner.account).secrets.ended.clone()
    }

    /// Begins a rotation of a secret for which one is set up, as RotateSecret does, and leaves it to the caller to invoke the function. A rotation
    /// that is not complete is taken up.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, or `InvalidRequestException` where no rotation is set up.
    pub fn begin_rotation(&self, name: &str) -> Result<Invocations, Refusal> {
        self.begin(name, &WHOLE)
    }

    /// Begins the test of a configuration, as RotateSecret does with `RotateImmediately` false.
    ///
    /// # Errors
    /// As [`begin_rotation`](Self::begin_rotation).
    pub fn begin_test(&self, name: &str) -> Result<Invocations, Refusal> {
        self.begin(name, &TEST)
    }

    fn begin(&self, name: &str, steps: &[&str]) -> Result<Invocations, Refusal> {
        let now = self.inner.desk.clock.now();
        let mut account = locked(&self.inner.account);
        let account = &mut *account;
        let fresh = account.random.uuid();
        let secret = account.secrets.secrets.iter_mut().find(|secret| secret.name == name);
        let secret = secret.ok_or_else(error::no_secret)?;
        secret.in_use()?;
        if secret.rotation.is_none() {
            return Err(error::no_function());
        }
        let version = standing(secret).unwrap_or(fresh);
        secret.begin_version(&version, now)?;
        let arn = secret.arn.clone();
        let token = account.secrets.rotation_token((&arn, &version), &mut account.random);
        Ok(Invocations::of(&arn, &version, &token, steps))
    }

    /// Ends the test of a configuration: the version that it began goes.
    pub fn end_test(&self, invocations: &Invocations) {
        let now = self.inner.desk.clock.now();
        let mut account = locked(&self.inner.account);
        let mut all = account.secrets.secrets.iter_mut();
        if let Some(secret) = all.find(|secret| secret.arn == invocations.secret) {
            secret.forget_version(&invocations.version, now);
        }
    }

    fn ended(&self, driven: &Driven, error: Option<String>) {
        let now = self.inner.desk.clock.now();
        let mut account = locked(&self.inner.account);
        let all = &mut account.secrets;
        if let Some(secret) = all.secrets.iter_mut().find(|secret| secret.arn == driven.secret) {
            if driven.steps == TEST {
                secret.forget_version(&driven.version, now);
            } else if error.is_none() {
                secret.rotated = Some(now);
            }
        }
        all.ended.push(Rotated { secret: driven.secret.clone(), version: driven.version.clone(), error });
    }
}

/// Drives what calls have begun, each rotation on a thread of its own.
pub(super) fn begin(aws: &Aws) {
    let begun = std::mem::take(&mut locked(&aws.inner.account).secrets.begun);
    for driven in begun {
        let aws = aws.clone();
        std::thread::spawn(move || {
            let error = drive(&driven).err();
            aws.ended(&driven, error);
        });
    }
}

fn drive(driven: &Driven) -> Result<(), String> {
    let Driven { address, secret, version, rotation_token, steps } = driven;
    for payload in Invocations::of(secret, version, rotation_token, steps).payloads {
        let mut tries = 0;
        while let Err(error) = invoke(*address, &payload).map_err(|error| error.to_string()).and_then(|answer| answer) {
            tries += 1;
            if tries == TRIES {
                return Err(error);
            }
            std::thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// Invokes a function (Lambda API Reference, Invoke), and gives what it said if it failed.
fn invoke(address: SocketAddr, payload: &Json) -> io::Result<Result<(), String>> {
    let body = payload.to_string();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST))?;
    write!(
        stream,
        "POST /2015-03-31/functions/bootstrap/invocations HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let is_fine = head.split(' ').nth(1) == Some("200");
    let failed =
        !is_fine || head.to_ascii_lowercase().contains("x-amz-function-error") || body.contains("errorMessage");
    Ok(if failed { Err(body.to_owned()) } else { Ok(()) })
}
