//! From the options to a session. The session looks after its connections for as long as it lives.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use openssl::ssl::{SslContextBuilder, SslFiletype, SslMethod, SslVerifyMode, SslVersion};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::PoolSize;
use scylla::policies::reconnect::ExponentialReconnectPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use tokio::runtime::Runtime;

use crate::result::Code;
use crate::text_of;

const RECONNECT_FIRST: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_secs(1);
const AGREEMENT: Duration = Duration::from_secs(30);
const AGREEMENT_LOOK: Duration = Duration::from_millis(50);

#[repr(C)]
pub struct Options {
    hosts: *const *const c_char,
    n_hosts: usize,
    username: *const c_char,
    password: *const c_char,
    keyspace: *const c_char,
    tls: bool,
    tls_ca: *const c_char,
    tls_cert: *const c_char,
    tls_key: *const c_char,
    consistency: u16,
    connect_ms: u32,
    silence_ms: u32,
}

/// Why there is no session, and whether trying again is of no use.
pub struct Failure {
    pub text: String,
    pub code: Code,
}

impl Failure {
    fn of_options(text: String) -> Self {
        Self { text, code: Code::Refused }
    }

    /// The crate has an error for everything, but the one that is meant is several of them deep.
    fn of_session(text: String) -> Self {
        const REFUSALS: [&str; 4] =
            ["uthenticat", "redentials", "certificate verify failed", "alert certificate required"];
        const PASSING: &str = "Unable to perform authentication"; // for want of replicas
        let refused = REFUSALS.iter().any(|words| text.contains(words)) && !text.contains(PASSING);
        let code = if refused { Code::Refused } else { Code::Unavailable };
        Self { text, code }
    }
}

/// Signed by whom we trust, TLS 1.2 or newer. Nodes are found by address, from one another, so the
/// crate compares their certificates with their addresses and not with names.
unsafe fn tls_context(options: &Options) -> Result<SslContextBuilder, String> {
    let named = |file: &str, e: openssl::error::ErrorStack| format!("{file} cannot be used: {e}");
    let plain = |e: openssl::error::ErrorStack| e.to_string();
    let mut context = SslContextBuilder::new(SslMethod::tls_client()).map_err(plain)?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2)).map_err(plain)?;
    context.set_verify(SslVerifyMode::PEER);
    match text_of(options.tls_ca) {
        Some(file) => context.set_ca_file(file).map_err(|e| named(file, e))?,
        None => context.set_default_verify_paths().map_err(plain)?,
    }
    if let (Some(cert), Some(key)) = (text_of(options.tls_cert), text_of(options.tls_key)) {
        context.set_certificate_chain_file(cert).map_err(|e| named(cert, e))?;
        context.set_private_key_file(key, SslFiletype::PEM).map_err(|e| named(key, e))?;
    }
    Ok(context)
}

unsafe fn builder(options: &Options) -> Result<SessionBuilder, String> {
    let consistency = Consistency::try_from(options.consistency).map_err(|e| e.to_string())?;
    let profile = ExecutionProfile::builder()
        .consistency(consistency)
        .serial_consistency(Some(SerialConsistency::Serial))
        .request_timeout(None) // each request brings its own
        .build();
    let silence = Duration::from_millis(options.silence_ms.into());
    let connect = Duration::from_millis(options.connect_ms.into());
    let mut builder = SessionBuilder::new()
        .default_execution_profile_handle(profile.into_handle())
        .pool_size(PoolSize::PerHost(std::num::NonZeroUsize::MIN))
        .connection_timeout(connect)
        .hostname_resolution_timeout(Some(connect))
        .metadata_request_clientside_timeout(connect)
        .keepalive_interval(silence / 2)
        .keepalive_timeout(silence / 2)
        .schema_agreement_timeout(AGREEMENT)
        .schema_agreement_interval(AGREEMENT_LOOK)
        .fetch_full_schema_metadata(false);
    builder.config.reconnect_policy = Arc::new(
        ExponentialReconnectPolicy::new().with_backoff_limits(RECONNECT_FIRST, RECONNECT_MAX),
    );
    if let Some(keyspace) = text_of(options.keyspace) {
        builder = builder.keyspaces_to_fetch([keyspace]);
    }
    for i in 0..options.n_hosts {
        builder = builder.known_node(text_of(*options.hosts.add(i)).unwrap_or_default());
    }
    if let Some(username) = text_of(options.username) {
        builder = builder.user(username, text_of(options.password).unwrap_or_default());
    }
    if options.tls {
        let context = tls_context(options)?;
        builder = builder.tls_context(Some(context.build()));
    }
    Ok(builder)
}

pub unsafe fn open(options: &Options) -> Result<(Runtime, Session), Failure> {
    let builder = builder(options).map_err(Failure::of_options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("cassandra")
        .enable_all()
        .build()
        .map_err(|e| Failure::of_session(e.to_string()))?;
    let limit = Duration::from_millis(options.connect_ms.into());
    let session = runtime.block_on(async { tokio::time::timeout(limit, builder.build()).await });
    match session {
        Ok(Ok(session)) => Ok((runtime, session)),
        failed => {
            runtime.shutdown_background();
            Err(Failure::of_session(match failed {
                Ok(Err(e)) => e.to_string(),
                _ => format!("no node answered within {} ms", options.connect_ms),
            }))
        }
    }
}
