//! From the options to a session. The session looks after its connections for as long as it lives.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use openssl::ssl::{SslContextBuilder, SslMethod, SslVerifyMode, SslVersion};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::PoolSize;
use scylla::policies::reconnect::ExponentialReconnectPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use tokio::runtime::Runtime;

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
    consistency: u16,
    connect_ms: u32,
    silence_ms: u32,
}

/// Signed by whom we trust, TLS 1.2 or newer. Nodes are found by address, from one another, so their
/// names are not compared.
unsafe fn tls_context(ca: Option<&str>) -> Result<SslContextBuilder, openssl::error::ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_client())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_verify(SslVerifyMode::PEER);
    match ca {
        Some(file) => context.set_ca_file(file)?,
        None => context.set_default_verify_paths()?,
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
        let context = tls_context(text_of(options.tls_ca)).map_err(|e| e.to_string())?;
        builder = builder.tls_context(Some(context.build()));
    }
    Ok(builder)
}

pub unsafe fn open(options: &Options) -> Result<(Runtime, Session), String> {
    let builder = builder(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("cassandra")
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let limit = Duration::from_millis(options.connect_ms.into());
    let session = runtime.block_on(async { tokio::time::timeout(limit, builder.build()).await });
    match session {
        Ok(Ok(session)) => Ok((runtime, session)),
        failed => {
            runtime.shutdown_background();
            Err(match failed {
                Ok(Err(e)) => e.to_string(),
                _ => format!("no node answered within {} ms", options.connect_ms),
            })
        }
    }
}
