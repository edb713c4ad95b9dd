use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;

fn settings(config: Value, variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let find = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::new(&serde_json::from_value(config).unwrap(), &find)
}

#[expect(clippy::disallowed_methods, reason = "the test's own token")]
fn token(settings: &Settings) -> &str {
    match &settings.credentials {
        Credentials::Token(token) => token.expose_secret(),
        Credentials::Login(_) => "a login",
    }
}

#[test]
fn the_environment_fills_what_the_configuration_leaves_open() {
    let environment = [("VAULT_ADDR", "http://a:1"), ("BAO_TOKEN", "from-bao"), ("VAULT_NAMESPACE", "team/")];
    let found = settings(json!({}), &environment).unwrap();
    assert_eq!(found.address.as_str(), "http://a:1/");
    assert_eq!((token(&found), found.namespace.as_deref()), ("from-bao", Some("team")));
    let config = json!({"address": "http://b:2", "token": "given", "namespace": "other"});
    let found = settings(config, &environment).unwrap();
    assert_eq!(found.address.as_str(), "http://b:2/");
    assert_eq!((token(&found), found.namespace.as_deref()), ("given", Some("other")));
    let login = json!({"address": "http://b:2", "authLoginJwt": {"jwt": "x"}});
    assert_eq!(token(&settings(login, &environment).unwrap()), "a login");
}

/// OpenBao's own client is the one official tool that reads both.
#[test]
fn official_b4_an_empty_variable_is_none_and_bao_comes_before_vault() {
    let both = [("BAO_ADDR", ""), ("VAULT_ADDR", "http://vault:1"), ("VAULT_TOKEN", "v"), ("BAO_TOKEN", "b")];
    let found = settings(json!({}), &both).unwrap();
    assert_eq!((found.address.as_str(), token(&found)), ("http://vault:1/", "b"));
}

fn told(config: Value, variables: &[(&str, &str)]) -> String {
    settings(config, variables).err().map(|error| error.message).unwrap_or_default()
}

/// The server and the token, and these variables beside them.
fn with(variables: &[(&'static str, &'static str)]) -> Result<Settings, Error> {
    let server = [("VAULT_ADDR", "http://a:1"), ("VAULT_TOKEN", "t")];
    settings(json!({}), &server.iter().chain(variables).copied().collect::<Vec<_>>())
}

fn refused(variables: &[(&'static str, &'static str)]) -> String {
    with(variables).err().map(|error| error.message).unwrap_or_default()
}

/// https://pkg.go.dev/strconv#ParseBool
#[test]
fn official_b4_a_boolean_is_read_as_go_reads_it() {
    type Question = fn(&Settings) -> bool;
    let names: [(&'static str, Question); 4] = [
        ("VAULT_SKIP_VERIFY", |found| found.tls.danger_accept_invalid_certs),
        ("BAO_SKIP_VERIFY", |found| found.tls.danger_accept_invalid_certs),
        ("VAULT_DISABLE_REDIRECTS", |found| !found.follows),
        ("BAO_DISABLE_REDIRECTS", |found| !found.follows),
    ];
    for (name, is_on) in names {
        for said in ["1", "t", "T", "true", "TRUE", "True"] {
            assert!(is_on(&with(&[(name, said)]).unwrap()), "{name}={said}");
        }
        for said in ["", "0", "f", "F", "false", "FALSE", "False"] {
            assert!(!is_on(&with(&[(name, said)]).unwrap()), "{name}={said}");
        }
        for said in ["yes", "no", "on", "tRUE", "2", " true", "nonsense"] {
            assert!(refused(&[(name, said)]).contains(name), "{name}={said}");
        }
    }
    assert!(refused(&[("VAULT_SRV_LOOKUP", "yes")]).contains("VAULT_SRV_LOOKUP is not a boolean"));
    assert!(refused(&[("VAULT_SRV_LOOKUP", "true")]).contains("does not support SRV records"));
    assert!(with(&[("VAULT_SRV_LOOKUP", "false")]).is_ok());
}

#[test]
fn official_b4_a_property_comes_before_the_variables() {
    let config = json!({"address": "http://a:1", "token": "t", "skipTlsVerify": false});
    let found = settings(config, &[("VAULT_SKIP_VERIFY", "nonsense")]).unwrap();
    assert!(!found.tls.danger_accept_invalid_certs);
}

#[test]
fn official_b4_trusted_certificates_come_from_a_file_a_text_or_a_folder() {
    const PEM: &str = "-----BEGIN CERTIFICATE-----";
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, none) = (file("one.pem", &format!("{PEM} file")), file("none.txt", "nothing"));
    let text = format!("{PEM} text");
    let place = folder.path().to_str().unwrap();
    let trusted = |variables: &[(&str, &str)]| {
        let found = settings(json!({"address": "http://a:1", "token": "t"}), variables)?;
        Ok::<_, Error>(String::from_utf8(found.tls.trusted).unwrap())
    };
    let all = [("VAULT_CACERT", one.as_str()), ("VAULT_CACERT_BYTES", text.as_str()), ("VAULT_CAPATH", place)];
    assert_eq!(trusted(&all).unwrap(), format!("{PEM} file"));
    assert_eq!(trusted(&all[1..]).unwrap(), text);
    let both = trusted(&all[2..]).unwrap();
    assert!(both.contains("file") && both.contains("nothing"));
    assert_eq!(trusted(&[]).unwrap(), "");
    let told = |variables: &[(&str, &str)]| trusted(variables).unwrap_err().message;
    assert!(told(&[("VAULT_CACERT", &none)]).contains("VAULT_CACERT gives no certificate"));
    assert!(told(&[("BAO_CACERT_BYTES", "nonsense")]).contains("BAO_CACERT_BYTES gives no certificate"));
    assert!(told(&[("VAULT_CAPATH", "/does-not-exist")]).contains("VAULT_CAPATH"));
}

