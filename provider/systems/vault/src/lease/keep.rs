//! How long a credential lasts: as long as its lease and its holder do, and whether that is enough.

use jiff::{SignedDuration, Timestamp};
use rotation::{Error, ErrorKind, Expiry, KeyId, KeyStatus, ObservedKey, format_duration};

use super::credential::{self, Credential, Credentials, MINT};
use super::holder::{self, Holder, Holders};

/// What lengthens leases and holders.
#[derive(Clone, Copy)]
pub(crate) struct Keep<'a> {
    pub(crate) holders: Holders<'a>,
    pub(crate) credentials: Credentials<'a>,
}

/// What a plan has to spare, and calls may take.
const SPARE: SignedDuration = SignedDuration::from_mins(1);

impl Keep<'_> {
    /// Makes the credential last as long as it must, or says why it cannot.
    pub(crate) async fn long_enough(
        &self,
        holder: &Holder,
        made: &Credential,
        life: Option<SignedDuration>,
    ) -> Result<ObservedKey, Error> {
        let (credentials, id) = (self.credentials, &holder.accessor);
        let mut granted = made.lasts;
        let asked = [life, self.holders.args.grant()];
        // First for as long as it is needed, which shows whether it can be had; then for as long as is to be asked for at a time.
        for increment in asked.into_iter().flatten().filter(|_| made.is_renewable) {
            let renewed = credentials.renew(&made.lease_id, Some(increment)).await?;
            let (lasts, _) = renewed.ok_or_else(|| ended(&made.lease_id))?;
            granted = lasts;
            if life == Some(increment) {
                self.must_last(made, granted, increment)?;
            }
        }
        if let Some(life) = life.filter(|_| !made.is_renewable) {
            self.must_last(made, granted, life)?;
        }
        self.holders.must_outlive(holder, life.unwrap_or(granted))?;
        let facts = self.holders.look_up(id).await?.ok_or_else(|| ended(&made.lease_id))?;
        if let Some(life) = life {
            self.must_hold(id, &facts, life).await?;
        }
        let lease = credentials.look_up(&made.lease_id).await?.ok_or_else(|| ended(&made.lease_id))?;
        let expiry = expiry(&facts, Some(&lease));
        let (created_at, status) = (facts.issue_time, KeyStatus::Active);
        Ok(ObservedKey { id: id.clone(), created_at, status, last_use: None, expiry })
    }

    /// A lease that is given for less than it is needed has a limit, and nothing raises that later.
    fn must_last(&self, made: &Credential, granted: SignedDuration, life: SignedDuration) -> Result<(), Error> {
        if granted + SPARE >= life {
            return Ok(());
        }
        let (limit, advice) = if made.is_renewable {
            ("at most", "raise max_ttl of the role and max_lease_ttl of the mount, or shorten")
        } else {
            ("and cannot be renewed, so for", "shorten")
        };
        let message = format!(
            "a lease of {:?} lasts {limit} {}, and a key has to work for {} (rotationPeriod, twice the overlap and a margin): {advice} rotationPeriod and overlap [KR-VAULT-094]",
            self.holders.args.path,
            format_duration(granted),
            format_duration(life)
        );
        Err(Error::new(ErrorKind::Invalid, MINT, message))
    }

    /// A holder with a period lives as long as it is renewed, another one to its end and no longer.
    async fn must_hold(&self, id: &KeyId, facts: &holder::Facts, life: SignedDuration) -> Result<(), Error> {
        let ttl = SignedDuration::from_secs(facts.ttl);
        if facts.expire_time.is_none() || ttl + SPARE >= life {
            return Ok(());
        }
        if facts.explicit_max_ttl == 0 && facts.renewable && self.holders.has_period(id).await? {
            return Ok(());
        }
        let message = format!(
            "{} lives for {} at most, and a key has to work for {} (rotationPeriod, twice the overlap and a margin): give the role a token_period within max_lease_ttl of auth/token and no token_explicit_max_ttl, or shorten rotationPeriod and overlap. To create a suitable one: {} [KR-VAULT-095]",
            self.holders.args.holder(),
            format_duration(ttl),
            format_duration(life),
            self.holders.args.command()
        );
        Err(Error::new(ErrorKind::Invalid, MINT, message))
    }
}

/// The earlier end of both, and when half of the shorter grant is over that can be given again.
pub(crate) fn expiry(holder: &holder::Facts, lease: Option<&credential::Facts>) -> Option<Expiry> {
    let of_holder = (holder.last_renewal.unwrap_or(holder.issue_time), holder.expire_time, holder.renewable);
    let of_lease =
        lease.map(|lease| (lease.last_renewal.unwrap_or(lease.issue_time), lease.expire_time, lease.renewable));
    let grants: Vec<_> = [Some(of_holder), of_lease]
        .into_iter()
        .flatten()
        .filter_map(|(from, to, renewable)| Some((from, to?, renewable)))
        .collect();
    let at = grants.iter().map(|(_, to, _)| *to).min()?;
    let half = |(from, to, _): &(Timestamp, Timestamp, bool)| from.checked_add(to.duration_since(*from) / 2).ok();
    let renew_at = grants.iter().filter(|(_, _, renewable)| *renewable).filter_map(half).min();
    Some(Expiry { at, renew_at })
}

fn ended(lease_id: &str) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        MINT,
        format!("the new lease {lease_id} has ended already: run `pulumi up` again [KR-VAULT-096]"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn holder(ends_after: Option<SignedDuration>, renewed_after: Option<SignedDuration>) -> holder::Facts {
        let at = |after: SignedDuration| START + after;
        let facts = serde_json::json!({
            "issue_time": START,
            "last_renewal": renewed_after.map(at),
            "expire_time": ends_after.map(at),
            "renewable": true,
        });
        serde_json::from_value(facts).unwrap()
    }

    fn lease(ends_after: SignedDuration, renewable: bool) -> credential::Facts {
        let facts = serde_json::json!({"issue_time": START, "expire_time": START + ends_after, "renewable": renewable});
        serde_json::from_value(facts).unwrap()
    }

    #[test]
    fn the_earlier_end_counts_and_the_half_that_is_over_first() {
        let both = expiry(&holder(Some(HOUR * 10), None), Some(&lease(HOUR * 4, true))).unwrap();
        assert_eq!((both.at, both.renew_at), (START + HOUR * 4, Some(START + HOUR * 2)));
        let both = expiry(&holder(Some(HOUR * 10), Some(HOUR * 6)), Some(&lease(HOUR * 40, true))).unwrap();
        assert_eq!((both.at, both.renew_at), (START + HOUR * 10, Some(START + HOUR * 8)));
    }

    #[test]
    fn what_cannot_be_renewed_is_not() {
        let both = expiry(&holder(None, None), Some(&lease(HOUR * 4, false))).unwrap();
        assert_eq!((both.at, both.renew_at), (START + HOUR * 4, None));
        assert_eq!(expiry(&holder(None, None), None), None);
    }
}
