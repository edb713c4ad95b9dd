//! The command `openssl` of this machine as a judge of what is read: a key that it makes, encrypts in every way it has, and converts
//! with the commands that messages give. Without it the test is skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::fs;
use std::process::{Command, Output};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use secrecy::SecretString;
use system_oci::Pair;
use tempfile::TempDir;

const PASSPHRASE: &str = "for this test";

fn main() {
    let trial = Trial::ignorable_test("official_b2_openssl_and_this_read_the_same", || match OpenSsl::new() {
        Some(openssl) => read_the_same(&openssl).map(|()| Completion::Completed),
        None => Ok(Completion::ignored_with("there is no command openssl")),
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

fn read_the_same(openssl: &OpenSsl) -> Result<(), Failed> {
    let (mut read, mut converted) = (0, 0);
    for way in openssl.ways() {
        let Some(text) = openssl.encrypted(&way) else { continue };
        let text = match fingerprint(&text) {
            Ok(fingerprint) => {
                read += 1;
                assert_eq!(fingerprint, openssl.fingerprint, "{way}");
                continue;
            }
            Err(message) => {
                let command = message.split('`').nth(1).unwrap_or_else(|| panic!("{way}: {message}"));
                openssl.converted(&text, command).unwrap_or_else(|error| panic!("{way}: {command}: {error}"))
            }
        };
        converted += 1;
        assert_eq!(fingerprint(&text).as_ref(), Ok(&openssl.fingerprint), "{way}");
    }
    if read < 8 || converted < 4 { Err(format!("{read} read, {converted} converted").into()) } else { Ok(()) }
}

fn fingerprint(text: &str) -> Result<String, String> {
    let pair = Pair::read(&SecretString::from(text), Some(&SecretString::from(PASSPHRASE)));
    pair.map(|pair| pair.fingerprint().to_owned()).map_err(|error| error.to_string())
}

/// A key that it made.
struct OpenSsl {
    folder: TempDir,
    fingerprint: String,
}

impl OpenSsl {
    /// None if there is no such command.
    fn new() -> Option<Self> {
        Command::new("openssl").arg("version").output().ok().filter(|output| output.status.success())?;
        let mut this = Self { folder: TempDir::new().unwrap(), fingerprint: String::new() };
        this.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out plain.pem").unwrap();
        this.run("rsa -in plain.pem -pubout -outform DER -out public.der").unwrap();
        let said = String::from_utf8(this.run("md5 -c public.der").unwrap().stdout).unwrap();
        this.fingerprint = said.trim().rsplit(' ').next().unwrap().to_owned();
        Some(this)
    }

    /// Every way to encrypt that OpenSSL has for keys; which of them there are depends on how it was built.
    fn ways(&self) -> Vec<String> {
        let mut ways: Vec<String> = Vec::new();
        let ciphers = ["aes128", "aes192", "aes256", "des3", "des", "rc2", "camellia256", "aria256"];
        for cipher in ciphers {
            ways.push(format!("pkcs8 -topk8 -v2 {cipher}"));
            ways.push(format!("rsa -traditional -{cipher}"));
        }
        let hashes = ["MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"];
        ways.extend(hashes.map(|hash| format!("pkcs8 -topk8 -v2 aes256 -v2prf hmacWith{hash}")));
        ways.push("pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA1".to_owned());
        ways.push("pkcs8 -topk8 -scrypt".to_owned());
        let old = ["MD2-DES", "MD5-DES", "SHA1-DES", "MD5-RC2-64", "SHA1-RC2-64"];
        let older = ["SHA1-3DES", "SHA1-2DES", "SHA1-RC2-128", "SHA1-RC2-40", "SHA1-RC4-128", "SHA1-RC4-40"];
        ways.extend(old.iter().chain(&older).map(|name| format!("pkcs8 -topk8 -v1 PBE-{name}")));
        ways
    }

    /// The key, encrypted in this way; none if this OpenSSL cannot.
    fn encrypted(&self, way: &str) -> Option<String> {
        let plain = format!("{way} -in plain.pem -passout env:PASSPHRASE -out out.pem");
        let made = self.run(&plain).or_else(|_| self.run(&format!("{plain} -provider legacy -provider default")));
        made.ok()?;
        Some(fs::read_to_string(self.folder.path().join("out.pem")).unwrap())
    }

    /// The key after the command that a message gives; nobody is there to type the passphrase.
    fn converted(&self, text: &str, command: &str) -> Result<String, String> {
        fs::write(self.folder.path().join("OLD.pem"), text).unwrap();
        let command = command.strip_prefix("openssl ").unwrap();
        self.run(&format!("{command} -passin env:PASSPHRASE -passout env:PASSPHRASE"))?;
        Ok(fs::read_to_string(self.folder.path().join("NEW.pem")).unwrap())
    }

    fn run(&self, arguments: &str) -> Result<Output, String> {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(self.folder.path()).env("PASSPHRASE", PASSPHRASE);
        let output = command.output().unwrap();
        if output.status.success() { Ok(output) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }
}
