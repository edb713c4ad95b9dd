//! Two requests that openssl signed with the test key, and what spoils them.

use super::*;

const DATE: &str = "Sun, 01 Mar 2026 12:00:00 GMT";
const TARGET_SENT: &str = "/20160918/users/ocid1.user.oc1..u/authTokens/a%3Ab?x=%7E1";
const BODY: &str = r#"{"description":"x"}"#;
const GET_HEADERS: &str = "date (request-target) host";
const POST_HEADERS: &str = "x-content-sha256 date (request-target) host content-length content-type";
const GET_SIGNATURE: &str = "V9JVPfoxvAdmLwVwfBTnjguu1bqGpJaOZKv1oiti7ds9m9KLuWNx28RQVXlbcnmJ45e5A14EIXDVWq+VKUc8W5rPk+19hVtwTBrM4nmxJ3iOetZXUhRHVFOLU4/QXY6UmjmIsJxHEk0WQ7Bv1BuIqliZhI0IsyHyEv0pcNW+qejkKN8LEzcA3LjnYayGIGp6C5mj/dDnMv4+MW1UE8H/TXtdHG+Pj01ZrS/laElXNQXKTrWfk+I+3sAlHxuG1CpeXWGVGiqz8SrEHknYJEIfXBG0lEwTk2XjJwXvdrhBDWXok26m8S95M2D1u5J6sYycAwqJe1An5IBBmS3QMaLvbg==";
const POST_SIGNATURE: &str = "RpvI4m43/tulctzfsE61aUNSrN+gvcg31sDLZPPodMaBKC2TNOxI7RiDpjhVeU0mQ3KuIZ+HpqI4cMN72JunJF5dK+KeHgTpJvo3EBIi08k5cT74vylP2LME76u3UtFh0VP1be8qB4YdUbkCBOBa9u66ieLMqH7ZlOZvY598WH3+rIsxMzqUl8KSQH3NPIfKtRmO9GKkDeQa/eSPtT7rBNxElJ/GCatBHPP8HdmCNQ1B770Fn0kpAt0M3na4vMecr6cZM9mJ5uI55Z/USEFyWeJEBHPtXKBf3OCQThyHGJzUIkou4Q9iTew4cmuf4coMk22zoMpmTaYpDvlLEqnLSQ==";

fn key() -> PublicKey {
    PublicKey::of_private(crate::oci::ADMIN_KEY).unwrap()
}

fn authorization(headers: &str, signature: &str) -> String {
    format!(
        r#"Signature algorithm="rsa-sha256",headers="{headers}",keyId="t/u/aa:bb",signature="{signature}",version="1""#
    )
}

fn request(method: Method, body: &'static str, authorization: &str) -> Request {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: &str| headers.insert(name, value.parse().unwrap());
    set("date", DATE);
    set("host", "127.0.0.1:18099");
    set("authorization", authorization);
    if !body.is_empty() {
        set("content-length", &body.len().to_string());
        set("content-type", "application/json");
        set("x-content-sha256", "tM6AFmvWV2WDhraK80mCVLqWLbb7QN6QZmfs3hXHHTQ=");
    }
    Request { method, target: TARGET_SENT.to_owned(), headers, body: Bytes::from_static(body.as_bytes()) }
}

fn get() -> Request {
    request(Method::GET, "", &authorization(GET_HEADERS, GET_SIGNATURE))
}

fn post() -> Request {
    request(Method::POST, BODY, &authorization(POST_HEADERS, POST_SIGNATURE))
}

fn checked(request: &Request) -> Checked<()> {
    let claim = Claim::read(request)?;
    claim.check_body(request)?;
    claim.verify(request, &key())
}

fn with(mut request: Request, name: &'static str, value: &str) -> Request {
    request.headers.insert(name, value.parse().unwrap());
    request
}

const WRONG: Checked<()> = Err("the signature is not that of the key for this request");
const UNCOVERED: Checked<()> = Err("the signature does not cover every header that it must");

#[test]
fn what_openssl_signed_is_accepted() {
    assert_eq!(checked(&get()), Ok(()));
    assert_eq!(checked(&post()), Ok(()));
}

