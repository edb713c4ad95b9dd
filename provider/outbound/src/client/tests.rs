use futures::FutureExt;
use jiff::Timestamp;
use rotation::Effect;
use rotation::testing::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const CALL: Call = Call {
    operation: "any:Call",
    service: "the service",
    setting: "keyrotation:any.endpoint",
    limit: SignedDuration::from_secs(30),
};

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::UNIX_EPOCH)
}

async fn call(clock: &ManualClock, url: &str) -> Result<Answer, Error> {
    let client = Client::new(&Settings::default(), Arc::new(clock.clone())).unwrap();
    let target = (Method::POST, url.parse().unwrap());
    client.send(&CALL, target, HeaderMap::new(), Zeroizing::new(b"asked".to_vec())).await
}

/// A server that reads one request, says this, and goes; its URL.
async fn saying(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"asked") {
            let mut part = [0; 1024];
            let read = stream.read(&mut part).await.unwrap();
            seen.extend_from_slice(&part[..read]);
        }
        assert!(String::from_utf8_lossy(&seen).contains("user-agent: keyrotation/"));
        stream.write_all(text.as_bytes()).await.unwrap();
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn an_answer_is_given_whatever_its_status() {
    let url = saying("HTTP/1.1 418 teapot\r\ncontent-length: 4\r\nx-id: 7\r\n\r\ntrue").await;
    let answer = call(&clock(), &url).await.unwrap();
    assert_eq!((answer.status, answer.is_success(), answer.header("X-Id")), (418, false, Some("7")));
    assert!(answer.json::<bool>(&CALL).unwrap());
    assert_eq!(answer.json::<u8>(&CALL).unwrap_err().effect, Effect::Unknown);
    assert!(!format!("{answer:?}").contains("true"));
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let url = saying("HTTP/1.1 307 there\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(call(&clock(), &url).await.unwrap().status, 307);
}

#[tokio::test]
async fn without_a_connection_nothing_was_done() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = call(&clock(), &url).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unreachable, Effect::None));
    assert!(error.to_string().contains("keyrotation:any.endpoint"), "{error}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_everything_open() {
    for text in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        let url = saying(text).await;
        let error = call(&clock(), &url).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Unreachable, Effect::Unknown), "{text:?}");
    }
}

#[tokio::test]
async fn silence_ends_by_the_clock_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let clock = clock();
    let mut asked = Box::pin(call(&clock, &url));
    assert!((&mut asked).now_or_never().is_none());
    let (_held, _) = tokio::select! { held = listener.accept() => held.unwrap(), _ = &mut asked => unreachable!() };
    clock.advance(SignedDuration::from_secs(30));
    let error = asked.await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::TimedOut, Effect::Unknown));
}

#[test]
fn certificates_that_are_none_are_refused() {
    let settings = Settings { identity: Some(Zeroizing::new(b"none".to_vec())), ..Settings::default() };
    let error = Client::new(&settings, Arc::new(clock())).err().unwrap();
    assert!(error.to_string().contains("client certificate"), "{error}");
}

/// What a client says first to a server that then goes.
async fn first_words(settings: impl FnOnce(std::net::SocketAddr) -> (Settings, String)) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (settings, url) = settings(listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut words = vec![0; 4096];
        let read = stream.read(&mut words).await.unwrap();
        words.truncate(read);
        words
    });
    let client = Client::new(&settings, Arc::new(clock())).unwrap();
    let sent = client.send(&CALL, (Method::GET, url.parse().unwrap()), HeaderMap::new(), Zeroizing::default());
    assert!(sent.await.is_err());
    heard.await.unwrap()
}

fn holds(words: &[u8], part: &str) -> bool {
    words.windows(part.len()).any(|window| window == part.as_bytes())
}

#[tokio::test]
async fn official_b4_a_server_is_told_the_name_that_is_set() {
    let named = |address: std::net::SocketAddr| {
        let settings = Settings { server_name: Some("vault.internal".to_owned()), ..Settings::default() };
        (settings, format!("https://{address}/"))
    };
    assert!(holds(&first_words(named).await, "vault.internal"), "the name is not in the first words of TLS");
    let unnamed = |address: std::net::SocketAddr| (Settings::default(), format!("https://{address}/"));
    assert!(!holds(&first_words(unnamed).await, "vault.internal"));
}

#[tokio::test]
async fn official_b4_a_proxy_that_is_set_is_asked() {
    let by = |address: std::net::SocketAddr| {
        let proxies = Some(crate::Proxies::only(&format!("http://{address}"), "VAULT_PROXY_ADDR").unwrap());
        (Settings { proxies, ..Settings::default() }, "https://vault.example:8200/v1/sys/health".to_owned())
    };
    assert!(holds(&first_words(by).await, "CONNECT vault.example:8200"));
}

#[test]
fn official_b4_a_name_that_is_no_host_is_refused() {
    for name in ["", "a b", "127.0.0.1", "https://vault", "vault:8200"] {
        let settings = Settings { server_name: Some(name.to_owned()), ..Settings::default() };
        let error = Client::new(&settings, Arc::new(clock())).err().unwrap();
        assert!(error.to_string().contains("host name"), "{name:?}: {error}");
    }
}
