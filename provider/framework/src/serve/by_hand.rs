//! What the program says to a person who runs it.

use std::io::{self, Write};
use std::process::ExitCode;

use super::arguments::Asked;
use crate::provider::Provider;

/// Prints the answer to stdout, where nobody waits for a port.
pub(super) fn answer(asked: Asked, provider: &impl Provider) -> ExitCode {
    let text = match asked {
        Asked::Help => help(provider),
        Asked::Version => format!("pulumi-resource-{} {}", provider.name(), provider.version()),
    };
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn help(provider: &impl Provider) -> String {
    let (name, version) = (provider.name(), provider.version());
    let description = provider.metadata().description;
    let about = if description.is_empty() { String::new() } else { format!("\n{description}\n") };
    format!(
        "pulumi-resource-{name} {version}: a Pulumi resource plugin
{about}
The Pulumi CLI starts this program by itself. Nothing has to be run by hand.

Install it:  pulumi plugin install resource {name} {version} --file <archive>
Use it:      declare its resources in a Pulumi program, then run `pulumi up`.

Options:
  -h, --help   print this text
  --version    print the name and the version

To debug it, start it without a terminal on stdin:
  pulumi-resource-{name} < /dev/null
It prints the port that it serves. Then set PULUMI_DEBUG_PROVIDERS={name}:<port> for the CLI."
    )
}