#[test]
fn the_target_counts_as_it_was_sent() {
    let decoded = TARGET_SENT.replace("%3A", ":");
    assert_eq!(checked(&Request { target: decoded, ..get() }), WRONG);
    assert_eq!(checked(&Request { method: Method::DELETE, ..get() }), WRONG);
    assert_eq!(checked(&with(get(), "host", "127.0.0.1:18098")), WRONG);
    assert_eq!(checked(&with(get(), "date", "Sun, 01 Mar 2026 12:00:01 GMT")), WRONG);
}

#[test]
fn a_body_counts_by_its_digest_and_length() {
    let other = Bytes::from_static(br#"{"description":"y"}"#);
    assert_eq!(checked(&Request { body: other, ..post() }), Err("x-content-sha256 is not the digest of the body"));
    let longer = Bytes::from_static(br#"{"description":"x"} "#);
    assert_eq!(checked(&Request { body: longer, ..post() }), Err("content-length is not the length of the body"));
    assert_eq!(checked(&with(post(), "content-type", "text/plain")), WRONG);
}

#[test]
fn a_request_with_a_body_must_cover_more() {
    for missing in POST_HEADERS.split(' ') {
        let headers = POST_HEADERS.split(' ').filter(|name| *name != missing).collect::<Vec<_>>().join(" ");
        let request = request(Method::POST, BODY, &authorization(&headers, POST_SIGNATURE));
        assert_eq!(checked(&request), UNCOVERED, "{missing}");
    }
    let uncovered = request(Method::PUT, "", &authorization(GET_HEADERS, GET_SIGNATURE));
    assert_eq!(checked(&uncovered), UNCOVERED);
}

#[test]
fn the_header_is_read_in_any_order_and_nothing_in_it_twice() {
    let sent = |text: String| checked(&with(get(), "authorization", &text));
    let other_order = format!(
        r#"SIGNATURE version="1", keyId="t/u/aa:bb" ,signature="{GET_SIGNATURE}",headers="{GET_HEADERS}",algorithm="rsa-sha256""#
    );
    assert_eq!(sent(other_order), Ok(()));
    let spoilt = |from: &str, to: &str| sent(authorization(GET_HEADERS, GET_SIGNATURE).replace(from, to));
    for (from, to) in [
        ("Signature ", "Bearer "),
        (r#"version="1""#, r#"version="2""#),
        (r#",version="1""#, ""),
        ("rsa-sha256", "rsa-sha1"),
        (r#"keyId="t/u/aa:bb""#, r#"keyId="t/u""#),
        (r#"keyId="t/u/aa:bb","#, ""),
        (r#",version"#, r#";version"#),
        (r#",version"#, r#",algorithm="rsa-sha256",version"#),
        (GET_SIGNATURE, "no base64"),
        (r#"version="1""#, "version=1"),
    ] {
        assert!(spoilt(from, to).is_err(), "{from} -> {to}");
    }
    let request = get();
    let none = Request { headers: HeaderMap::new(), ..request };
    assert_eq!(checked(&none), Err("there is no Authorization header"));
}

#[test]
fn a_date_may_be_five_minutes_off() {
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let at = |seconds| Claim::check_age(&get(), now + SignedDuration::from_secs(seconds)).is_ok();
    assert_eq!([-301, -300, 0, 300, 301].map(at), [false, true, true, true, false]);
    for bad in ["2026-03-01T12:00:00Z", "Sun, 01 Mar 2026 12:00:00 +0000", ""] {
        assert!(Claim::check_age(&with(get(), "date", bad), now).is_err(), "{bad}");
    }
}

#[test]
fn a_session_stands_in_the_place_of_a_key() {
    let text = authorization(GET_HEADERS, GET_SIGNATURE).replace("t/u/aa:bb", "ST$a.b/c.d");
    let claim = Claim::read(&with(get(), "authorization", &text)).unwrap();
    assert_eq!(claim.key, KeyId::Session("a.b/c.d".to_owned()));
}
