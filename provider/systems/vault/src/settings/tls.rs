//! How the server is met: which certificates are trusted, which is shown, under which name, and by which proxy.

use std::path::Path;

use outbound::Url;
use rotation::{Error, ErrorKind};
use zeroize::Zeroizing;

use super::file::{invalid, read};
use super::sources::{
    CLIENT_CERT, CLIENT_CERT_TEXT, CLIENT_KEY, CLIENT_KEY_TEXT, Found, PROXY, SERVER_NAME, SKIP_VERIFY, Sources,
    TRUSTED_FILE, TRUSTED_FOLDER, TRUSTED_TEXT,
};

/// What the client is made with.
///
/// # Errors
/// Names the place of what is wrong.
pub(super) fn tls(sources: Sources<'_>) -> Result<outbound::Settings, Error> {
    let server_name = sources.find(&SERVER_NAME);
    let proxy = sources.find(&PROXY);
    if let Some((name, proxy)) = server_name.as_ref().zip(proxy.as_ref()) {
        let message =
            format!("{} cannot be used together with {}: unset one of them [KR-VAULT-157]", name.from, proxy.from);
        return Err(invalid(&message));
    }
    Ok(outbound::Settings {
        trusted: trusted(sources)?,
        identity: identity(sources)?,
        danger_accept_invalid_certs: sources.boolean(&SKIP_VERIFY)?,
        proxies: proxy.map(|found| proxies(&found)).transpose()?,
        server_name: server_name.map(|found| name(&found)).transpose()?,
    })
}

fn trusted(sources: Sources<'_>) -> Result<Vec<u8>, Error> {
    if let Some(found) = sources.find(&TRUSTED_FILE) {
        let file = read(Path::new(found.text.as_str()), found.from)?;
        return pem(&found, file.to_vec());
    }
    if let Some(found) = sources.find(&TRUSTED_TEXT) {
        let text = found.text.as_bytes().to_vec();
        return pem(&found, text);
    }
    match sources.find(&TRUSTED_FOLDER) {
        Some(found) => pem(&found, folder(&found)?),
        None => Ok(Vec::new()),
    }
}

/// Certificates that are none would be trusted by nobody, and the server's refused with a reason that leads elsewhere.
fn pem(found: &Found, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Ok(bytes);
    }
    Err(invalid(&format!(
        "{} gives no certificate in PEM: set it to a CA certificate in PEM, or unset it [KR-VAULT-158]",
        found.from
    )))
}

fn folder(found: &Found) -> Result<Vec<u8>, Error> {
    let from = found.from;
    let unreadable =
        || invalid(&format!("{from} cannot be read: it must name a folder of certificates in PEM [KR-VAULT-159]"));
    let mut all = Vec::new();
    for entry in std::fs::read_dir(found.text.as_str()).map_err(|_| unreadable())? {
        let path = entry.map_err(|_| unreadable())?.path();
        if path.is_file() {
            all.extend(read(&path, from)?.iter());
            all.push(b'\n');
        }
    }
    Ok(all)
}

/// The certificate that the plugin shows, with its key: both from files, or else both as texts. One without the other is a mistake
/// that would show as an unexplained refusal.
fn identity(sources: Sources<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let files = (sources.find(&CLIENT_CERT), sources.find(&CLIENT_KEY));
    let texts = (sources.find(&CLIENT_CERT_TEXT), sources.find(&CLIENT_KEY_TEXT));
    match (files, texts) {
        ((Some(certificate), Some(key)), _) => {
            let certificate = read(Path::new(certificate.text.as_str()), certificate.from)?;
            let key = read(Path::new(key.text.as_str()), key.from)?;
            Ok(Some(both(&certificate, &key)))
        }
        ((None, None), (Some(certificate), Some(key))) => {
            Ok(Some(both(certificate.text.as_bytes(), key.text.as_bytes())))
        }
        ((None, None), (None, None)) => Ok(None),
        ((Some(lone), None) | (None, Some(lone)), _) => Err(alone(&lone)),
        ((None, None), (Some(lone), None) | (None, Some(lone))) => Err(alone(&lone)),
    }
}

fn both(certificate: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(certificate.len() + 1 + key.len()));
    all.extend_from_slice(certificate);
    all.push(b'\n');
    all.extend_from_slice(key);
    all
}

fn alone(lone: &Found) -> Error {
    let from = lone.from;
    let other = match from {
        "keyrotation:vault.authLoginCert.certFile" => "keyrotation:vault.authLoginCert.keyFile".to_owned(),
        "keyrotation:vault.authLoginCert.keyFile" => "keyrotation:vault.authLoginCert.certFile".to_owned(),
        _ if from.contains("_KEY") => from.replace("_KEY", "_CERT"),
        _ => from.replace("_CERT", "_KEY"),
    };
    invalid(&format!(
        "{from} is set and {other} is not: a client certificate and its key go together; set both or neither [KR-VAULT-160]"
    ))
}

fn proxies(found: &Found) -> Result<outbound::Proxies, Error> {
    let url = Url::parse(&found.text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    let from = found.from;
    if url.is_none() {
        let message =
            format!("{from} is not the URL of a proxy: write one such as http://proxy.example:3128 [KR-VAULT-161]");
        return Err(invalid(&message));
    }
    outbound::Proxies::only(&found.text, from)
}

fn name(found: &Found) -> Result<String, Error> {
    let name = found.text.as_str();
    let url = Url::parse(&format!("https://{name}/")).ok();
    if url.is_some_and(|url| url.domain() == Some(name)) {
        return Ok(name.to_owned());
    }
    let message = format!("{} is not a host name: write one such as vault.example [KR-VAULT-162]", found.from);
    Err(Error::new(ErrorKind::Invalid, "", message))
}
