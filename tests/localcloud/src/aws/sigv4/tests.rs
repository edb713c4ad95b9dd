use axum::http::{HeaderName, HeaderValue};

use super::*;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The cases of AWS's SigV4 test suite that an HTTP library can carry, with AWS's own signatures:
/// name, method, path and query, further headers, body, signature.
type Vector =
    (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const VECTORS: &[Vector] = &[
    ("get-vanilla", "GET", "/", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-relative", "GET", "/example/..", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (
        "get-relative-relative",
        "GET",
        "/example1/example2/../..",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    ("get-slash", "GET", "//", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-slash-dot-slash", "GET", "/./", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (
        "get-slash-pointless-dot",
        "GET",
        "/./example",
        &[],
        "",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    ("get-slashes", "GET", "//example//", &[], "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    (
        "get-unreserved",
        "GET",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        "",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    ("get-utf8", "GET", "/ሴ", &[], "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    (
        "get-vanilla-empty-query-key",
        "GET",
        "/?Param1=value1",
        &[],
        "",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    (
        "get-vanilla-query-order-encoded",
        "GET",
        "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        &[],
        "",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    (
        "get-vanilla-query-order-key-case",
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-vanilla-query-unreserved",
        "GET",
        "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        "",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    (
        "get-vanilla-utf8-query",
        "GET",
        "/?ሴ=bar",
        &[],
        "",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    (
        "get-header-key-duplicate",
        "GET",
        "/",
        &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
        "",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    (
        "get-header-value-order",
        "GET",
        "/",
        &[("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2")],
        "",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    (
        "get-header-value-trim",
        "GET",
        "/",
        &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
        "",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    ("post-vanilla", "POST", "/", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "post-vanilla-query",
        "POST",
        "/?Param1=value1",
        &[],
        "",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    (
        "post-header-key-sort",
        "POST",
        "/",
        &[("my-header1", "value1")],
        "",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    (
        "post-header-value-case",
        "POST",
        "/",
        &[("my-header1", "VALUE1")],
        "",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    (
        "post-x-www-form-urlencoded",
        "POST",
        "/",
        &[
            ("content-length", "13"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
        ],
        "Param1=value1",
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    ),
    (
        "post-x-www-form-urlencoded-parameters",
        "POST",
        "/",
        &[
            ("content-length", "13"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
        ],
        "Param1=value1",
        "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
    ),
];

fn request(vector: &Vector) -> Request {
    let &(_, method, target, headers, body, signature) = vector;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut sent: Vec<(&str, String)> =
        vec![("host", "example.amazonaws.com".to_owned()), ("x-amz-date", "20150830T123600Z".to_owned())];
    sent.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let mut names: Vec<&str> = sent.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={KEY_ID}/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={signature}",
        names.join(";")
    );
    sent.push(("authorization", authorization));
    let mut map = HeaderMap::new();
    for (name, value) in sent {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(&value).unwrap());
    }
    Request {
        method: method.parse().unwrap(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: Bytes::from_static(body.as_bytes()),
    }
}

fn vanilla() -> Request {
    request(&VECTORS[0])
}

fn verify(request: &Request) -> Result<(), Refusal> {
    Claim::read(request)?.verify(request, SECRET)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_published_vectors_verify() {
    for vector in VECTORS {
        let request = request(vector);
        let claim = Claim::read(&request).unwrap();
        assert_eq!(claim.access_key_id, KEY_ID);
        assert!(claim.verify(&request, SECRET).is_ok(), "{}", vector.0);
    }
}

#[test]
fn the_published_signing_key_comes_out() {
    // "Examples of how to derive a signing key", IAM User Guide.
    let key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
    assert_eq!(hex::encode(key), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

#[test]
fn the_published_iam_example_verifies() {
    let mut request = vanilla();
    request.query = "Action=ListUsers&Version=2010-05-08".to_owned();
    let headers = [
        ("host", "iam.amazonaws.com"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ];
    for (name, value) in headers {
        request.headers.insert(name, HeaderValue::from_static(value));
    }
    let claim = Claim::read(&request).unwrap();
    claim.check_scope("iam", Some("us-east-1")).unwrap();
    claim.verify(&request, SECRET).unwrap();
}

#[test]
fn anything_changed_after_signing_is_noticed() {
    let form = &VECTORS[21];
    assert_eq!(form.0, "post-x-www-form-urlencoded");
    let changes: [fn(&mut Request); 7] = [
        |request| request.method = Method::PUT,
        |request| request.path = "/other".to_owned(),
        |request| request.query = "Param1=value1".to_owned(),
        |request| request.body = Bytes::from_static(b"Param1=value2"),
        |request| {
            // A wrong body with a matching statement about it is still not what was signed.
            request.body = Bytes::new();
            request.headers.insert("x-amz-content-sha256", HeaderValue::from_static(EMPTY));
        },
        |request| {
            request.headers.insert("host", HeaderValue::from_static("elsewhere.amazonaws.com"));
        },
        |request| {
            request.headers.insert("x-amz-date", HeaderValue::from_static("20150830T123601Z"));
        },
    ];
    verify(&request(form)).unwrap();
    for (at, change) in changes.iter().enumerate() {
        let mut changed = request(form);
        change(&mut changed);
        let refusal = verify(&changed).expect_err(&format!("change {at} went unnoticed"));
        assert_eq!((refusal.status, &*refusal.code), (403, "SignatureDoesNotMatch"));
    }
}

#[test]
fn another_secret_does_not_verify() {
    let request = vanilla();
    let claim = Claim::read(&request).unwrap();
    assert!(claim.verify(&request, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ").is_err());
    assert!(claim.verify(&request, "").is_err());
}

#[test]
fn a_signature_is_good_for_fifteen_minutes_either_way() {
    let claim = Claim::read(&vanilla()).unwrap();
    for good in ["2015-08-30T12:36:00Z", "2015-08-30T12:51:00Z", "2015-08-30T12:21:00Z"] {
        claim.check_age(time(good)).unwrap();
    }
    let late = claim.check_age(time("2015-08-30T12:51:01Z")).unwrap_err();
    assert_eq!(
        late.message,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
    );
    let early = claim.check_age(time("2015-08-30T12:20:59Z")).unwrap_err();
    assert!(early.message.starts_with("Signature not yet current: 20150830T123600Z"));
}

#[test]
fn the_scope_must_name_the_service_and_its_region() {
    let claim = Claim::read(&vanilla()).unwrap();
    claim.check_scope("service", None).unwrap();
    claim.check_scope("service", Some("us-east-1")).unwrap();
    assert!(claim.check_scope("iam", None).unwrap_err().message.contains("'iam'"));
    assert!(claim.check_scope("service", Some("eu-west-1")).is_err());
}

#[test]
fn a_request_without_a_usable_signature_says_what_is_missing() {
    let with = |header: Option<&'static str>| {
        let mut request = vanilla();
        request.headers.remove("authorization");
        if let Some(header) = header {
            request.headers.insert("authorization", HeaderValue::from_static(header));
        }
        let refusal = Claim::read(&request).unwrap_err();
        (refusal.status, refusal.code)
    };
    let missing = |code: &str, status: u16, header| assert_eq!(with(header), (status, code.to_owned()));
    missing("MissingAuthenticationToken", 403, None);
    missing("IncompleteSignature", 400, Some("Bearer abc"));
    missing(
        "IncompleteSignature",
        400,
        Some("AWS4-HMAC-SHA256 Credential=a/20150830/us-east-1/iam/aws4_request, SignedHeaders=host"),
    );
    missing(
        "IncompleteSignature",
        400,
        Some("AWS4-HMAC-SHA256 Credential=a/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00"),
    );
    missing(
        "SignatureDoesNotMatch",
        403,
        Some("AWS4-HMAC-SHA256 Credential=a/20150831/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00"),
    );
    missing(
        "SignatureDoesNotMatch",
        403,
        Some(
            "AWS4-HMAC-SHA256 Credential=a/20150830/us-east-1/iam/aws4_request, SignedHeaders=x-amz-date, Signature=00",
        ),
    );
}

#[test]
fn only_the_one_form_of_date_counts() {
    for form in ["", "2015-08-30T12:36:00Z", "20150830T123600", "20150830T1236Z", "Sun, 30 Aug 2015 12:36:00 GMT"] {
        assert_eq!(parse_stamp(form), None, "{form}");
    }
    assert_eq!(parse_stamp("20150830T123600Z"), Some(time("2015-08-30T12:36:00Z")));
}
