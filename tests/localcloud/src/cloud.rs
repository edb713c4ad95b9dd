//! The stand-in as a whole.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use jiff::SignedDuration;

use crate::aws::{self, Aws, AwsOptions, Consistency};
use crate::clock::{Clock, SystemClock};
use crate::confluent::{self, Confluent, ConfluentOptions, Settings};
use crate::control;
use crate::journal::Entry;
use crate::oci::{self, Oci, OciOptions};
use crate::random::Random;
use crate::rule::Faults;
use crate::server::Server;
use crate::turn::Desk;

/// How the stand-in is to be.
#[derive(Clone)]
pub struct Options {
    /// Where it listens; a loopback address. Port 0 is any free one.
    pub listen: SocketAddr,
    /// The time it lives in.
    pub clock: Arc<dyn Clock>,
    /// What its ids and secrets follow from, together with the clock's time at the start: with a
    /// manual clock every run is the same.
    pub seed: u64,
    /// How far the clock moves whenever a request begins to hang, so that a client whose time-out
    /// runs on the same clock ends at once. Zero leaves the clock alone.
    pub hang_advances: SignedDuration,
    /// The AWS account.
    pub aws: AwsOptions,
    /// The OCI tenancy.
    pub oci: OciOptions,
    /// The Confluent organisation.
    pub confluent: ConfluentOptions,
}

impl Options {
    /// Any free port, clouds that lag moderately, seed 0, and this clock.
    pub fn new(clock: impl Into<Arc<dyn Clock>>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: clock.into(),
            seed: 0,
            hang_advances: SignedDuration::ZERO,
            aws: AwsOptions::default(),
            oci: OciOptions::default(),
            confluent: ConfluentOptions::default(),
        }
    }

    /// The same without any lag: for tests that do not care.
    pub fn immediate(mut self) -> Self {
        self.aws.consistency = Consistency::immediate();
        self.oci.consistency = oci::Consistency::immediate();
        self.confluent.settings = Settings::immediate();
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new(SystemClock::new())
    }
}

/// A running stand-in. It stops, and closes every connection, when it is dropped.
///
/// ```
/// use localcloud::{Fault, LocalCloud, ManualClock, Options, Rule};
///
/// let clock = ManualClock::new("2026-01-01T00:00:00Z".parse()?);
/// let cloud = LocalCloud::start(Options::new(clock.clone()).immediate())?;
/// cloud.aws().create_user("ci")?;
/// cloud.faults().add(Rule::new(Fault::DropAfter).on("CreateAccessKey"));
/// let admin = cloud.aws().admin_credentials();
/// // Give `admin` and `cloud.endpoint()` to a client, let it work, then look:
/// assert!(cloud.aws().keys("ci").is_empty());
/// assert!(cloud.journal().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LocalCloud {
    shared: Arc<Shared>,
    endpoint: String,
    address: SocketAddr,
    _server: Server,
}

pub(crate) struct Shared {
    pub(crate) desk: Arc<Desk>,
    pub(crate) aws: Aws,
    pub(crate) oci: Oci,
    pub(crate) confluent: Confluent,
}

impl LocalCloud {
    /// Starts to listen. It runs on a thread of its own; the caller needs no runtime.
    ///
    /// # Errors
    /// When `listen` is not a loopback address or cannot be bound.
    pub fn start(options: Options) -> io::Result<Self> {
        let (seed, start) = (options.seed, options.clock.now());
        let desk = Arc::new(Desk::new(options.clock, options.hang_advances));
        let aws = Aws::new(options.aws, Arc::clone(&desk), Random::new(seed, start));
        let oci = Oci::new(options.oci, Arc::clone(&desk), Random::new(seed, start).named("oci"));
        let random = Random::new(seed, start).named("confluent");
        let confluent = Confluent::new(options.confluent, Arc::clone(&desk), random);
        let shared = Arc::new(Shared { desk, aws, oci, confluent });
        let server = Server::start(options.listen, app(&shared))?;
        Ok(Self { shared, endpoint: format!("http://{}", server.address), address: server.address, _server: server })
    }

    /// The URL of every service, for `AWS_ENDPOINT_URL_IAM` and the like; without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time it lives in.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.desk.clock
    }

    /// Serves the same by TLS at another address of loopback, until the listener is dropped.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub fn by_tls(&self, listen: SocketAddr, config: Arc<rustls::ServerConfig>) -> io::Result<Server> {
        Server::start_tls(listen, app(&self.shared), Some(config))
    }

    /// The AWS account, seen from behind.
    pub fn aws(&self) -> &Aws {
        &self.shared.aws
    }

    /// The OCI tenancy, seen from behind.
    pub fn oci(&self) -> &Oci {
        &self.shared.oci
    }

    /// The Confluent organisation, seen from behind.
    pub fn confluent(&self) -> &Confluent {
        &self.shared.confluent
    }

    /// What is to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.desk.faults
    }

    /// Every request so far, oldest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.desk.journal.entries()
    }

    /// Empties the journal; requests keep their numbers.
    pub fn clear_journal(&self) {
        self.shared.desk.journal.clear();
    }

    /// Forgets users, sessions, rules and journal, releases what is held, and counts from 1 again.
    /// The admin, its keys and the clock stay as they are.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl Shared {
    pub(crate) fn reset(&self) {
        self.desk.faults.clear();
        self.desk.faults.restart_count();
        self.desk.faults.release_all();
        self.aws.reset();
        self.oci.reset();
        self.confluent.reset();
        self.desk.journal.clear();
    }
}

fn app(shared: &Arc<Shared>) -> Router {
    let aws = any(aws::serve).with_state(shared.aws.clone());
    let oci = any(oci::serve).with_state(shared.oci.clone());
    let principals = any(oci::serve_principals).with_state(shared.oci.clone());
    let confluent = confluent::routes(shared.confluent.clone());
    Router::new()
        .nest("/_localcloud", control::routes(Arc::clone(shared)))
        .route("/", aws)
        .route("/20160918/{*rest}", oci.clone())
        .route("/20180608/{*rest}", oci.clone())
        .route("/20190301/{*rest}", oci.clone())
        .route("/oci/{*rest}", oci)
        .route("/opc/v2/{*rest}", principals.clone())
        .route("/v1/x509", principals.clone())
        .route("/resourcePrincipalSessionTokens", principals)
        .merge(confluent)
}
