//! The Pulumi resource plugin `keyrotation`.

use std::process::ExitCode;

fn main() -> ExitCode {
    plugin::run()
}
