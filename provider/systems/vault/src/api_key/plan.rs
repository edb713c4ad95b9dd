//! What is to be written next, and whether it may be: nothing is written that would push out a version in use or end before its time.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rotation::{Error, ErrorKind, KeyStatus, MintOrder, format_duration};
use serde::Serialize;

use super::args::ApiKeyArgs;
use super::fields::{Fields, Part};
use super::issuer::{KvIssuer, MINT, id, open};
use super::limits::{Level, Limits};
use super::memory::{Plan, Seen};
use super::value::print;

#[derive(Serialize)]
pub(super) struct Write<'a> {
    options: Options,
    data: BTreeMap<&'a str, Part<'a>>,
}

#[derive(Serialize)]
struct Options {
    cas: u64,
}

impl KvIssuer {
    pub(super) async fn plan(&self, order: &MintOrder) -> Result<Plan, Error> {
        let seen = self.seen().await?;
        self.must_push_out_nothing(&seen).await?;
        if let Some(life) = order.life {
            self.must_last(&seen, life).await?;
        }
        let carried = self.carried(&seen).await?;
        let value = self.args.shape().generate()?;
        let plan = Plan { after: seen.current, value, carried };
        self.memory().planned = Some((id(plan.after + 1), print(&order.nonce, open(&plan.value))));
        Ok(plan)
    }

    /// What the newest version that can be read holds beside the value.
    async fn carried(&self, seen: &Seen) -> Result<Fields, Error> {
        let mut readable = seen.versions.iter().filter(|(_, version)| version.status == KeyStatus::Active);
        let Some((newest, _)) = readable.next_back() else { return Ok(Fields::default()) };
        let fields = self.path().fields(*newest, false).await?.unwrap_or_default();
        let former = self.memory().former.clone();
        Ok(fields.carried(&self.args, &former))
    }

    /// A write pushes out the versions beyond those that are kept, whatever they are.
    async fn must_push_out_nothing(&self, seen: &Seen) -> Result<(), Error> {
        let Some(oldest) = seen.in_use.first() else { return Ok(()) };
        let own =
            Limits { max_versions: self.args.max_versions.map_or(seen.limits.max_versions, u64::from), ..seen.limits };
        let keeps = |most: u64| oldest + most > seen.current + 1;
        if keeps(own.max_versions) {
            return Ok(());
        }
        let most = own.versions(&self.path().limits_of_mount().await?);
        if keeps(most) {
            return Ok(());
        }
        let path = &self.args.path;
        let message = format!(
            "the path {path:?} keeps {most} versions, and another one would push out version {oldest}, which is still in use: raise maxVersions, or run `pulumi up` again once the overlap is over [KR-VAULT-018]"
        );
        Err(Error::new(ErrorKind::LimitReached, MINT, message))
    }

    /// A version that the server deletes before its time serves nobody. Who may not read what the mount says learns it from the
    /// answer to the write.
    async fn must_last(&self, seen: &Seen, life: SignedDuration) -> Result<(), Error> {
        let mount = match self.path().limits_of_mount().await {
            Err(error) if error.kind == ErrorKind::Denied => return Ok(()),
            limits => limits?,
        };
        match seen.limits.deletes_after(&mount) {
            Some((after, level)) if after < life => Err(self.ends_early(after, Some(level), life)),
            _ => Ok(()),
        }
    }

    pub(super) fn ends_early(&self, after: SignedDuration, level: Option<Level>, life: SignedDuration) -> Error {
        let ApiKeyArgs { mount, path, .. } = &self.args;
        let (after, life) = (format_duration(after), format_duration(life));
        let seconds = "SECONDS";
        let of_path = format!("`vault kv metadata put -mount={mount} -delete-version-after={seconds}s {path}`");
        let of_mount = format!("`vault write {mount}/config delete_version_after={seconds}s`");
        let (whose, how) = match level {
            Some(Level::Path) => (format!("the path {path:?} (`path`)"), of_path),
            Some(Level::Mount) => (format!("the mount {mount:?} (`mount`)"), of_mount),
            None => (format!("the path {path:?} or its mount {mount:?}"), format!("{of_path} or {of_mount}")),
        };
        let message = format!(
            "the server deletes each version {after} after it is written, because {whose} says so (delete_version_after), and a key has to work for {life} (rotationPeriod, twice the overlap and a margin): raise that with {how}, or shorten rotationPeriod and overlap. No key was made [KR-VAULT-019]"
        );
        Error::new(ErrorKind::Invalid, MINT, message)
    }

    pub(super) fn body<'a>(&'a self, plan: &'a Plan) -> Result<Write<'a>, Error> {
        let mut data = plan.carried.parts()?;
        data.extend(self.args.data.iter().flatten().map(|(name, text)| (name.as_str(), Part::Text(text))));
        data.insert(self.args.field(), Part::Text(open(&plan.value)));
        Ok(Write { options: Options { cas: plan.after }, data })
    }
}
