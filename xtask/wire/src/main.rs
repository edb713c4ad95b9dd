//! What `cargo xtask` does over gRPC.
fn main() {}
