//! How requests are signed while a process runs: with a key that does not end, or with a token that does.

mod instance;
mod located;
mod oke;
mod resource;
mod session;
mod source;
mod token;

use std::sync::Arc;

use rotation::{Error, ErrorKind};
use tokio::sync::Mutex;

use crate::place::Place;
use crate::signer::KeySigner;
use crate::sources::exposed;
pub(crate) use instance::Instance;
pub(crate) use located::Located;
pub(crate) use oke::Oke;
pub(crate) use resource::ResourcePrincipal;
pub(crate) use session::SessionFiles;
pub(crate) use source::Means;
use source::{Fresh, OPERATION, TokenSource};
use token::Token;

/// One way to sign.
pub(crate) enum Signing {
    /// With a key that does not end.
    Key(Arc<KeySigner>),
    /// With a token that ends, and the key that it was made for.
    Token(Tokens),
}

/// The token in use, and where the next one comes from.
pub(crate) struct Tokens {
    source: Box<dyn TokenSource>,
    current: Mutex<Option<Current>>,
}

struct Current {
    signer: Arc<KeySigner>,
    token: Token,
}

impl Signing {
    /// With tokens of this source.
    pub(crate) fn by(source: impl TokenSource + 'static) -> Self {
        Self::Token(Tokens { source: Box::new(source), current: Mutex::default() })
    }

    /// What signs now.
    ///
    /// # Errors
    /// There is no token, or it has ended.
    pub(crate) async fn signer(&self, means: Means<'_>) -> Result<Arc<KeySigner>, Error> {
        match self {
            Self::Key(signer) => Ok(Arc::clone(signer)),
            Self::Token(tokens) => tokens.signer(means).await,
        }
    }

    /// Takes another token in place of one that OCI refused; false if there is no other.
    ///
    /// # Errors
    /// As [`signer`](Self::signer).
    pub(crate) async fn renewed(&self, means: Means<'_>) -> Result<bool, Error> {
        match self {
            Self::Key(_) => Ok(false),
            Self::Token(tokens) => tokens.renewed(means).await,
        }
    }

    /// Where the token says that it works, as far as it does.
    ///
    /// # Errors
    /// As [`signer`](Self::signer).
    pub(crate) async fn place(&self, means: Means<'_>) -> Result<Place, Error> {
        let Self::Token(tokens) = self else { return Ok(Place::default()) };
        let region = tokens.source.region(means).await?.unwrap_or_default();
        tokens.signer(means).await?;
        let current = tokens.current.lock().await;
        let tenancy = current.as_ref().and_then(|current| current.token.tenancy()).unwrap_or_default();
        Ok(Place { tenancy, region })
    }
}

impl Tokens {
    async fn signer(&self, means: Means<'_>) -> Result<Arc<KeySigner>, Error> {
        let mut current = self.current.lock().await;
        let early = means.clock.now().saturating_add(self.source.early());
        let lasts = |current: &&Current| early.is_ok_and(|then| current.token.lasts_until(then));
        if let Some(current) = current.as_ref().filter(lasts) {
            return Ok(Arc::clone(&current.signer));
        }
        let next = self.next(means).await?;
        Ok(Arc::clone(&current.insert(next).signer))
    }

    async fn renewed(&self, means: Means<'_>) -> Result<bool, Error> {
        let mut current = self.current.lock().await;
        let next = self.next(means).await?;
        let is_other = current.as_ref().is_none_or(|current| current.token.text() != next.token.text());
        *current = Some(next);
        Ok(is_other)
    }

    async fn next(&self, means: Means<'_>) -> Result<Current, Error> {
        let Fresh { token, pair, delegation } = self.source.next(means).await?;
        let signer = KeySigner::of_session(&token, pair).on_behalf(delegation);
        let token = Token::read(exposed(&token).trim());
        match token.end().filter(|end| *end <= means.clock.now()) {
            Some(end) => Err(Error::new(ErrorKind::Unauthenticated, OPERATION, self.source.ended(end))),
            None => Ok(Current { signer: Arc::new(signer), token }),
        }
    }
}
