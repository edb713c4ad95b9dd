//! Where users publish a set of keys, for servers that fetch it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use localcloud::Server;

/// A file on a web server on loopback. It ends when it is dropped.
pub struct KeySet {
    text: Text,
    server: Server,
}

/// None while there is no such file.
type Text = Arc<Mutex<Option<String>>>;

impl KeySet {
    /// Begins, with a set of no keys.
    ///
    /// # Errors
    /// There is no port.
    pub fn start() -> Result<Self> {
        let text = Text::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&text));
        let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), app)?;
        let set = Self { text, server };
        set.publish(r#"{"keys":[]}"#);
        Ok(set)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.server.address)
    }

    /// Another text from now on.
    pub fn publish(&self, text: &str) {
        self.put(Some(text.to_owned()));
    }

    /// There is no such file any more.
    pub fn remove(&self) {
        self.put(None);
    }

    fn put(&self, text: Option<String>) {
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// The same to whatever is asked for.
async fn answer(State(text): State<Text>) -> Response {
    let text = text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match text {
        Some(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
