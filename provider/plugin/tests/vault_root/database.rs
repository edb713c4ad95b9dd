//! A database that counts how often a password is changed, and the two secrets that Vault's database engine keeps of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use vault_servers::{Admin, Database, Ground, Login, Program, unique};

use crate::stack::Stack;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    Postgres,
    MariaDb,
}

/// Which secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connection,
    StaticRole,
}

impl Make {
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::MariaDb];

    pub(crate) fn needs(self) -> &'static [Program] {
        match self {
            Self::Postgres => &[Program::Postgres],
            Self::MariaDb => &[Program::MariaDb],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }

    fn start(self, ground: &Ground) -> &dyn Database {
        match self {
            Self::Postgres => ground.postgres().unwrap(),
            Self::MariaDb => ground.mariadb().unwrap(),
        }
    }

    fn user(self, name: &str) -> String {
        match self {
            Self::Postgres => format!("CREATE ROLE \"{name}\" LOGIN PASSWORD 'first'"),
            Self::MariaDb => format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'first'"),
        }
    }

    /// Where it counts.
    fn table(self, mount: &str) -> String {
        let name = mount.replace('-', "_");
        match self {
            Self::Postgres => format!("turns_{name}"),
            Self::MariaDb => format!("turns_{name}.turns"),
        }
    }

    fn prepare(self, database: &dyn Database, mount: &str) {
        let table = self.table(mount);
        if let Some((name, _)) = table.split_once('.') {
            database.run(&format!("CREATE DATABASE {name}")).unwrap();
        }
        database.run(&format!("CREATE TABLE {table} (n INT)")).unwrap();
    }
}

/// A mount of the database engine, alone to one trial.
pub(crate) struct Place<'a> {
    ground: &'a Ground,
    make: Make,
    pub(crate) database: &'a dyn Database,
    pub(crate) admin: Admin,
    pub(crate) mount: String,
    pub(crate) path: String,
    pub(crate) kind: Kind,
    /// Who could log in before the resource was made.
    pub(crate) first: Login,
}

impl<'a> Place<'a> {
    pub(crate) fn new(ground: &'a Ground, make: Make, kind: Kind) -> Self {
        let (admin, database) = (ground.vault().unwrap().admin(), make.start(ground));
        let mount = admin.mount("database", &json!({})).unwrap();
        make.prepare(database, &mount);
        let root = database.superuser().unwrap();
        let counted = json!([database.rotation(), format!("INSERT INTO {} VALUES (1)", make.table(&mount))]);
        let mut connection = database.connection(&root);
        if kind == Kind::Connection {
            connection["root_rotation_statements"] = counted.clone();
        }
        admin.post(&format!("{mount}/config/main"), &connection).unwrap();
        admin.make_database_role(&mount, "app", database, &json!({"db_name": "main"})).unwrap();
        let mut place = Self { ground, make, database, admin, path: format!("{mount}/main"), mount, kind, first: root };
        if kind == Kind::StaticRole {
            place.make_static_role(&counted);
        }
        place
    }

    fn make_static_role(&mut self, statements: &Value) {
        let user = unique("static");
        self.database.run(&self.make.user(&user)).unwrap();
        let settings =
            json!({"db_name": "main", "username": user, "rotation_period": "24h", "rotation_statements": statements});
        self.path = format!("{}/static-roles/kept", self.mount);
        self.admin.post(&self.path, &settings).unwrap();
        self.first = Login { user, password: self.static_password() };
    }

    pub(crate) fn static_password(&self) -> String {
        let read = self.admin.get(&format!("{}/static-creds/kept", self.mount)).unwrap();
        read["data"]["password"].as_str().unwrap().to_owned()
    }

    /// How often the password was changed, as the database counted.
    pub(crate) fn turns(&self) -> usize {
        let count = self.database.run(&format!("SELECT COUNT(*) FROM {}", self.make.table(&self.mount))).unwrap();
        count.parse().unwrap()
    }

    pub(crate) fn stack(&self, now: Timestamp) -> Stack {
        Stack::new(self.ground.vault().unwrap().address(), self.admin.token(), now)
    }

    /// The first password is refused, and whoever is to be served by Vault is.
    pub(crate) fn only_vault_knows(&self) {
        assert!(!self.database.lets_in(&self.first).unwrap(), "the first password is still accepted");
        let (user, _) = self.admin.database_login(&self.mount, "app").unwrap();
        assert!(self.database.lets_in(&user).unwrap(), "the engine makes no users any more");
        if self.kind == Kind::StaticRole {
            let login = Login { password: self.static_password(), ..self.first.clone() };
            assert!(self.database.lets_in(&login).unwrap(), "Vault's password of the static role is refused");
        }
    }
}

impl Drop for Place<'_> {
    /// Closes the engine's connections, of which the database has only so many.
    fn drop(&mut self) {
        drop(self.admin.delete(&format!("{}/config/main", self.mount)));
    }
}