#[test]
fn official_b4_a_client_certificate_goes_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (file("the-certificate"), file("the-key"));
    let config = json!({"address": "http://a:1", "token": "t"});
    let shown = |variables: &[(&str, &str)]| {
        let found = settings(config.clone(), variables).unwrap();
        found.tls.identity.map(|both| String::from_utf8(both.to_vec()).unwrap())
    };
    let files = [("VAULT_CLIENT_CERT", cert.as_str()), ("VAULT_CLIENT_KEY", key.as_str())];
    let texts = [("BAO_CLIENT_CERT_BYTES", "a"), ("BAO_CLIENT_KEY_BYTES", "b")];
    assert_eq!(shown(&files).as_deref(), Some("the-certificate\nthe-key"));
    assert_eq!(shown(&texts).as_deref(), Some("a\nb"));
    assert_eq!(shown(&[texts, files].concat()).as_deref(), Some("the-certificate\nthe-key"));
    assert_eq!(shown(&[]), None);
    for (lone, other) in [
        (("VAULT_CLIENT_CERT", "/c"), "VAULT_CLIENT_KEY"),
        (("VAULT_CLIENT_KEY", "/k"), "VAULT_CLIENT_CERT"),
        (("BAO_CLIENT_CERT_BYTES", "c"), "BAO_CLIENT_KEY_BYTES"),
        (("BAO_CLIENT_KEY_BYTES", "k"), "BAO_CLIENT_CERT_BYTES"),
    ] {
        let message = told(config.clone(), &[lone]);
        assert!(message.contains(lone.0) && message.contains(&format!("{other} is not")), "{message}");
    }
    let wrong = told(config.clone(), &[("VAULT_CLIENT_CERT", "/none"), ("VAULT_CLIENT_KEY", &key)]);
    assert!(wrong.contains("VAULT_CLIENT_CERT") && wrong.contains("/none"), "{wrong}");
}

#[test]
fn official_b4_a_proxy_and_a_servers_name_are_read() {
    let proxy = |variables| {
        let proxies = with(variables).unwrap().tls.proxies;
        proxies.and_then(|proxies| proxies.tls().map(|proxy| proxy.url().to_string()))
    };
    assert_eq!(
        proxy(&[("VAULT_PROXY_ADDR", "http://p:1"), ("VAULT_HTTP_PROXY", "http://q:2")]).as_deref(),
        Some("http://p:1/")
    );
    assert_eq!(proxy(&[("BAO_HTTP_PROXY", "http://q:2")]).as_deref(), Some("http://q:2/"));
    for wrong in ["p:3128", "socks5://p:1", "nonsense"] {
        assert!(refused(&[("VAULT_PROXY_ADDR", wrong)]).contains("VAULT_PROXY_ADDR"), "{wrong}");
    }
    let found = with(&[("VAULT_TLS_SERVER_NAME", "vault.internal")]).unwrap();
    assert_eq!(found.tls.server_name.as_deref(), Some("vault.internal"));
    for wrong in ["a b", "https://x", "10.0.0.1"] {
        assert!(refused(&[("VAULT_TLS_SERVER_NAME", wrong)]).contains("VAULT_TLS_SERVER_NAME"), "{wrong}");
    }
    let both = refused(&[("VAULT_TLS_SERVER_NAME", "a.b"), ("BAO_PROXY_ADDR", "http://p:1")]);
    assert!(both.contains("VAULT_TLS_SERVER_NAME") && both.contains("BAO_PROXY_ADDR"), "{both}");
}

