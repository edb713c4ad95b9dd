//! What starts programs of other machines.

use anyhow::Result;

use super::debian;

/// QEMU, which runs programs of Linux on 64-bit Arm.
///
/// # Errors
/// When Debian's package cannot be had.
pub(crate) fn qemu_arm64() -> Result<String> {
    Ok(debian::unpacked("qemu", &["qemu-user"])?.join("usr/bin/qemu-aarch64").display().to_string())
}

/// Wine, which runs programs of Windows.
///
/// # Errors
/// When Debian's package cannot be had.
pub(crate) fn wine() -> Result<String> {
    Ok(debian::unpacked("wine", &["wine64"])?.join("usr/lib/wine/wine64").display().to_string())
}
