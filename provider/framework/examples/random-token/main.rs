//! A whole provider: random tokens that stay as they are until a keeper changes.
#![allow(missing_docs, reason = "the README walks through it")]

mod token;

fn main() -> std::process::ExitCode {
    pulumi_provider::run(token::Tokens)
}
