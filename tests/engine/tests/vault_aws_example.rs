//! The program in examples/vault-python with its half for AWS, on the HashiCorp Vault that `VAULT_BIN` names, with the stand-in of AWS
//! behind it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use engine::{Cloud, Credentials, Moment, PlatformScene, Python, named, run_trials};
use vault_servers::Program;

/// The IAM user for Vault alone.
const VAULT: &str = "vault";
const ADMINISTRATOR: &str = "admin";
/// The resource that reads IAM users.
const AWS_USER: &str = "aws-user";

fn main() {
    run_trials("", &[Program::Vault, Program::Postgres], named![vault_python_lives_with_its_half_for_aws]);
}

fn vault_python_lives_with_its_half_for_aws() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/vault-python");
    let python = Python::with_sdk()?;
    let stage = PlatformScene::of_program(&folder, Program::Vault)?;
    python.lead(&stage.vault.work);
    let mut aws = Aws::follow(&stage)?;
    stage.vault.work.run(&["config", "set", "aws", "true"])?.expect_success()?;
    stage.live(|moment| aws.look(moment))
}

/// The half for AWS, and what was seen of it.
struct Aws<'a> {
    stage: &'a PlatformScene,
    cloud: Cloud,
    /// The key that a person gave the engine.
    first: Credentials,
    /// The engine's key after the one rotation, and when that was.
    root: Option<(String, String)>,
    /// The keys of the IAM users that the resource gave, in order.
    given: Vec<Credentials>,
}

impl<'a> Aws<'a> {
    /// Does what the README says about AWS. The plugin has an administrator's credentials there, in its environment.
    fn follow(stage: &'a PlatformScene) -> Result<Self> {
        // An engine signs by real time, whatever the plugin's clock shows.
        let cloud = Cloud::start_in_real_time()?;
        cloud.add_user(VAULT)?;
        let first = cloud.add_key(VAULT)?;
        let variables = [
            ("AWS_ACCESS_KEY_ID", first.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", first.secret_access_key.clone()),
            ("ENDPOINT", cloud.endpoint()),
        ];
        stage.follow(&at_endpoint(stage.commands("AWS", 1)?)?, &variables, &[])?;
        for (name, value) in cloud.environment() {
            stage.vault.work.set(name, &value);
        }
        for known in [&first, &cloud.administrator()] {
            stage.vault.keep_secret(&known.secret_access_key);
        }
        Ok(Self { stage, cloud, first, root: None, given: Vec::new() })
    }

    fn look(&mut self, moment: Moment) -> Result<()> {
        match moment {
            Moment::Made => {
                self.expect_first_rotation()?;
                self.expect_another()?;
                let shown = self.stage.vault.work.output("awsUser")?;
                ensure!(shown.as_deref() == Some("[secret]"), "awsUser is shown, or there is none");
                self.expect_users(&self.given)?;
            }
            Moment::Released | Moment::AWeekLater => {
                self.expect_another()?;
                self.expect_users(&self.given[self.given.len() - 2..])?;
            }
            Moment::ADayLater => {
                ensure!(self.given.last() == Some(&self.current()?), "a day later there is another user");
                self.expect_users(&self.given[self.given.len() - 1..])?;
            }
            Moment::Destroyed => self.expect_users(&[])?,
        }
        self.expect_same_root(moment)
    }

    /// The engine has a key that no person knows, after the plugin has asked AWS whose the first one was.
    fn expect_first_rotation(&mut self) -> Result<()> {
        for question in ["GetAccessKeyLastUsed", "ListUserTags"] {
            let asked = self.cloud.count(question);
            ensure!(asked == 1, "AWS answered the plugin's {question} {asked} times");
        }
        let root = self.stage.vault.admin().get("aws/config/root")?["data"]["access_key"].clone();
        let root = root.as_str().context("the engine tells no access key")?;
        ensure!(root != self.first.access_key_id, "the engine works with the key that it was set up with");
        let rotated_at =
            self.stage.vault.work.output("awsRootRotatedAt")?.context("no rotation of the key is shown")?;
        self.root = Some((root.to_owned(), rotated_at));
        Ok(())
    }

    /// The engine has made one key for itself, which is the only one of its user.
    fn expect_same_root(&self, moment: Moment) -> Result<()> {
        let (root, rotated_at) = self.root.as_ref().context("nothing was made")?;
        let keys = self.cloud.key_ids(VAULT);
        ensure!(keys == [root.as_str()] && self.cloud.works(root), "{VAULT} has the keys {keys:?}, not {root} alone");
        let calls = self.cloud.calls();
        let done =
            calls.iter().filter(|call| call.action == "CreateAccessKey" && call.outcome.as_deref() == Some("OK"));
        let made = done.filter(|call| call.principal.as_deref() == Some(VAULT)).count();
        ensure!(made == 1, "the engine has made {made} keys for itself");
        if moment != Moment::Destroyed {
            let shown = self.stage.vault.work.output("awsRootRotatedAt")?;
            ensure!(shown.as_ref() == Some(rotated_at), "the key was rotated once more");
        }
        Ok(())
    }

    /// The resource gives a key that it has not given before.
    fn expect_another(&mut self) -> Result<()> {
        let current = self.current()?;
        ensure!(!self.given.contains(&current), "there is no other user");
        self.given.push(current);
        Ok(())
    }

    /// What the resource gives now.
    fn current(&self) -> Result<Credentials> {
        let state = self.stage.vault.work.state()?;
        let text = |path| state.text_of(AWS_USER, path);
        Ok(Credentials { access_key_id: text("/data/access_key")?, secret_access_key: text("/data/secret_key")? })
    }

    /// These are the keys of all IAM users that the engine has made, each of a user of its own, and AWS accepts them.
    fn expect_users(&self, keys: &[Credentials]) -> Result<()> {
        let users = self.cloud.users().into_iter().filter(|user| ![VAULT, ADMINISTRATOR].contains(&user.name.as_str()));
        let mut known: Vec<Vec<String>> = users.map(|user| user.keys.into_iter().map(|key| key.id).collect()).collect();
        let mut wanted: Vec<Vec<String>> = keys.iter().map(|key| vec![key.access_key_id.clone()]).collect();
        known.sort();
        wanted.sort();
        ensure!(known == wanted, "the users have the keys {known:?}, not {wanted:?}");
        keys.iter().try_for_each(|key| self.cloud.expect_works(&key.access_key_id, &key.secret_access_key))
    }
}

/// The README's commands, with the stand-in's address in the one that tells the engine its key: AWS's own it knows by itself.
fn at_endpoint(commands: &str) -> Result<String> {
    let mut told = commands.lines().filter(|line| line.starts_with("vault write aws/config/root "));
    let (Some(line), None) = (told.next(), told.next()) else {
        bail!("not one line of the README tells the engine its key: {commands}");
    };
    ensure!(!line.ends_with('\\'), "the command goes on in the next line: {line}");
    Ok(commands.replace(line, &format!("{line} iam_endpoint=\"$ENDPOINT\" sts_endpoint=\"$ENDPOINT\"")))
}
