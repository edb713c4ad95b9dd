use std::sync::Arc;

use aws_smithy_async::time::TimeSource;
use cloud::SignedRequest;
use futures::FutureExt;
use jiff::SignedDuration;
use outbound::Skew;
use rotation::{Clock, Error, ErrorKind};
use tokio::sync::OnceCell;

use crate::clients::Clients;
use crate::config::AwsConfig;
use crate::connect::connect;
use crate::error::{Call, Explain};
use crate::signed::{address, signed};
use crate::time::Time;

/// One configuration and, from its first use on, the clients that were built from it.
pub(crate) struct Session {
    config: AwsConfig,
    time: Time,
    clients: OnceCell<Clients>,
    account: OnceCell<String>,
    /// Set once the account is known to be one that the configuration allows.
    allowed: OnceCell<()>,
    skew: Arc<Skew>,
}

impl Session {
    pub(crate) fn new(config: AwsConfig, clock: Arc<dyn Clock>) -> Self {
        let (clients, account, allowed) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let time = Time::new(clock).repeating(config.max_retries);
        Self { config, time, clients, account, allowed, skew: Arc::default() }
    }

    pub(crate) fn config(&self) -> &AwsConfig {
        &self.config
    }

    pub(crate) fn time(&self) -> &Time {
        &self.time
    }

    /// The clients, in an account that the configuration allows.
    pub(crate) async fn clients(&self) -> Result<&Clients, Error> {
        let clients = self.connected().await?;
        self.allowed.get_or_try_init(|| self.must_be_allowed().boxed()).await?;
        Ok(clients)
    }

    async fn connected(&self) -> Result<&Clients, Error> {
        self.clients.get_or_try_init(|| connect(&self.config, (&self.time, &self.skew)).boxed()).await
    }

    /// Fails closed: an account that STS does not name is not allowed.
    async fn must_be_allowed(&self) -> Result<(), Error> {
        let (allowed, forbidden) = (self.config.allowed(), self.config.forbidden());
        if allowed.is_empty() && forbidden.is_empty() {
            return Ok(());
        }
        let id = self.time.repeat(|| self.account()).await?;
        let is_in = |list: &[String]| list.iter().any(|known| known == id);
        let why = match (allowed.is_empty(), is_in(allowed), is_in(forbidden)) {
            (_, _, true) => "which keyrotation:aws.forbiddenAccountIds names",
            (false, false, _) => "which keyrotation:aws.allowedAccountIds does not name",
            _ => return Ok(()),
        };
        let message = format!(
            "the credentials that the plugin uses belong to the AWS account {id}, {why}. Nothing was read or changed there: use credentials of another account, or correct the list [KR-AWS-072]"
        );
        Err(Error::new(ErrorKind::Blocked, IDENTITY, message))
    }

    /// How far AWS's clock is ahead of ours.
    pub(crate) fn ahead(&self) -> SignedDuration {
        self.skew.ahead()
    }

    /// The id of the account that the plugin's credentials belong to. STS is asked until it has said so once, each time without retries:
    /// where it does not answer, the keys themselves can prove the place.
    pub(crate) async fn account(&self) -> Result<&str, Error> {
        let call = Call { operation: IDENTITY, user: "" };
        let ask = || async {
            let answer = self.connected().await?.identity.get_caller_identity().send().await;
            answer.map_err(|error| call.failed(&error))?.account.ok_or_else(|| call.incomplete("Account"))
        };
        self.account.get_or_try_init(ask).await.map(String::as_str)
    }
}

impl Session {
    /// See [`cloud::CallerIdentity`].
    pub(crate) async fn caller_identity(
        &self,
        region: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> Result<SignedRequest, Error> {
        let clients = self.clients().await?;
        let (own, region) = address(region);
        let address = self.config.endpoint_sts().map_or(own, str::to_owned);
        signed(&clients.signer, (&address, &region), header, self.time.now()).await
    }
}

const IDENTITY: &str = "sts:GetCallerIdentity";
