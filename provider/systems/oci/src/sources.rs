//! The places that settings are read from: the provider configuration, the environment, and Oracle's file.

use std::cell::OnceCell;
use std::fmt;
use std::path::{Path, PathBuf};

use rotation::{Error, ErrorKind};
use secrecy::SecretString;

use crate::config::OciConfig;
use crate::profile::{DEFAULT, Profile, expanded, file};
use crate::setting::{CONFIG_FILE, HOME, PROFILE, Setting};

/// Where a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Property(&'static str),
    Variable(&'static str),
    Option { name: &'static str, section: String, file: PathBuf, line: usize },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => write!(f, "`keyrotation:oci.{name}`"),
            Self::Variable(name) => write!(f, "`{name}`"),
            Self::Option { name, section, file, line } => {
                write!(f, "`{name}` of [{section}] in {}, line {line}", file.display())
            }
        }
    }
}

/// A value that is not empty, and where it was found.
pub(crate) struct Found {
    pub(crate) text: SecretString,
    pub(crate) source: Source,
}

impl Found {
    /// The value of a setting that is no secret.
    pub(crate) fn plain(&self) -> &str {
        exposed(&self.text)
    }
}

/// Where a variable of the environment is looked up.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Property,
    Variable,
    Profile,
}

/// The provider configuration, the environment, and Oracle's file, which is read when something is looked up in it.
pub(crate) struct Sources<'a> {
    config: &'a OciConfig,
    env: Env<'a>,
    file: OnceCell<Result<InFile, String>>,
}

/// The profile that was read. It is empty if there is no file, and nobody asked for a profile in it.
pub(crate) struct InFile {
    pub(crate) profile: Profile,
    name: String,
    path: PathBuf,
    exists: bool,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(config: &'a OciConfig, env: Env<'a>) -> Self {
        Self { config, env, file: OnceCell::new() }
    }

    /// The order in which places are looked at: the user's choice of a profile puts it above the environment.
    pub(crate) fn order(&self) -> [Level; 3] {
        match self.config.text("configFileProfile") {
            Some(_) => [Level::Property, Level::Profile, Level::Variable],
            None => [Level::Property, Level::Variable, Level::Profile],
        }
    }

    /// The first value of a setting in all places.
    ///
    /// # Errors
    /// Oracle's file is wrong, and the value may stand in it.
    pub(crate) fn find(&self, setting: &Setting) -> Result<Option<Found>, Error> {
        self.find_until(setting, None)
    }