#[test]
fn official_d5_the_root_is_no_namespace_and_an_empty_text_is_none() {
    for name in ["root", "root/", "/", ""] {
        let found = settings(json!({"address": "http://a:1", "token": "t"}), &[("VAULT_NAMESPACE", name)]).unwrap();
        assert_eq!(found.namespace, None, "{name:?}");
    }
    let empty = json!({"address": "", "namespace": "", "token": "", "caCertFile": ""});
    let environment = [("VAULT_ADDR", "http://a:1"), ("VAULT_TOKEN", "t"), ("VAULT_NAMESPACE", "team")];
    let found = settings(empty, &environment).unwrap();
    assert_eq!((found.address.as_str(), token(&found), found.namespace.as_deref()), ("http://a:1/", "t", Some("team")));
}

/// The table of the documentation, row by row, is the list that the resolver reads.
#[test]
fn official_b4_the_documentation_lists_what_is_read() {
    let row = |setting: &sources::Setting| {
        let place = |source: &Source| match source {
            Source::Property(name) => format!("`{name}`"),
            Source::Variable(bao, vault) => format!("`{bao}`, `{vault}`"),
            Source::Peers(name) => format!("`{name}`"),
            Source::HomeFile(name) => format!("the file `~/{name}`"),
            Source::File(name) => format!("the file `{name}`"),
            Source::Client(name) => format!("`{name}`"),
        };
        let places: Vec<_> = setting.sources.iter().map(place).collect();
        format!("| {} | {} | {} |", setting.name, places.join(", "), setting.unset)
    };
    let docs = include_str!("../../../../../docs/settings/vault.md");
    let written: Vec<_> = docs.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let written: Vec<_> = written.into_iter().filter(|line| !line.starts_with("| ---")).collect();
    assert_eq!(written, sources::ALL.map(row));
}

/// Nothing is read that is not in the list.
#[test]
fn official_b4_no_other_variable_is_read() {
    use std::collections::BTreeSet;
    let asked = std::sync::Mutex::new(BTreeSet::new());
    let record = |name: &str| {
        asked.lock().unwrap().insert(name.to_owned());
        match name {
            "VAULT_ADDR" => Some("http://a:1".to_owned()),
            "HOME" => Some("/does-not-exist".to_owned()),
            _ => None,
        }
    };
    assert!(Settings::new(&VaultConfig::default(), &record).is_err(), "there is no token");
    let token = serde_json::from_value(json!({"token": "t"})).unwrap();
    assert!(Settings::new(&token, &record).is_ok());
    let machines = ["authLoginAws", "authLoginGcp", "authLoginAzure"].map(|login| json!({login: {"role": "ci"}}));
    for login in [json!({"authLoginJwt": {}}), json!({"authLoginUserpass": {}})].into_iter().chain(machines) {
        assert!(Settings::new(&serde_json::from_value(login).unwrap(), &record).is_ok());
    }
    let mut listed = BTreeSet::from(["HOME".to_owned()]);
    for source in sources::ALL.iter().flat_map(|setting| setting.sources) {
        if let Source::Variable(bao, vault) = source {
            listed.extend([(*bao).to_owned(), (*vault).to_owned()]);
        }
        if let Source::Peers(name) = source {
            listed.insert((*name).to_owned());
        }
    }
    assert_eq!(asked.into_inner().unwrap(), listed);
}

#[test]
fn the_token_file_comes_last() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".vault-token"), "filed\n").unwrap();
    let home = home.path().to_str().unwrap();
    let found = settings(json!({"address": "http://a:1"}), &[("HOME", home)]).unwrap();
    assert_eq!(token(&found), "filed");
}

#[test]
fn what_is_missing_is_named() {
    assert!(told(json!({}), &[]).contains("VAULT_ADDR"));
    assert!(told(json!({}), &[("VAULT_ADDR", "nonsense")]).contains("VAULT_ADDR"));
    assert!(told(json!({"address": "http://a:1"}), &[]).contains("keyrotation:vault.token"));
    let config = json!({"address": "http://a:1", "token": "t", "caCertFile": "/none"});
    assert!(told(config, &[]).contains("caCertFile"));
}
