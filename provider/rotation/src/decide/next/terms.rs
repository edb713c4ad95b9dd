//! The words of a decision: what it looks at, what it may say, and why.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::decide::World;
use crate::time::{later, margin, seconds};
use crate::{
    Capability, Cause, Key, KeyId, LifetimeRules, OwnerId, Phase, Retirement, RotationArgs, Schedule, Target, Trigger,
    Verification, WhenQuotaReached,
};

/// Everything that a decision may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// State and system, as far as this run knows.
    pub world: &'a World,
    /// The state that the run must reach.
    pub want: &'a Want,
    /// What the system can do.
    pub capability: &'a Capability,
    /// The key that the plugin itself works with, if it may stand on this principal.
    pub configured: Option<&'a KeyId>,
    /// The present instant.
    pub now: Timestamp,
}

impl View<'_> {
    /// When a key is promoted, by the system's clock, in whole seconds that are not before its verification.
    pub(crate) fn promotion_time(&self) -> Timestamp {
        let now = self.world.observed.now(self.now);
        later(seconds(now), SignedDuration::from_secs(i64::from(now.subsec_nanosecond() > 0)))
    }
}

/// What is to be.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one in a run")]
pub enum Want {
    /// A current key that answers the goal.
    Current(Goal),
    /// Nothing of ours.
    Gone,
}

/// What the current key must answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What it must have been minted for.
    pub trigger: Trigger,
    /// How long a superseded key keeps working.
    pub overlap: SignedDuration,
    /// How a new key is proven before it is promoted; none: it is not.
    pub verification: Option<Verification>,
    /// What must be true before a superseded key is removed.
    pub retirement: Retirement,
    /// What the schedule lets happen to superseded keys.
    pub phase: Phase,
    /// What happens at a quota that one of our own keys fills.
    pub when_quota_reached: WhenQuotaReached,
    /// The lifetime rules for keys that expire.
    pub lasting: Box<LifetimeRules>,
    /// The stores that receive each generation, in the order of the inputs.
    pub deliveries: Vec<Target>,
    /// The stores that give secrets back, wanted or not, each in the shapes in which it may hold some.
    pub readers: Vec<Target>,
    /// Whether the state keeps secrets that a store holds.
    pub keeps_secret: bool,
}

impl Goal {
    /// What these inputs ask of the resource with this instance nonce.
    pub fn new(instance: &str, args: &RotationArgs, schedule: &Schedule) -> Self {
        Self {
            trigger: Trigger::new(instance, &args.keepers, schedule),
            overlap: args.overlap,
            verification: args.verification,
            retirement: args.retirement,
            phase: schedule.phase,
            when_quota_reached: args.when_quota_reached,
            lasting: Box::new(LifetimeRules {
                life: args.life(),
                lead: args.lead(),
                margin: margin(args),
                reading: schedule.reading,
            }),
            deliveries: Vec::new(),
            readers: Vec::new(),
            keeps_secret: true,
        }
    }

    /// The same, with stores that receive each generation.
    #[must_use]
    pub fn delivering(self, deliveries: Vec<Target>) -> Self {
        Self { deliveries, ..self }
    }

    /// The same, with stores that may give secrets back.
    #[must_use]
    pub fn reading(self, stores: Vec<Target>) -> Self {
        let readers = stores.into_iter().filter(|store| store.keeps_secrets).collect();
        Self { readers, ..self }
    }

    /// The same, where the state keeps no secret that a store holds, or does.
    #[must_use]
    pub fn keeping_secret(self, keeps_secret: bool) -> Self {
        Self { keeps_secret, ..self }
    }