    /// The same, in places that stand no lower than this one.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub(crate) fn find_until(&self, setting: &Setting, last: Option<Level>) -> Result<Option<Found>, Error> {
        for level in self.order() {
            if let Some(found) = self.at(level, setting)? {
                return Ok(Some(found));
            }
            if Some(level) == last {
                break;
            }
        }
        Ok(None)
    }

    /// The value of a setting in places of one kind.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub(crate) fn at(&self, level: Level, setting: &Setting) -> Result<Option<Found>, Error> {
        Ok(match level {
            Level::Property => setting.property.and_then(|name| {
                let source = Source::Property(name);
                Some(Found { text: self.config.text(name)?, source })
            }),
            Level::Variable => self.variable(setting),
            Level::Profile if setting.options.is_empty() => None,
            Level::Profile => self.in_file().map_err(|wrong| self.blamed(&wrong, setting))?.find(setting),
        })
    }

    /// The value of a setting in the environment.
    pub(crate) fn variable(&self, setting: &Setting) -> Option<Found> {
        setting.variables.iter().find_map(|name| {
            let text = (self.env)(name).filter(|text| !text.is_empty())?;
            Some(Found { text: text.into(), source: Source::Variable(name) })
        })
    }

    /// A path as users write it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        expanded(path, self.variable(&HOME).as_ref().map(Found::plain))
    }

    /// The profile.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn in_file(&self) -> Result<&InFile, String> {
        self.file.get_or_init(|| self.read()).as_ref().map_err(String::clone)
    }

    fn read(&self) -> Result<InFile, String> {
        let chosen = [Level::Property, Level::Variable].into_iter().find_map(|level| self.at(level, &PROFILE).ok()?);
        let name = chosen.as_ref().map_or(DEFAULT, Found::plain).to_owned();
        let named = self.variable(&CONFIG_FILE);
        let usual = CONFIG_FILE.files.iter().map(|path| self.path(path));
        let path = match &named {
            Some(found) => self.path(found.plain()),
            None => usual.clone().find(|path| path.is_file()).or_else(|| usual.clone().next()).unwrap_or_default(),
        };
        if !path.exists() && named.is_none() && chosen.is_none() {
            return Ok(InFile { profile: Profile::default(), name, path, exists: false });
        }
        let by = named.or(chosen).map(|found| format!(" that {} asks for", found.source)).unwrap_or_default();
        let text = file(&path, &format!("OCI's configuration{by}")).map_err(|error| error.message)?;
        let profile = Profile::read(exposed(&text), &name);
        let profile = profile.map_err(|fault| format!("line {} of {} {}", fault.line, path.display(), fault.reason))?;
        let missing = || {
            let chosen = self.at(Level::Property, &PROFILE).ok().flatten().or_else(|| self.variable(&PROFILE));
            let by = chosen.map(|found| format!(", which {} asks for", found.source)).unwrap_or_default();
            format!("there is no profile [{name}] in {}{by} [KR-OCI-058]", path.display())
        };
        let profile = profile.ok_or_else(missing)?;
        Ok(InFile { profile, name, path, exists: true })
    }

    /// What is wrong with Oracle's file, and what was to be taken from it.
    fn blamed(&self, wrong: &str, setting: &Setting) -> Error {
        let mut others: Vec<_> = setting.property.map(|name| Source::Property(name).to_string()).into_iter().collect();
        if self.order()[1] == Level::Variable {
            others.extend(setting.variables.iter().map(|name| Source::Variable(name).to_string()));
        }
        let others = match others.as_slice() {
            [] => String::new(),
            others => format!(", or set {}", others.join(" or ")),
        };
        let message = format!("{wrong}. The plugin looks there for the {}: correct this{others}", setting.name);
        Error::new(ErrorKind::Invalid, "", message)
    }

    /// These settings stand nowhere, and one of them is needed.
    pub(crate) fn needed(&self, settings: &[&Setting]) -> Error {
        let mut places: Vec<String> = Vec::new();
        places.extend(
            settings.iter().filter_map(|setting| setting.property.map(|name| Source::Property(name).to_string())),
        );
        let variables = settings.iter().flat_map(|setting| setting.variables.iter());
        places.extend(variables.map(|name| Source::Variable(name).to_string()));
        let place = self.in_file().map(|file| file.to_string()).unwrap_or_default();
        let options = settings.iter().flat_map(|setting| setting.options.iter());
        places.extend(options.map(|name| format!("`{name}` in {place}")));
        let name = settings.first().map_or("", |setting| setting.name);
        let message =
            format!("no {name} is set for the plugin's calls to OCI: set one of {} [KR-OCI-059]", places.join(", "));
        Error::new(ErrorKind::Unauthenticated, "oci credentials", message)
    }
}

impl InFile {
    fn find(&self, setting: &Setting) -> Option<Found> {
        setting.options.iter().find_map(|name| {
            let value = self.profile.get(name)?;
            let section = if value.inherited { DEFAULT.to_owned() } else { self.name.clone() };
            let source = Source::Option { name, section, file: self.path.clone(), line: value.entry.line };
            Some(Found { text: value.entry.text.clone(), source })
        })
    }
}

impl fmt::Display for InFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = if self.exists { "" } else { " (there is no such file)" };
        write!(f, "[{}] of {}{missing}", self.name, Path::display(&self.path))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "settings are looked at, and what is secret in them put into secrets again"
)]
pub(crate) fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

#[cfg(test)]
mod tests;
