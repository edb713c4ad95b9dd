use async_trait::async_trait;
use rotation::Error;
use secrecy::SecretString;

/// A request that shows who its signer is to whoever sends it. Its headers let others pass for the signer for some minutes, so it has no `Debug`.
pub struct SignedRequest {
    /// The HTTP method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The headers that are signed, and the signature.
    pub headers: Vec<(String, SecretString)>,
    /// The body.
    pub body: &'static str,
}

/// A cloud whose credentials another system takes as proof: the plugin hands the one to the other, so that neither needs to know it.
#[async_trait]
pub trait CallerIdentity: Send + Sync {
    /// A request by which the cloud says who signed it, with the credentials that the provider configuration leads to. It is signed here and not
    /// sent. `region` is where it will be sent, and `header` is one more header to sign, which binds the request to its receiver.
    ///
    /// # Errors
    /// There are no credentials.
    async fn caller_identity(
        &self,
        region: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> Result<SignedRequest, Error>;
}
