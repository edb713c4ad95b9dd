//! Redirects, as the official clients follow them: a standby that does not pass requests on names the active server instead.

use outbound::{Answer, Url};
use rotation::{Error, ErrorKind};

use crate::request::Request;

/// Where the server sends this request instead; none if it does not. One redirect is followed, with the token, as by the official
/// clients, and never from TLS to a connection without. The place must be the same path of the API: a page to log in at, which
/// a proxy in front may answer with, is not to be given a token.
///
/// # Errors
/// The redirect leads where it is not followed. Nothing was done.
pub(crate) fn target(request: &Request, from: &Url, answer: &Answer) -> Result<Option<Url>, Error> {
    if !matches!(answer.status, 301 | 302 | 307) {
        return Ok(None);
    }
    let Some(place) = answer.header("location") else { return Ok(None) };
    let refused = |why: &str| {
        let message = format!(
            "the server answered with a redirect {why}, which is not followed: let keyrotation:vault.address name the active server [KR-VAULT-115]"
        );
        Error::new(ErrorKind::Unreachable, request.operation, message)
    };
    let place = from.join(place).map_err(|_| refused("to something that is not a URL"))?;
    if place.scheme() != from.scheme() && place.scheme() != "https" {
        return Err(refused("to an address without TLS"));
    }
    let path = request.url(&origin(&place))?.path().to_owned();
    if !place.path().ends_with(&path) {
        return Err(refused("to another path"));
    }
    Ok(Some(place))
}

/// The failure to reach the server that a redirect named.
pub(crate) fn unreached(error: Error, active: &Url) -> Error {
    let message = format!(
        "the server is a standby that names {} as the active one, and that could not be reached ({}): let keyrotation:vault.address name a server that this machine reaches and that is active or passes requests on",
        active.as_str().trim_end_matches('/'),
        error.message
    );
    Error { message, ..error }
}

/// The URL without its path and what follows.
pub(crate) fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}

#[cfg(test)]
mod tests {
    use outbound::{HeaderMap, HeaderValue, Method};
    use zeroize::Zeroizing;

    use super::*;

    fn follow(from: &str, status: u16, location: &str) -> Result<Option<String>, String> {
        let request = Request::new("vault kv get", Method::GET, "secret/data/a b").version(3);
        let headers: HeaderMap =
            [("location".parse().unwrap(), HeaderValue::from_str(location).unwrap())].into_iter().collect();
        let answer = Answer { status, headers, body: Zeroizing::default() };
        let from = request.url(&from.parse().unwrap()).unwrap();
        let found = target(&request, &from, &answer);
        found.map(|found| found.map(|url| url.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn official_b4_a_redirect_is_followed_as_the_official_client_does() {
        let active = "https://active:8200/v1/secret/data/a%20b?version=3";
        for status in [301, 302, 307] {
            assert_eq!(follow("https://standby:8200", status, active), Ok(Some(active.to_owned())), "{status}");
        }
        let plain = "http://active:8200/v1/secret/data/a%20b?version=3";
        assert_eq!(follow("http://standby:8200", 307, plain), Ok(Some(plain.to_owned())));
        assert_eq!(follow("http://standby:8200", 307, active), Ok(Some(active.to_owned())), "to TLS");
        let relative = "/v1/secret/data/a%20b?version=3";
        assert_eq!(follow("http://standby:8200", 307, relative), Ok(Some(format!("http://standby:8200{relative}"))));
        assert_eq!(follow("http://proxy/vault", 307, plain), Ok(Some(plain.to_owned())), "below a path of a proxy's");
        for status in [200, 303, 308, 404] {
            assert_eq!(follow("https://standby:8200", status, active), Ok(None), "{status}");
        }
    }

    #[test]
    fn official_b4_a_redirect_out_of_tls_or_to_another_path_is_refused() {
        let downgrade = follow("https://standby:8200", 307, "http://active:8200/v1/secret/data/a%20b").unwrap_err();
        assert!(downgrade.contains("without TLS"), "{downgrade}");
        for place in ["https://sso.example/login", "ftp://active/v1/secret/data/a%20b", "https://a/v1/sys/seal"] {
            assert!(follow("https://standby:8200", 302, place).is_err(), "{place}");
        }
    }
}
