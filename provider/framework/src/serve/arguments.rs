/// What the engine starts a plugin with: flags, and then its own address. Without the address the plugin waits to be
/// attached to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    pub(super) engine: Option<String>,
    /// What a person wants to know.
    pub(super) asked: Option<Asked>,
}

/// What a person asks the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Help,
    Version,
}

impl Arguments {
    /// Reads arguments. Flags are ignored, known or not: engines of other versions add some.
    pub(super) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, &'static str> {
        let mut parsed = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            if matches!(argument.as_str(), "--help" | "-h") {
                parsed.asked = Some(Asked::Help);
            } else if argument == "--version" {
                parsed.asked = Some(Asked::Version);
            } else if matches!(argument.as_str(), "--tracing" | "-tracing") {
                arguments.next();
            } else if !argument.starts_with('-') && parsed.engine.replace(argument).is_some() {
                return Err("expected at most one argument, the engine's address; this program is started by Pulumi");
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Option<String>, &'static str> {
        Arguments::parse(arguments.iter().map(|&text| text.to_owned())).map(|parsed| parsed.engine)
    }

    #[test]
    fn flags_are_ignored_and_one_address_is_taken() {
        assert_eq!(parse(&[]), Ok(None));
        let all = ["--logtostderr", "-v=9", "--tracing", "http://x", "--new-flag", "127.0.0.1:5"];
        assert_eq!(parse(&all), Ok(Some("127.0.0.1:5".to_owned())));
        assert!(parse(&["a:1", "b:2"]).is_err());
    }

    #[test]
    fn a_person_asks_for_help_or_the_version() {
        let asked = |argument: &str| Arguments::parse([argument.to_owned()].into_iter()).map(|parsed| parsed.asked);
        assert_eq!(asked("--help"), Ok(Some(Asked::Help)));
        assert_eq!(asked("-h"), Ok(Some(Asked::Help)));
        assert_eq!(asked("--version"), Ok(Some(Asked::Version)));
        assert_eq!(asked("-v=9"), Ok(None));
    }
}
