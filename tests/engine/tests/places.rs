//! The wrong place, by the real engine: another account, a web server at the address, a principal that is not there yet, a key of another
//! resource.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use engine::{Cloud, Fault, OciResource, OciScene, Rule, Scene, TOKEN, USER, VaultScene, Workspace, trial};
use libtest_mimic::Arguments;
use serde_json::{Value, json};
use vault_servers::{Program, Vault};

const OTHER: &str = "222222222222";
const SECRET_ID: &str = "keyrotation:vault:RotatingSecretId";

fn main() {
    let trials = vec![
        trial("lesson_b1_another_aws_account_is_refused", &[], other_account),
        trial("lesson_b1_another_vault_cluster_is_refused", &[Program::OpenBao], other_cluster),
        trial("lesson_b1_another_oci_tenancy_is_refused", &[], other_tenancy),
        trial("lesson_b2_a_web_server_is_not_taken_for_aws", &[], web_server_for_aws),
        trial("lesson_b2_a_web_server_is_not_taken_for_vault", &[Program::OpenBao], web_server_for_vault),
        trial("lesson_b3_an_iam_user_that_is_not_there_yet_is_waited_for", &[], user_to_come),
        trial("lesson_b3_an_oci_user_that_is_not_there_yet_is_waited_for", &[], oci_user_to_come),
        trial("lesson_c1_an_iam_key_of_another_stack_is_not_imported", &[], managed_key),
        trial("lesson_c1_an_oci_key_of_another_stack_is_not_imported", &[], managed_oci_key),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn inputs(release: &str) -> Value {
    json!({ "keepers": { "release": release }, "overlap": "1d" })
}

/// Refresh and destroy must fail with these words, and leave the state as it is.
fn expect_refusal(work: &Workspace, token: &str, words: &[&str]) -> Result<()> {
    let before = work.state()?.output(token, "")?;
    for arguments in [["refresh", "--yes", "--skip-preview"], ["destroy", "--yes", "--skip-preview"]] {
        let text = work.run(&arguments)?.expect_failure()?.text;
        for word in words {
            ensure!(text.contains(word), "{arguments:?} does not say {word:?}: {text}");
        }
    }
    ensure!(work.state()?.output(token, "")? == before, "the state has changed");
    Ok(())
}

fn other_account() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs("1"))?;
    scene.up()?;
    let known = scene.expect_known()?;
    let account = scene.work.state()?.output(TOKEN, "/account")?;
    let account = account.as_str().context("no account in the state")?;
    let other = Cloud::start_elsewhere(scene.clock.file(), OTHER)?;
    other.add_user(USER)?;
    scene.keep_secret(&other.administrator().secret_access_key);
    for (name, value) in other.environment() {
        scene.work.set(name, &value);
    }
    expect_refusal(&scene.work, TOKEN, &[account, OTHER, "KEYROTATION_ACCEPT_ACCOUNT"])?;
    // With a user of the same name, a changed keeper would have made a key there.
    scene.declare(inputs("2"))?;
    let text = scene.work.up()?.expect_failure()?.text;
    ensure!(text.contains(OTHER) && other.keys(USER).is_empty(), "{text}");
    for (name, value) in scene.cloud.environment() {
        scene.work.set(name, &value);
    }
    ensure!(scene.expect_known()? == known, "the key has changed");
    scene.expect_destroyed()
}

fn other_cluster() -> Result<()> {
    let scene = VaultScene::start(inputs("1"))?;
    scene.up()?;
    let account = scene.work.state()?.output(engine::KV_TOKEN, "/account")?;
    let account = account.as_str().context("no account in the state")?.to_owned();
    let other = Vault::dev(&Program::OpenBao.find()?)?;
    let own = (scene.endpoint().to_owned(), scene.admin().token().to_owned());
    scene.work.set("VAULT_ADDR", other.endpoint());
    scene.work.set("VAULT_TOKEN", other.admin().token());
    expect_refusal(&scene.work, engine::KV_TOKEN, &[&account, "Vault cluster", "KEYROTATION_ACCEPT_ACCOUNT"])?;
    scene.work.set("VAULT_ADDR", &own.0);
    scene.work.set("VAULT_TOKEN", &own.1);
    scene.work.expect_no_drift()?;
    scene.expect_versions(&["1"], "1")?;
    scene.work.destroy()?.expect_success()?;
    Ok(())
}

fn other_tenancy() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    stage.up()?;
    let known = stage.expect_known(resource)?;
    let own = stage.oci().config();
    let other = Cloud::start_elsewhere(stage.scene.clock.file(), OTHER)?;
    let theirs = other.oci().config();
    let point = |config: &localcloud::oci::Config, endpoint: &str| -> Result<()> {
        let variables = [
            ("OCI_CLI_TENANCY", &config.tenancy),
            ("OCI_CLI_USER", &config.user),
            ("OCI_CLI_FINGERPRINT", &config.fingerprint),
            ("OCI_CLI_KEY_CONTENT", &config.key_content),
        ];
        variables.into_iter().for_each(|(name, value)| stage.scene.work.set(name, value));
        stage.config(&["--path", "keyrotation:oci.endpoints.identity", &format!("{endpoint}/oci/{{region}}")])
    };
    point(&theirs, &other.endpoint())?;
    // A destroy is configured from the state, which names the address of the first; a refresh too, unless it runs the program.
    let text = stage.scene.work.run(&["refresh", "--yes", "--skip-preview", "--run-program"])?.expect_failure()?.text;
    ensure!(text.contains(&own.tenancy) && text.contains(&theirs.tenancy), "{text}");
    point(&own, &stage.scene.cloud.endpoint())?;
    stage.up()?;
    ensure!(stage.expect_known(resource)? == known, "the key has changed");
    stage.expect_destroyed()
}

