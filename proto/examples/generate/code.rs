//! From texts to code; shared by the tool and the test that nothing is stale.

use std::error::Error;
use std::fs;
use std::path::Path;

const TEXTS: [&str; 7] = [
    "google/rpc/status.proto",
    "pulumi/alias.proto",
    "pulumi/engine.proto",
    "pulumi/errors.proto",
    "pulumi/plugin.proto",
    "pulumi/provider.proto",
    "pulumi/resource_status.proto",
];
const CODE: [&str; 2] = ["google.rpc.rs", "pulumirpc.rs"];

/// The descriptors of the committed texts.
pub(crate) fn compile(root: &Path) -> Result<prost_types::FileDescriptorSet, Box<dyn Error>> {
    Ok(protox::compile(TEXTS.map(|text| root.join(text)), [root])?)
}

/// Writes the code to a folder.
pub(crate) fn generate(root: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let mut config = tonic_prost_build::Config::new();
    config.skip_debug(["."]);
    tonic_prost_build::configure()
        .build_transport(false)
        .out_dir(out)
        .compile_fds_with_config(compile(root)?, config)?;
    Ok(())
}

/// The committed files that differ from what the texts give.
pub(crate) fn stale(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let fresh = tempfile::tempdir()?;
    generate(root, fresh.path())?;
    let mut stale = Vec::new();
    for name in CODE {
        let committed = fs::read(root.join("src/gen").join(name)).unwrap_or_default();
        if fs::read(fresh.path().join(name))? != committed {
            stale.push(name.to_owned());
        }
    }
    Ok(stale)
}
