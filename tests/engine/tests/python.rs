//! What only a Python program can show: providers of its own, configured by a class and by a dictionary; inputs as
//! dictionaries; functions.

use std::fs;

use anyhow::{Context, Result, ensure};
use engine::{Python, Scene, USER};
use serde_json::json;

const PROGRAM: &str = r#"
import os

import pulumi
from pulumi_keyrotation import Provider, aws

own = Provider(
    "own",
    aws=aws.ConfigArgs(
        region="us-east-1",
        access_key=os.environ["OWN_KEY"],
        secret_key=os.environ["OWN_SECRET"],
        endpoints=aws.EndpointsArgs(iam=os.environ["OWN_ENDPOINT"], sts=os.environ["OWN_ENDPOINT"]),
    ),
)
dictionary = Provider(
    "dictionary",
    aws={
        "region": "us-east-1",
        "access_key": os.environ["OWN_KEY"],
        "secret_key": os.environ["OWN_SECRET"],
        "endpoints": {"iam": os.environ["OWN_ENDPOINT"], "sts": os.environ["OWN_ENDPOINT"]},
    },
)
key = aws.RotatingApiKey(
    "key",
    user="deployer",
    keepers={"release": "1"},
    verification={"successes": 1},
    opts=pulumi.ResourceOptions(provider=dictionary),
)
listed = aws.list_keys_output(user=key.user, opts=pulumi.InvokeOutputOptions(provider=own))
pulumi.export("accessKeyId", key.access_key_id)
pulumi.export("successes", key.verification.apply(lambda it: str(it.successes)))
pulumi.export("listed", listed.keys.apply(lambda keys: ",".join(key.id for key in keys)))
"#;

#[test]
fn a_programs_own_providers_are_used_and_their_secret_is_nowhere() -> Result<()> {
    let python = Python::with_sdk()?;
    let scene = Scene::without_environment()?;
    python.lead(&scene.work);
    scene.work.write_program(&json!({ "name": "engine-test", "runtime": "python" }))?;
    fs::write(scene.work.project().join("__main__.py"), PROGRAM).context("cannot write the program")?;
    let administrator = scene.cloud.administrator();
    scene.work.set("OWN_KEY", &administrator.access_key_id);
    scene.work.set("OWN_SECRET", &administrator.secret_access_key);
    scene.work.set("OWN_ENDPOINT", &scene.cloud.endpoint());

    scene.up()?;
    let known = scene.expect_known()?;
    scene.wait_hours(1)?;
    scene.up()?;
    ensure!(scene.expect_known()? == known, "a second run changed the key");
    for (output, value) in [("accessKeyId", &*known.current), ("successes", "1"), ("listed", &*known.current)] {
        let shown = scene.work.output(output)?;
        ensure!(shown.as_deref() == Some(value), "{output} of {USER} is {shown:?}, not {value}");
    }
    scene.work.expect_quiet()?;
    scene.expect_clean()?;
    scene.expect_destroyed()
}
