//! A program in Python that delivers an AWS key and a Confluent key to AWS Secrets Manager.

use std::fs;

use anyhow::{Context, Result, ensure};
use engine::Python;
use engine::delivery::DeliveryScene;
use serde_json::json;

/// One delivery is written with classes, the other one with dictionaries.
const PROGRAM: &str = r#"
import os

import pulumi
import pulumi_keyrotation as keyrotation
from pulumi_keyrotation import aws, confluent

keepers = {"release": os.environ["RELEASE"]}
key = aws.RotatingApiKey(
    "key",
    user="deployer",
    keepers=keepers,
    deliveries=[
        keyrotation.DeliveryArgs(
            aws_secrets_manager=keyrotation.AwsSecretsManagerDeliveryArgs(
                secret_id="ci/aws",
                fields={"accessKeyId": "AWS_ACCESS_KEY_ID", "secretAccessKey": "AWS_SECRET_ACCESS_KEY"},
                extra={"AWS_REGION": "eu-central-1"},
            ),
        ),
    ],
)
kafka = confluent.RotatingApiKey(
    "kafka",
    owner={"id": os.environ["OWNER"]},
    managed_resource={"id": os.environ["CLUSTER"], "environment": {"id": os.environ["ENVIRONMENT"]}},
    keepers=keepers,
    deliveries=[{"aws_secrets_manager": {"secret_id": "ci/confluent", "create": {"tags": {"team": "ci"}}}}],
    opts=pulumi.ResourceOptions(depends_on=[key]),
)
pulumi.export("version", key.delivery_status[0].version_id)
pulumi.export("stage", kafka.delivery_status.apply(lambda status: status[0].stage))
"#;

#[test]
fn a_program_in_python_delivers_an_aws_key_and_a_confluent_key() -> Result<()> {
    let python = Python::with_sdk()?;
    let place = DeliveryScene::start()?;
    let work = &place.scene.work;
    python.lead(work);
    for (name, value) in place.confluent_names() {
        work.set(name, &value);
    }
    work.write_program(&json!({ "name": "engine-test", "runtime": "python" }))?;
    fs::write(work.project().join("__main__.py"), PROGRAM).context("cannot write the program")?;
    let mut keys = Vec::new();
    for (release, generation) in [("1", 1), ("2", 2)] {
        work.set("RELEASE", release);
        work.preview()?.expect_success()?;
        place.up()?;
        keys.push(place.expect_delivered(generation)?);
        let version =
            place.aws().secret("ci/aws").and_then(|secret| secret.version_of("AWSCURRENT").map(str::to_owned));
        ensure!(work.output("version")? == version && work.output("stage")?.as_deref() == Some("current"));
        work.expect_quiet()?;
        place.scene.wait_hours(1)?;
    }
    ensure!(keys[0] != keys[1] && place.scene.cloud.works(&keys[0][0]), "the old key ended before its overlap");
    place.scene.wait_hours(26)?;
    place.up()?;
    ensure!(place.expect_delivered(2)? == keys[1] && !place.scene.cloud.works(&keys[0][0]));
    place.scene.expect_clean()?;
    place.expect_destroyed()
}
