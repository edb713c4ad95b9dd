use std::io::{self, Write};
use std::panic;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The environment variable that sets the level of the trace: `off`, `error`, `warn`, `info`, `debug`, `trace`.
const LEVEL: &str = "PULUMI_PROVIDER_LOG";

/// Traces to stderr what this framework and the provider's own crates say, and nobody else: HTTP and
/// cloud libraries write headers and bodies, and the engine shows stderr when a plugin dies.
pub(crate) fn start_tracing(own: &'static [&'static str]) {
    let level = std::env::var(LEVEL).ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::WARN);
    let is_own = move |metadata: &Metadata<'_>| {
        let target = metadata.target();
        target.starts_with(env!("CARGO_CRATE_NAME")) || own.iter().any(|name| target.starts_with(name))
    };
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(false).with_filter(level).with_filter(filter_fn(is_own));
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// Lets a panic say where it happened and not what: its text may hold a value, and stderr is public.
pub(crate) fn hide_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let _ = writeln!(io::stderr(), "the provider panicked at {place}");
    }));
}
