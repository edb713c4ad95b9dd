//! Keys that are delivered to stores of OCI and Vault, with the real engine and a real OpenBao.

use anyhow::{Context, Result, anyhow, ensure};
use engine::stores::{PATH, SECRET, StoresScene};
use engine::{Fault, Prove, Rule, Secrets, named, run_trials};
use serde_json::json;
use vault_servers::Program;

fn main() {
    let trials: &[(&str, Prove)] = named![
        an_oci_key_and_a_confluent_key_live_in_an_oci_vault_and_a_kv_path,
        values_put_by_hand_into_both_stores_are_drift_and_get_the_keys_again,
        one_key_goes_to_kv_and_oci_and_one_store_fails_for_a_run,
        secrets_that_are_left_to_an_oci_vault_and_a_kv_path_are_nowhere_at_rest,
        wrong_deliveries_are_refused_by_their_properties,
    ];
    run_trials("", &[Program::OpenBao], trials);
}

fn an_oci_key_and_a_confluent_key_live_in_an_oci_vault_and_a_kv_path() -> Result<()> {
    let place = StoresScene::start()?;
    let work = &place.scene.work;
    let to_both = || [json!([place.to_oci()]), json!([place.to_kv()])];
    place.declare("1", to_both())?;
    work.preview()?.expect_success()?;
    ensure!(place.scene.cloud.calls().is_empty() && place.metadata()?.is_null(), "a preview called somebody");

    place.up()?;
    let first = place.expect_delivered(1)?;
    let before = place.scene.cloud.calls().len();
    work.expect_quiet()?;
    ensure!(place.scene.cloud.calls().len() == before, "a run with nothing to do called somebody");
    work.expect_no_drift()?;
    ensure!(place.metadata()?["custom_metadata"]["team"] == "ci" && place.metadata()?["max_versions"] == 5);

    place.declare("2", to_both())?;
    let preview = work.preview()?.expect_success()?;
    let preview = preview.expect_text("will be delivered to the OCI Vault secret")?;
    let preview = preview.expect_text("will be delivered to the KV path")?;
    ensure!(!preview.text.contains("replace"), "a rotation is shown as a replacement:\n{}", preview.text);
    ensure!(place.consume()? == first, "a preview delivered something");
    place.up()?;
    let second = place.expect_delivered(2)?;
    ensure!(first[0] != second[0] && first[1] != second[1], "nothing was rotated");
    let version = work.run(&["stack", "output", "inKv"])?.expect_success()?.text;
    ensure!(version.trim() == "2", "a program sees version {version}");
    work.expect_quiet()?;

    place.scene.wait_hours(26)?;
    place.up()?;
    ensure!(place.expect_delivered(2)? == second, "a retirement changed what consumers read");
    work.expect_quiet()?;
    work.expect_no_drift()?;
    place.scene.expect_clean()?;
    place.expect_destroyed()
}

fn values_put_by_hand_into_both_stores_are_drift_and_get_the_keys_again() -> Result<()> {
    let place = StoresScene::start()?;
    let work = &place.scene.work;
    place.declare("1", [json!([place.to_oci()]), json!([place.to_kv()])])?;
    place.up()?;
    let ids = place.expect_delivered(1)?;
    place.oci().edit_vault_secret(SECRET, "{}").map_err(|refusal| anyhow!("{refusal}"))?;
    let by_hand = json!({ "options": { "cas": 1 }, "data": { "apiKey": "by hand" } });
    place.admin().post(&format!("secret/data/{PATH}"), &by_hand)?;
    work.expect_quiet()?;
    work.run(&["refresh", "--yes", "--parallel", "1"])?.expect_success()?;
    for name in ["key", "kafka"] {
        let stage = work.state()?.output_of(name, "/deliveryStatus/0/stage")?;
        ensure!(stage == "drifted", "{name}: the refresh did not see it: {stage}");
    }
    place.up()?;
    ensure!(place.expect_delivered(1)? == ids, "a key was made for that");
    work.expect_quiet()?;
    place.scene.expect_clean()?;
    place.scene.work.run(&["destroy", "--yes", "--parallel", "1"])?.expect_success()?;
    ensure!(place.metadata()?.is_null());
    Ok(())
}