    /// Whether this key is what is wanted. Check counts from `rotatedAt`, which is earlier than the key by the margin at most: a window
    /// that it lets ask is not answered by such a key.
    pub(crate) fn is_answered_by(&self, key: &Key) -> bool {
        let young = self.overlap.saturating_sub(self.lasting.margin).max(SignedDuration::ZERO);
        key.answers(&self.trigger, young)
    }
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing is left to do.
    Idle,
    /// This, and then ask again.
    Do {
        /// The act.
        step: Step,
        /// Why.
        cause: Cause,
    },
    /// Nothing can be done until a person or time helps.
    Blocked(Blocked),
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Wait until the system's lists can be believed, and list again.
    Settle(Timestamp),
    /// Ask when a key was last used.
    Inspect(KeyId),
    /// Note that a key is gone; no call.
    Forget(KeyId),
    /// Remove a key that must not live.
    Discard(KeyId),
    /// Remove a key because its place is needed.
    MakeRoom(KeyId),
    /// Mark the pending key as unrecorded: the state is older than reality, so the key may be in use. Makes no call.
    Disown(KeyId),
    /// Make the pending key current although another one is wanted: the mark calls it promoted, so somebody may use it; no call.
    Complete(KeyId),
    /// Write the claim, and look whether somebody else writes one too.
    Claim,
    /// Make the key.
    Mint,
    /// Write the new key's id into the ledger.
    Record,
    /// Try the new key until it is accepted often enough.
    Verify,
    /// Stage a key in a store, whose consumers do not read it yet.
    Publish(Target, KeyId),
    /// Let a store's consumers read the key that was staged there.
    PromoteIn(Target, KeyId),
    /// Read a key that the state does not contain, and that a store's consumers read, from that store.
    ReadBack(Target, KeyId),
    /// Read the secret of a key of the state from this version in a store.
    Recall(Target, String, KeyId),
    /// Note that no store gives back the secret of a key; no call.
    LoseSecret(KeyId),
    /// Take a staged key that must not live out of a store.
    Unstage(Target, KeyId),
    /// Take everything that this resource delivered out of a store.
    Withdraw(Target),
    /// Write the ledger as the state calls for, with no open claim.
    Close,
    /// Ask for more time for a key that would end too early.
    Renew(KeyId),
    /// Disable a superseded key whose overlap is over.
    Disable(KeyId),
    /// Withdraw a key from the published key set. Makes no call; a later run deletes the key.
    Unlist(KeyId),
    /// Remove a superseded or revoked key.
    Retire(KeyId),
    /// Remove the mark that this instance left under a former URN.
    DropFormer(OwnerId),
    /// Remove the ledger.
    DropLedger,
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocked {
    /// The quota is used up by keys that may not be removed.
    QuotaFull {
        /// The quota.
        quota: usize,
        /// The keys, with age and status.
        keys: Vec<String>,
    },
    /// Another resource is making a key on the same principal.
    Claimed {
        /// Its name.
        by: String,
    },
    /// Another resource has keys on the same principal.
    Managed {
        /// Its name.
        by: String,
        /// The hash in its mark.
        hash: String,
    },
    /// A store cannot take the key.
    Store {
        /// Its name.
        store: String,
        /// Why, and what to do.
        why: String,
    },
    /// The key to be deleted is the one that the plugin works with.
    Configured(KeyId),
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaFull { quota, keys } => {
                write!(
                    f,
                    "it has reached its quota of {quota} keys and none can be deleted safely: {}. Delete one that is not the current key and that nobody uses, then run `pulumi up` again [KR-ROTATION-034]",
                    keys.join("; ")
                )
            }
            Self::Claimed { by } => {
                write!(
                    f,
                    "another resource ({by}) is creating a key on it now. Let only one resource manage it, or run `pulumi up` again once the other is done [KR-ROTATION-035]"
                )
            }
            Self::Managed { by, hash } => {
                write!(
                    f,
                    "another resource ({by}) already manages its keys, and only one may. If that was this resource's former name, give this one an alias; if its state is lost, its keys may be in use: delete its mark {hash} only, and import the key in use [KR-ROTATION-036]"
                )
            }
            Self::Store { store, why } => write!(f, "its key cannot be delivered to {store}: {why}"),
            Self::Configured(key) => {
                write!(
                    f,
                    "{key} is the key that the plugin itself is configured with, so it is not deleted. Set other credentials and run `pulumi up` first, or use `pulumi destroy --run-program`: refresh and destroy use the provider configuration in the state [KR-ROTATION-037]"
                )
            }
        }
    }
}
