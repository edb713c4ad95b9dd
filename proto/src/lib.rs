//! Pulumi's provider protocol as Rust types: messages by prost, services by tonic.
//!
//! The interface is Pulumi Corporation's (Apache-2.0, see `NOTICE`); the code in `src/gen` is generated
//! from the texts in `pulumi/` and `google/` by `cargo run -p pulumi-proto --example generate`, and
//! committed, so that nobody who builds this needs a protocol compiler.
//!
//! No message has a `Debug` of its own: messages carry secrets in clear.

/// The package `pulumirpc`: providers, the engine, plugins and resource status.
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod pulumirpc {
    include!("gen/pulumirpc.rs");
}

/// The package `google.rpc`: the status that carries an error's details.
pub mod google {
    /// The package itself.
    #[allow(missing_docs, clippy::all, reason = "generated")]
    pub mod rpc {
        include!("gen/google.rpc.rs");
    }
}

/// The set of descriptors that the texts and the code were made from, as PyPI `pulumi` carries it.
pub const DESCRIPTORS: &[u8] = include_bytes!("../pulumi.binpb");
