//! A framework for Pulumi resource providers.
//!
//! A Pulumi provider is a process that the Pulumi engine starts and calls over gRPC. With this
//! crate you describe a resource with two structs, one for its inputs and one for its outputs, and
//! implement create, update, read and delete. The framework serves the protocol, generates the
//! package schema from the structs, and enforces the rules of the protocol.
//!
//! # A whole provider
//!
//! The doc comments of the structs become the descriptions in the schema, and so the documentation
//! of every SDK. Inputs are valid when they decode. A field's mark decides whether a change updates
//! the resource in place or replaces it.
//!
//! ```
//! # mod plugin {
//! use std::borrow::Cow;
//! use std::sync::Arc;
//!
//! use pulumi_provider::*;
//!
//! /// A greeting.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Args {
//!     /// Whom to greet. A change replaces the greeting.
//!     #[schemars(extend("x-replace" = true))]
//!     name: String,
//!     /// Whether the greeting ends with an exclamation mark. Default: false.
//!     loud: Option<bool>,
//! }
//!
//! /// The outputs.
//! #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
//! struct State {
//!     /// The text of the greeting, which Pulumi encrypts in its state.
//!     text: SecretString,
//! }
//!
//! fn greet(args: &Args) -> State {
//!     let mark = if args.loud == Some(true) { "!" } else { "." };
//!     State { text: SecretString::new(format!("Hello {}{mark}", args.name)) }
//! }
//!
//! struct Greeting;
//!
//! #[async_trait]
//! impl TypedResource for Greeting {
//!     type Args = Args;
//!     type State = State;
//!     const TOKEN: &'static str = "Greeting";
//!
//!     async fn create(&self, args: Args, context: &Context) -> Result<(String, State), Failure> {
//!         context.log().info("creating the greeting");
//!         Ok((context.urn().name().to_owned(), greet(&args)))
//!     }
//!
//!     async fn update(&self, _: &str, args: Args, _: State, _: &Context) -> Result<State, Failure> {
//!         Ok(greet(&args))
//!     }
//! }
//!
//! pub struct Greetings;
//!
//! impl Provider for Greetings {
//!     fn name(&self) -> &str {
//!         "greetings"
//!     }
//!     fn version(&self) -> &str {
//!         "0.1.0"
//!     }
//!     fn configure(&self, _: Object) -> Result<(), ConfigureError> {
//!         Ok(())
//!     }
//!     fn resources(&self) -> Vec<Arc<dyn Resource>> {
//!         vec![Arc::new(Typed::new(Greeting))]
//!     }
//!     fn schema(&self) -> Cow<'static, str> {
//!         build_schema(self).unwrap_or_default().into()
//!     }
//! }
//!
//! # #[allow(dead_code)]
//! fn main() -> std::process::ExitCode {
//!     run(Greetings)
//! }
//! # }
//! # #[cfg(feature = "testing")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #     use pulumi_provider::testing::{Action, Harness, object};
//! #     let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! #     runtime.block_on(async {
//! #         let harness = Harness::start(plugin::Greetings).await?;
//! #         harness.configure(Default::default()).await.unwrap();
//! #         let mut hello = harness.resource("greetings:index:Greeting", "hello");
//! #         let quiet = object([("name", "Ada".into())]);
//! #         assert_eq!(hello.preview(&quiet).await.unwrap().action, Action::Create);
//! #         assert!(hello.saved.is_none(), "a preview makes nothing");
//! #         hello.up(&quiet).await.unwrap();
//! #         let text = |saved: &pulumi_provider::testing::Managed| {
//! #             saved.saved.as_ref().unwrap().outputs["text"].as_str().unwrap().to_owned()
//! #         };
//! #         assert_eq!(text(&hello), "Hello Ada.");
//! #         assert!(matches!(
//! #             hello.saved.as_ref().unwrap().outputs["text"],
//! #             pulumi_provider::Value::Secret(_)
//! #         ));
//! #         assert_eq!(hello.preview(&quiet).await.unwrap().action, Action::Same);
//! #         let loud = object([("name", "Ada".into()), ("loud", true.into())]);
//! #         assert_eq!(hello.up(&loud).await.unwrap().action, Action::Update);
//! #         assert_eq!(text(&hello), "Hello Ada!");
//! #         let other = object([("name", "Grace".into())]);
//! #         assert_eq!(hello.preview(&other).await.unwrap().action, Action::Replace);
//! #         assert!(hello.up(&object([("nme", "Ada".into())])).await.is_err());
//! #         assert_eq!(harness.logged()[0].message, "creating the greeting");
//! #         hello.destroy().await.unwrap();
//! #         assert!(hello.saved.is_none());
//! #         Ok(())
//! #     })
//! # }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! `cargo build` makes a binary of it, which must be named `pulumi-resource-greetings`; the
//! README shows a program that uses it. This example is also a test: an engine in the test process
//! creates, updates and deletes a greeting through the provider above. A released provider commits
//! its schema, compares it with [`build_schema`] in CI, and serves the file with `include_str!`.
//!
//! # Which trait to implement
//!
//! - [`TypedResource`] is for resources whose inputs are one struct and whose outputs are another.
//!   Check and Diff follow from the types. Previews are answered without a call.
//! - [`Resource`] gives access to everything else: inputs that Check computes, diffs that look at
//!   the state, previews that know more than "unknown", and partial failures.
//! - [`Function`] is for functions that programs call without a resource ("invokes").
//! - [`Provider`] lists the resources and functions, and receives the provider configuration.
//!
//! # Values
//!
//! An [`Object`] maps names to [`Value`]s. A value can be what JSON lacks: a secret, an unknown,
//! an output, a resource reference, an asset, or bytes.
//!
//! - Compare with [`Value::same`], which looks through secret and output wrappers and ignores
//!   nulls. `==` compares the structure, wrappers included.
//! - Read with [`decode()`], which returns a struct or every failure with its path. No failure
//!   contains a value. A value that a preview does not know yet is `None` in an `Option` field. If
//!   the struct requires it, there is neither a struct nor a failure. [`decode_both`] reads two
//!   structs from one object.
//! - Write with [`to_object`]. A [`SecretString`] field becomes a secret. Every other serializer
//!   returns an error for it.
//! - [`ObjectSchema::of`] returns the facts about a struct. The module [`schema`] lists the marks
//!   that it understands.
//!
//! # Division of work
//!
//! The framework does the following for every resource:
//!
//! | rule of the protocol | how the framework keeps it |
//! | --- | --- |
//! | inputs are outputs too, with their nested secrets | it completes outputs from the inputs, and restores wrappers that a resource lost |
//! | what the schema marks secret is always wrapped | in Check, Create, Update, Read, Invoke, previews and partial failures |
//! | a preview shows every output that will exist | in Create's preview, outputs that are left out become unknown; `Null` means that an output will not exist |
//! | a real run returns no unknown and no NaN | it saves the rest with a partial failure that names the path |
//! | a partial failure has equal codes inside and outside, and a reason | one function makes both |
//! | Read answers gone, found or an error | the return type has no fourth case |
//! | Cancel and the user's time limits | `context.stop()` reports them; a call with effects is never aborted, not even when the engine dies |
//! | a panic | becomes an error without the text of the panic |
//! | no secret in messages | it removes the request's secrets from errors, reasons, check failures and warnings; a failure of a secret property does not name the property to the engine, which would print its value |
//! | configuration as objects, as JSON text or as secret JSON text | typed by its schema before `configure` |
//! | new credentials are accepted | DiffConfig answers with an update; only `x-replace` fields replace, and an unknown value never does |
//!
//! The resource itself must do the following:
//!
//! - From the first effect on, fail with [`Failure::partial`], and continue from there when it is
//!   called again.
//! - Answer "gone" only if the system answered "not found".
//! - Treat a resource that is already gone as deleted.
//! - Do nothing in previews.
//!
//! The page [`mistakes`] lists twenty mistakes that providers have made, with the tests
//! that keep each of them out.
//!
//! # Testing a provider
//!
//! The feature `testing` contains the engine's side of the protocol: see the module `testing`.
//! `Harness` serves a provider over loopback, and `Managed` leads a resource through preview, up,
//! refresh, import and destroy. `Managed` saves what the engine would save, also after a partial
//! failure. No Pulumi CLI is needed.
//!
//! # Logs and speed
//!
//! With `PULUMI_PROVIDER_LOG=debug`, the plugin writes traces of the framework, and of the crates
//! that [`Provider::traced_crates`] names, to stderr. Other libraries are never traced, because
//! they may log what they send. A plugin answers 1.5 ms after its start, and uses 20–30 µs of
//! processor time for a Check or Diff (2 cores, release build).