fn one_key_goes_to_kv_and_oci_and_one_store_fails_for_a_run() -> Result<()> {
    let place = StoresScene::start()?;
    let fields = json!({ "apiKey": "apiKey", "apiSecret": "apiSecret" });
    let mut to_oci = place.to_oci();
    to_oci["ociVault"]["fields"] = fields;
    let to_both = || [json!([]), json!([place.to_kv(), to_oci])];
    let both = || -> Result<String> {
        let mut ids = Vec::new();
        for read in [place.read_kv()?, place.read_oci()?] {
            let text = |name: &str| read[name].as_str().unwrap_or_default().to_owned();
            place.scene.keep_secret(&text("apiSecret"));
            let is_right = place.scene.cloud.confluent().secret_is_right(&text("apiKey"), &text("apiSecret"));
            ensure!(is_right, "consumers read no working key: {}", text("apiKey"));
            ids.push(text("apiKey"));
        }
        Ok(ids.join(" "))
    };
    place.declare("1", to_both())?;
    place.up()?;
    let first = both()?;
    place.declare("2", to_both())?;
    // The key is staged in both, then current in the first, before the second refuses.
    let refused = Fault::error_before(404, "NotAuthorizedOrNotFound");
    place.scene.cloud.fault(Rule::new(refused).on("UpdateSecret").nth(2));
    let text = place.scene.work.run(&["up", "--yes", "--parallel", "1"])?.expect_failure()?.text;
    for part in ["SECRET_UPDATE", SECRET, "deliveries[1]"] {
        ensure!(text.contains(part), "the failure does not name {part}:\n{text}");
    }
    let between = both()?;
    ensure!(between != first && between.split(' ').next() != between.split(' ').nth(1), "{first} and {between}");
    place.up()?;
    let second = both()?;
    ensure!(second.split(' ').next() == second.split(' ').nth(1) && second != first, "{second}");
    ensure!(place.scene.cloud.count("CreateApiKey") == 2, "a key was made too many");
    place.scene.work.expect_quiet()?;
    place.scene.expect_clean()?;
    place.scene.work.run(&["destroy", "--yes", "--parallel", "1"])?.expect_success()?;
    place.expect_given_back()
}

fn secrets_that_are_left_to_an_oci_vault_and_a_kv_path_are_nowhere_at_rest() -> Result<()> {
    let place = StoresScene::start()?;
    let (work, mut secrets) = (&place.scene.work, Secrets::default());
    let declare = |release: &str| {
        let mut to_oci = place.to_oci();
        to_oci["ociVault"]["fields"]["configProfile"] = json!("profile");
        place.declare(release, [json!([to_oci]), json!([place.to_kv()])])?;
        work.edit_program(|program| {
            for name in ["key", "kafka"] {
                program["resources"][name]["properties"]["keepSecretInState"] = json!(false);
            }
        })
    };
    let nothing_is_kept = |secrets: &Secrets| -> Result<()> {
        let (places, opened) = work.holders(secrets)?;
        ensure!(places.is_empty() && opened > 0, "secrets are at rest in {places:?}, of {opened} values");
        Ok(())
    };
    let mut before = None;
    for (release, generation) in [("1", 1), ("2", 2)] {
        declare(release)?;
        place.up()?;
        let ids = place.expect_delivered(generation)?;
        ensure!(before.as_ref() != Some(&ids), "nothing was rotated");
        for (read, name) in [(place.read_oci()?, "key"), (place.read_kv()?, "apiSecret")] {
            secrets.add(read[name].as_str().with_context(|| format!("consumers read no {name}"))?);
        }
        nothing_is_kept(&secrets)?;
        work.expect_quiet()?;
        before = Some(ids);
    }
    place.scene.wait_hours(26)?;
    place.up()?;
    ensure!(Some(place.expect_delivered(2)?) == before, "a retirement changed what consumers read");
    work.expect_no_drift()?;
    nothing_is_kept(&secrets)?;
    place.scene.expect_clean()?;
    place.expect_destroyed()?;
    nothing_is_kept(&secrets)
}

fn wrong_deliveries_are_refused_by_their_properties() -> Result<()> {
    let place = StoresScene::start()?;
    let kv = |more: serde_json::Value| {
        let mut delivery = place.to_kv();
        if let (Some(inputs), Some(more)) = (delivery["vaultKv"].as_object_mut(), more.as_object()) {
            inputs.extend(more.clone());
        }
        delivery
    };
    let mut both = place.to_oci();
    both["vaultKv"] = place.to_kv()["vaultKv"].clone();
    let cases = [
        (json!([both]), "deliveries[0]", "exactly one store"),
        (json!([kv(json!({ "path": "a//b" }))]), "deliveries[0].vaultKv.path", "path below the mount"),
        (json!([kv(json!({})), kv(json!({ "mount": "/secret/" }))]), "deliveries[1]", "same store"),
        (
            json!([kv(json!({ "connection": { "address": "https://vault.example:8200" } }))]),
            "deliveries[0].vaultKv.connection.address",
            "not sent to another server",
        ),
        (
            json!([{ "ociVault": { "vaultId": "ocid1.user.oc1..aaaa", "secretName": "x" } }]),
            "deliveries[0].ociVault.vaultId",
            "OCID of a vault",
        ),
        (json!([kv(json!({ "secretId": "x" }))]), "VaultKvDelivery", "Property secretId does not exist"),
    ];
    for (deliveries, property, part) in cases {
        place.declare("1", [json!([]), deliveries])?;
        let text = place.scene.work.run(&["preview"])?.expect_failure()?.text;
        ensure!(text.contains(property) && text.contains(part), "{property} {part}:\n{text}");
    }
    ensure!(place.scene.cloud.calls().is_empty());
    Ok(())
}
