//! Users that the database engine makes, in databases that they really log in to.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use vault_servers::{Database, Ground, Login, Program, unique};

use super::{Trial, trials};

/// A claim about users of a database.
type OfDatabase = fn(&Ground, &dyn Database) -> Result<()>;

/// Of both databases.
pub(crate) const TRIALS: &[Trial<OfDatabase>] = trials!("", &[] =>
    a_dynamic_user_logs_in_until_it_is_revoked,
    a_rotated_root_is_known_to_the_engine_alone,
    a_static_users_password_turns,
);

pub(crate) const LEASES: &[Trial] =
    trials!("postgres::", &[Program::Postgres] => a_lease_dies_with_the_token_that_read_it);

fn a_dynamic_user_logs_in_until_it_is_revoked(ground: &Ground, database: &dyn Database) -> Result<()> {
    let admin = ground.vault()?.admin();
    let mount = admin.mount("database", &json!({}))?;
    let root = database.superuser()?;
    ensure!(database.lets_in(&root)?, "the superuser is not let in");
    admin.connect(&mount, "main", database, &root)?;
    admin.make_database_role(&mount, "app", database, &json!({"db_name": "main", "default_ttl": "1h"}))?;
    let (one, lease) = admin.database_login(&mount, "app")?;
    let (two, _) = admin.database_login(&mount, "app")?;
    assert!(one.user != two.user && one.password != two.password);
    assert!(database.lets_in(&one)? && database.lets_in(&two)?, "both are let in");
    assert!(!database.lets_in(&Login { password: two.password.clone(), ..one.clone() })?, "a wrong password is not");
    admin.post("sys/leases/revoke", &json!({"lease_id": lease, "sync": true}))?;
    assert!(!database.lets_in(&one)?, "a revoked user is not");
    assert!(database.lets_in(&two)?, "the other one still is");
    Ok(())
}

fn a_rotated_root_is_known_to_the_engine_alone(ground: &Ground, database: &dyn Database) -> Result<()> {
    let admin = ground.vault()?.admin();
    let mount = admin.mount("database", &json!({}))?;
    let root = database.superuser()?;
    admin.connect(&mount, "main", database, &root)?;
    admin.make_database_role(&mount, "app", database, &json!({"db_name": "main"}))?;
    admin.post(&format!("{mount}/rotate-root/main"), &json!({}))?;
    assert!(!database.lets_in(&root)?, "the first password is refused");
    let (user, _) = admin.database_login(&mount, "app")?;
    assert!(database.lets_in(&user)?, "and the engine still makes users");
    assert!(admin.connect(&mount, "main", database, &root).is_err(), "it does not take the first password again");
    Ok(())
}

fn a_static_users_password_turns(ground: &Ground, database: &dyn Database) -> Result<()> {
    let admin = ground.vault()?.admin();
    let mount = admin.mount("database", &json!({}))?;
    admin.connect(&mount, "main", database, &database.superuser()?)?;
    let user = unique("static");
    database.run(&database.create_user(&Login { user: user.clone(), password: "first".to_owned() }))?;
    let settings = json!({"db_name": "main", "username": user, "rotation_period": "24h"});
    admin.post(&format!("{mount}/static-roles/app"), &settings)?;
    let password = || -> Result<Login> {
        let read = admin.get(&format!("{mount}/static-creds/app"))?;
        let password = read["data"]["password"].as_str().unwrap_or_default().to_owned();
        Ok(Login { user: user.clone(), password })
    };
    let one = password()?;
    assert!(database.lets_in(&one)?);
    admin.post(&format!("{mount}/rotate-role/app"), &json!({}))?;
    let two = password()?;
    assert!(one.password != two.password);
    assert!(database.lets_in(&two)? && !database.lets_in(&one)?, "only the new password is taken");
    Ok(())
}

/// The trap that makes an orphan holder token necessary.
fn a_lease_dies_with_the_token_that_read_it(ground: &Ground) -> Result<()> {
    let database: &dyn Database = ground.postgres()?;
    let admin = ground.vault()?.admin();
    let mount = admin.mount("database", &json!({}))?;
    admin.connect(&mount, "main", database, &database.superuser()?)?;
    admin.make_database_role(&mount, "app", database, &json!({"db_name": "main", "default_ttl": "1h"}))?;
    let policy = admin.policy(&format!(r#"path "{mount}/creds/app" {{ capabilities = ["read"] }}"#))?;
    let token = admin.make_token(&json!({"policies": [policy], "ttl": "1h"}))?;
    let (user, _) = admin.with_token(&token.token).database_login(&mount, "app")?;
    assert!(database.lets_in(&user)?);
    admin.post("auth/token/revoke-accessor", &json!({"accessor": token.accessor}))?;
    for _ in 0..100 {
        if !database.lets_in(&user)? {
            return Ok(());
        }
        sleep(Duration::from_millis(50));
    }
    anyhow::bail!("the user is still let in")
}
