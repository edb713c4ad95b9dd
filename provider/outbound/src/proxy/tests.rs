use super::*;

fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, Error> {
    Proxies::read(&|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn is_proxied(no_proxy: &str, url: &str) -> bool {
    let variables = [("HTTP_PROXY", "http://p:1"), ("HTTPS_PROXY", "http://p:2"), ("NO_PROXY", no_proxy)];
    !matches!(proxies(&variables).unwrap().way(&url.parse().unwrap()), Way::Direct)
}

#[test]
fn output_3_this_machine_is_never_proxied() {
    for host in [
        "127.0.0.1",
        "127.0.0.1:8200",
        "127.9.8.7",
        "[::1]:8200",
        "[::ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST:1",
        "vault.localhost",
        "169.254.169.254",
        "169.254.170.2",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ] {
        for scheme in ["http", "https"] {
            assert!(!is_proxied("", &format!("{scheme}://{host}/")), "{scheme}://{host}");
        }
    }
    for host in ["128.0.0.1", "10.0.0.1", "[::2]", "localhost.example", "notlocalhost", "127.0.0.1.example"] {
        assert!(is_proxied("", &format!("https://{host}/")), "{host}");
    }
}

/// Each row was also put to Go's net/http, which gave the same.
#[test]
fn output_3_no_proxy_is_read_as_go_reads_it() {
    for (no_proxy, url, proxied) in NO_PROXY {
        assert_eq!(is_proxied(no_proxy, url), *proxied, "{no_proxy:?} {url}");
    }
}

const NO_PROXY: &[(&str, &str, bool)] = &[
    ("", "https://a.example/", true),
    ("*", "https://a.example/", false),
    ("*", "https://10.0.0.1:8200/", false),
    ("b.example,*", "https://a.example/", false),
    ("a.example", "https://a.example/", false),
    ("a.example", "https://A.Example:8200/", false),
    ("a.example", "https://x.a.example/", false),
    ("a.example", "https://xa.example/", true),
    (".a.example", "https://a.example/", true),
    (".a.example", "https://x.a.example/", false),
    ("*.a.example", "https://a.example/", true),
    ("*.a.example", "https://x.y.a.example/", false),
    ("A.EXAMPLE , b.example", "https://b.example/", false),
    (" a.example ,", "https://a.example/", false),
    ("a.example b.example", "https://a.example/", true),
    ("a.example:8200", "https://a.example:8200/", false),
    ("a.example:8200", "https://a.example:8201/", true),
    ("a.example:443", "https://a.example/", false),
    ("a.example:80", "http://a.example/", false),
    ("a.example:443", "http://a.example/", true),
    (".a.example:8200", "https://x.a.example:8200/", false),
    (".a.example:8200", "https://x.a.example/", true),
    ("10.0.0.1", "https://10.0.0.1/", false),
    ("10.0.0.1", "https://10.0.0.2/", true),
    ("10.0.0.1:8200", "https://10.0.0.1:8200/", false),
    ("10.0.0.1:8200", "https://10.0.0.1/", true),
    ("10.0.0.0/8", "https://10.9.8.7:8200/", false),
    ("10.1.2.3/8", "https://10.9.8.7/", false),
    ("10.0.0.0/8", "https://11.0.0.1/", true),
    ("10.0.0.0/8", "https://x10.example/", true),
    ("192.168.0.0/16,.corp", "http://vault.corp:8200/", false),
    ("fd00::/8", "https://[fd12::1]:8200/", false),
    ("fd00::/8", "https://[fe00::1]/", true),
    ("fd12::1", "https://[fd12::1]/", false),
    ("[fd12::1]:8200", "https://[fd12::1]:8200/", false),
    ("[fd12::1]:8200", "https://[fd12::1]/", true),
    ("http://a.example", "https://a.example/", true),
    ("example", "https://a.example/", false),
    (".", "https://a.example/", true),
];

#[test]
fn output_3_a_plain_address_is_refused_behind_a_proxy_and_says_what_to_set() {
    let found = proxies(&[("http_proxy", "user:hidden@proxy.example:3128")]).unwrap();
    let url: Url = "http://vault.example:8200/v1/secret/data/app?x=1".parse().unwrap();
    let Way::InClear(proxy) = found.way(&url) else { panic!("{:?}", found.way(&url)) };
    let error = in_clear("vault kv get", "Vault", "from VAULT_ADDR", (&url, proxy));
    assert_eq!((error.kind, error.retry), (ErrorKind::Invalid, rotation::Retry::Never));
    for part in ["http://vault.example:8200 ", "VAULT_ADDR", "http://proxy.example:3128 (http_proxy)", "NO_PROXY"] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    assert!(!format!("{error} {error:?} {found:?}").contains("hidden"));
    assert!(matches!(found.way(&"https://vault.example/".parse().unwrap()), Way::Direct));
}

#[test]
fn output_3_each_variable_is_read_and_the_upper_case_one_first() {
    let https = |variables: &[(&str, &str)]| {
        let found = proxies(variables).unwrap();
        match found.way(&"https://a.example/".parse().unwrap()) {
            Way::Tunnel(proxy) => format!("{} {}", origin(proxy.url()), proxy.from()),
            way => format!("{way:?}"),
        }
    };
    assert_eq!(https(&[("HTTPS_PROXY", "http://up"), ("https_proxy", "http://low")]), "http://up HTTPS_PROXY");
    assert_eq!(https(&[("HTTPS_PROXY", ""), ("https_proxy", "low:3128")]), "http://low:3128 https_proxy");
    assert_eq!(https(&[("all_proxy", "https://any:8443")]), "https://any:8443 all_proxy");
    assert_eq!(https(&[("HTTP_PROXY", "http://plain")]), "Direct");
    assert_eq!(https(&[("ALL_PROXY", "x:1"), ("no_proxy", "a.example")]), "Direct");
}

#[test]
fn output_3_a_variable_that_names_no_proxy_is_named_and_not_shown() {
    for (text, part) in
        [("socks5://user:hidden@p:1", "socks5"), ("http://hidden:x/", "HTTPS_PROXY"), ("://hidden", "address")]
    {
        let error = proxies(&[("HTTPS_PROXY", text)]).unwrap_err();
        assert!(error.message.contains(part) && error.message.contains("HTTPS_PROXY"), "{error}");
        assert!(!error.message.contains("hidden"), "{error}");
    }
}