#![warn(clippy::missing_errors_doc)]

pub mod decode;
pub mod diff;
pub mod encode;
pub mod log;
#[doc = include_str!("../docs/mistakes.md")]
pub mod mistakes {}
pub mod path;
pub mod provider;
mod redact;
pub mod resource;
pub mod schema;
pub mod serve;
pub mod service;
pub mod status;
#[cfg(feature = "testing")]
pub mod testing;
pub mod typed;
pub mod value;
pub mod wire;

pub use async_trait::async_trait;
pub use decode::{Decoded, decode, decode_beside, decode_both, field_names};
pub use diff::{ChangeKind, Diff, PropertyChange};
pub use encode::{EncodeError, to_object, to_value};
pub use log::Log;
pub use path::{PropertyPath, Segment};
pub use provider::{ConfigureError, MissingKey, Provider};
pub use resource::{
    Autonaming, AutonamingMode, CheckFailure, CheckRequest, Checked, Code, Context, CreateRequest, Created,
    DeleteRequest, DiffRequest, Error, Failure, Found, Function, FunctionSpec, InvokeFailure, InvokeRequest,
    ListRequest, Listed, Partial, ReadRequest, Resource, ResourceSpec, Stop, StopReason, UpdateRequest, Urn,
};
pub use schema::{Metadata, ObjectSchema, SchemaError, build_schema};
pub use serve::run;
pub use service::Service;
pub use typed::{Typed, TypedResource};
pub use value::{
    Archive, ArchiveContent, Asset, AssetContent, Object, Output, ResourceRef, SecretString, Sensitive, Value,
};