/// Answers everything with a page of HTML that says 404.
fn web_server() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let body = "<html><body><h1>404 Not Found</h1></body></html>";
            let head = "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\nconnection: close";
            // A client that goes away in the middle has no further wish.
            drop(stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()));
        }
    });
    Ok(address)
}

fn web_server_for_aws() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs("1"))?;
    scene.up()?;
    let address = web_server()?;
    for name in ["AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"] {
        scene.work.set(name, &address);
    }
    expect_refusal(&scene.work, TOKEN, &["404", "keyrotation:aws.endpoints"])?;
    for (name, value) in scene.cloud.environment() {
        scene.work.set(name, &value);
    }
    scene.expect_known()?;
    scene.expect_destroyed()
}

fn web_server_for_vault() -> Result<()> {
    let scene = VaultScene::start(json!({}))?;
    scene.admin().post("sys/auth/approle", &json!({"type": "approle"}))?;
    scene.admin().post("auth/approle/role/payment", &json!({"token_policies": ["default"]}))?;
    let properties = json!({ "mount": "approle", "role": "payment", "keepers": { "release": "1" }, "overlap": "1d" });
    scene.work.write_program(&json!({
        "name": "engine-test",
        "runtime": "yaml",
        "resources": { "secret": { "type": SECRET_ID, "properties": properties } },
    }))?;
    scene.up()?;
    let own = scene.endpoint().to_owned();
    scene.work.set("VAULT_ADDR", &web_server()?);
    expect_refusal(&scene.work, SECRET_ID, &["404", "keyrotation:vault.address"])?;
    scene.work.set("VAULT_ADDR", &format!("{own}/v1"));
    expect_refusal(&scene.work, SECRET_ID, &["VAULT_ADDR", "/v1"])?;
    scene.work.set("VAULT_ADDR", &own);
    scene.work.expect_no_drift()?;
    scene.work.destroy()?.expect_success()?;
    let left = scene.admin().list("auth/approle/role/payment/secret-id").unwrap_or_default();
    ensure!(left.is_empty(), "something is left: {left:?}");
    Ok(())
}

fn user_to_come() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs("1"))?;
    scene.cloud.fault(Rule::new(Fault::error_before(404, "NoSuchEntity")).on("ListAccessKeys").times(3));
    let text = scene.up()?;
    ensure!(text.contains("waiting up to") && text.contains("created just now"), "nobody was told: {text}");
    scene.expect_known()?;
    scene.expect_destroyed()
}

fn oci_user_to_come() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    let missing = Fault::error_before(404, "NotAuthorizedOrNotFound");
    stage.scene.cloud.fault(Rule::new(missing).on("ListApiKeys").times(3));
    let text = stage.scene.up()?;
    ensure!(text.contains("waiting up to") && text.contains("created just now"), "nobody was told: {text}");
    stage.expect_known(resource)?;
    stage.expect_destroyed()
}

/// In another stack, which is then left.
fn expect_no_import(work: &Workspace, token: &str, id: &str, prepare: impl Fn() -> Result<()>) -> Result<()> {
    work.run(&["stack", "init", "thief"])?.expect_success()?;
    work.set("PULUMI_STACK", "thief");
    prepare()?;
    let import = ["import", token, "stolen", id, "--yes", "--generate-code=false", "--protect=false"];
    let text = work.run(&import)?.expect_failure()?.text;
    ensure!(text.contains("dev/engine-test/key") && text.contains("Nothing was imported"), "{text}");
    work.set("PULUMI_STACK", "dev");
    Ok(())
}

fn managed_key() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs("1"))?;
    scene.up()?;
    let known = scene.expect_known()?;
    expect_no_import(&scene.work, TOKEN, &format!("{USER}/{}", known.current), || Ok(()))?;
    ensure!(scene.expect_known()? == known, "the key has changed");
    scene.expect_destroyed()
}

fn managed_oci_key() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    stage.up()?;
    let known = stage.expect_known(resource)?;
    let endpoint = format!("{}/oci/{{region}}", stage.scene.cloud.endpoint());
    let reach = || stage.config(&["--path", "keyrotation:oci.endpoints.identity", &endpoint]);
    expect_no_import(&stage.scene.work, resource.token(), &format!("{}/{}", stage.user, known.current), reach)?;
    ensure!(stage.expect_known(resource)? == known, "the key has changed");
    stage.expect_destroyed()
}
