//! The organization that the plugin's own key belongs to. Each answer is asked for once.

use rotation::{Error, ErrorKind};

use crate::error::incomplete;
use crate::session::{ATTEMPT, Session, call};
use crate::wire::Named;

impl Session {
    /// The organization that the plugin's key belongs to; none if the key may not read it. Asked once.
    pub(crate) async fn account(&self) -> Result<Option<String>, Error> {
        let ask = || async {
            match self.organization().await {
                Ok(id) => Ok(Some(id.to_owned())),
                Err(error) if error.kind == ErrorKind::Denied => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.account.get_or_try_init(ask).await.cloned()
    }

    /// Its id.
    ///
    /// # Errors
    /// Anything but a definite answer.
    pub(crate) async fn organization(&self) -> Result<&str, Error> {
        let ask = || async {
            let call = call("org:ListOrganizations", ATTEMPT);
            let path = &["org", "v2", "organizations"];
            let found: Vec<Named> = self.list(&call, "organization", (path, &[])).await?;
            found.into_iter().next().map(|named| named.id).ok_or_else(|| incomplete(&call, "organization"))
        };
        self.organization.get_or_try_init(ask).await.map(String::as_str)
    }
}
