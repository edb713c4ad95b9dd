//! Time as the plugin has it: the system's, or in test builds the system's plus what a file says.

#[cfg(feature = "test-clock")]
mod file;

use std::sync::Arc;

use outbound::SystemClock;
use rotation::Clock;

/// The clock of this process.
pub(crate) fn clock() -> Arc<dyn Clock> {
    #[cfg(feature = "test-clock")]
    if let Some(file) = file::FileClock::from_environment() {
        return Arc::new(file);
    }
    Arc::new(SystemClock)
}
