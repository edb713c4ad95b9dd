//! `pulumi do` calls what the plugin can list, without a program.

use anyhow::{Result, ensure};
use engine::{Scene, TOKEN, USER};

#[test]
fn the_keys_of_a_user_are_listed_and_audited() -> Result<()> {
    let scene = Scene::start()?;
    scene.up()?;
    let known = scene.expect_known()?;
    let package = std::env::var("KEYROTATION_PLUGIN")?;
    let ask = |words: &[&str]| -> Result<String> {
        let arguments = [&["do", "--package", package.as_str()], words, &["--user", USER]].concat();
        Ok(scene.work.run(&arguments)?.expect_success()?.text)
    };
    let listed = ask(&[TOKEN, "list"])?;
    ensure!(listed.contains(&format!("{USER}/{}", known.current)), "the key is not listed:\n{listed}");
    let audit = ask(&["keyrotation:aws:listKeys"])?;
    ensure!(audit.contains(&known.current) && audit.contains("managedBy"), "the audit does not tell:\n{audit}");
    scene.expect_clean()?;
    scene.expect_destroyed()
}
