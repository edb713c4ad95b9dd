//! The stand-in as a process of its own.

use std::io::{self, Write};
use std::process::ExitCode;

use jiff::SignedDuration;
use lexopt::prelude::*;
use localcloud::confluent::{self, RateLimit, Settings};
use localcloud::{Consistency, Credentials, FileClock, LocalCloud, Options, oci};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Usage: localcloud [OPTION]...

Serves local stand-ins of AWS IAM and STS, of OCI Identity and of Confluent Cloud until SIGTERM or
SIGINT. When it listens, it prints one line of JSON: the endpoint, and the credentials of the user
admin of AWS and of Confluent.

      --listen ADDRESS             loopback address and port [127.0.0.1:0]
      --clock FILE                 add the milliseconds in FILE to real time; FILE need not exist
      --seed NUMBER                what ids and secrets follow from, with the time of the start [0]
      --account ID                 the AWS account [123456789012]
      --admin ID:SECRET            the credentials of the user admin [made up]
      --user NAME                  an AWS user that is there from the start; may be repeated
      --oci-user NAME              the same at OCI
      --immediate                  no lags at all; options after it add some again
      --settle SECONDS             a new key is refused for this long [8]
      --unsteady SECONDS           and then accepted and refused in turn for this long [8]
      --unsteady-refusals NUMBER   but refused no more often than this [2; OCI 1]
      --listing-lag SECONDS        lists show new and deleted keys this late [0]
      --stop-lag SECONDS           deleted and inactive keys work this much longer [0]
      --tag-lag SECONDS            readers see changed tags this late [0]
      --secret-lag SECONDS         readers see changed secrets this late [0]
      --activation SECONDS         OCI's new credentials are CREATING for this long [2]
      --replica-lag SECONDS        OCI's other regions are this far behind [180]
      --confluent-admin KEY:SECRET the first Cloud key [made up]
      --confluent-rate NUMBER      requests a second of real time that Confluent takes [any number]
      --hang-advances SECONDS      move the clock when a request begins to hang [0]
      --until-stdin-ends           end when standard input does, too
      --help                       print this
";

struct Wanted {
    options: Options,
    users: Vec<String>,
    oci_users: Vec<String>,
    until_stdin_ends: bool,
}

fn main() -> ExitCode {
    match arguments().and_then(|wanted| wanted.map_or(Ok(()), run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is closed as well.
            let _ = writeln!(io::stderr(), "localcloud: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn run(wanted: Wanted) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cloud = LocalCloud::start(wanted.options)?;
    for user in &wanted.users {
        cloud.aws().create_user(user)?;
    }
    for user in &wanted.oci_users {
        cloud.oci().create_user(user)?;
    }
    // The handlers stand before the line is printed: who has read it may send signals.
    let ended = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        announce(&cloud)?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            result = stdin_ends(), if wanted.until_stdin_ends => result,
        }
    });
    // Reading standard input occupies a thread that nothing can wake.
    runtime.shutdown_background();
    Ok(ended?)
}

fn announce(cloud: &LocalCloud) -> io::Result<()> {
    let admin = cloud.aws().admin_credentials();
    let confluent = cloud.confluent().admin_credentials();
    let line = json!({
        "endpoint": cloud.endpoint(),
        "accessKeyId": admin.access_key_id,
        "secretAccessKey": admin.secret_access_key,
        "confluent": { "apiKey": confluent.api_key, "apiSecret": confluent.api_secret },
    });
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

async fn stdin_ends() -> io::Result<()> {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0; 1024];
    while stdin.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// Nothing if only help was wanted.
fn arguments() -> Outcome<Option<Wanted>> {
    let mut wanted =
        Wanted { options: Options::default(), users: Vec::new(), oci_users: Vec::new(), until_stdin_ends: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        let Wanted { options, users, oci_users, until_stdin_ends } = &mut wanted;
        match argument {
            Long("listen") => options.listen = parser.value()?.parse()?,
            Long("clock") => options.clock = FileClock::open(parser.value()?)?.into(),
            Long("seed") => options.seed = parser.value()?.parse()?,
            Long("account") => options.aws.account = parser.value()?.string()?,
            Long("admin") => options.aws.admin = Some(credentials(&parser.value()?.string()?)?),
            Long("user") => users.push(parser.value()?.string()?),
            Long("oci-user") => oci_users.push(parser.value()?.string()?),
            Long("hang-advances") => options.hang_advances = seconds(&mut parser)?,
            Long("confluent-admin") => options.confluent.admin = Some(api_key(&parser.value()?.string()?)?),
            Long("confluent-rate") => {
                let limit = RateLimit::per_second(parser.value()?.parse()?).in_real_time();
                options.confluent.settings.rate_limit = Some(limit);
            }
            Long("immediate") => {
                options.aws.consistency = Consistency::immediate();
                options.oci.consistency = oci::Consistency::immediate();
                options.confluent.settings.activation = Settings::immediate().activation;
            }
            Long("until-stdin-ends") => *until_stdin_ends = true,
            Long("help") => {
                io::stdout().write_all(USAGE.as_bytes())?;
                return Ok(None);
            }
            Long(name) => {
                let name = name.to_owned();
                lag(options, &name, &mut parser)?;
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(wanted))
}

/// Lags that both clouds have are the same for both.
fn lag(options: &mut Options, name: &str, parser: &mut lexopt::Parser) -> Outcome<()> {
    let (aws, oci) = (&mut options.aws.consistency, &mut options.oci.consistency);
    match name {
        "settle" => (aws.settle, oci.settle) = both(seconds(parser)?),
        "unsteady" => (aws.unsteady, oci.unsteady) = both(seconds(parser)?),
        "unsteady-refusals" => (aws.unsteady_refusals, oci.unsteady_refusals) = both(parser.value()?.parse()?),
        "listing-lag" => (aws.listing_lag, oci.listing_lag) = both(seconds(parser)?),
        "stop-lag" => (aws.stop_lag, oci.stop_lag) = both(seconds(parser)?),
        "tag-lag" => (aws.tag_lag, oci.tag_lag) = both(seconds(parser)?),
        "secret-lag" => aws.secret_lag = seconds(parser)?,
        "activation" => oci.activation = seconds(parser)?,
        "replica-lag" => oci.replica_lag = seconds(parser)?,
        _ => return Err(format!("there is no option --{name}; --help lists them all").into()),
    }
    Ok(())
}

fn both<T: Copy>(value: T) -> (T, T) {
    (value, value)
}

fn seconds(parser: &mut lexopt::Parser) -> Outcome<SignedDuration> {
    let seconds: f64 = parser.value()?.parse()?;
    Ok(SignedDuration::try_from_secs_f64(seconds)?)
}

fn credentials(pair: &str) -> Outcome<Credentials> {
    let (id, secret) = pair.split_once(':').ok_or("--admin takes an access key id, a colon and a secret")?;
    Ok(Credentials { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() })
}

fn api_key(pair: &str) -> Outcome<confluent::Credentials> {
    let (key, secret) = pair.split_once(':').ok_or("--confluent-admin takes an API key, a colon and a secret")?;
    Ok(confluent::Credentials { api_key: key.to_owned(), api_secret: secret.to_owned() })
}
