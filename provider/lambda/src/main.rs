//! The program that the Lambda runtime `provided.al2023` starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::run()
}
