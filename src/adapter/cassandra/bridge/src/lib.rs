//! The bridge to Cassandra: `../bridge.h` in Rust. Nothing here knows what the statements mean.
//!
//! C hands over requests as statements with their values already in the protocol's form; each becomes
//! a task of the session's runtime, bounded in time, that ends by handing a result to C's `done`.

mod open;
mod request;
mod result;

use std::ffi::{c_char, CStr};
use std::time::Duration;

use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;
use scylla::statement::{Consistency, SerialConsistency};
use tokio::runtime::Runtime;

use open::Options;
use request::Request;
use result::{Code, Outcome, ResultHandle};

pub struct SessionHandle {
    runtime: Runtime,
    session: std::sync::Arc<Session>,
}

pub struct StatementHandle(std::sync::Arc<PreparedStatement>);

/// Text for C: cut to what fits, always terminated.
unsafe fn tell(text: &str, out: *mut c_char, size: usize) {
    let n = text.len().min(size.saturating_sub(1));
    std::ptr::copy_nonoverlapping(text.as_ptr(), out.cast::<u8>(), n);
    if size > 0 {
        *out.add(n) = 0;
    }
}

unsafe fn text_of<'a>(p: *const c_char) -> Option<&'a str> {
    if p.is_null() {
        return None;
    }
    CStr::from_ptr(p).to_str().ok()
}

#[no_mangle]
pub extern "C" fn bridge_library() -> *const c_char {
    c"scylla 1.9.0".as_ptr()
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_open(
    options: *const Options,
    code: *mut Code,
    why: *mut c_char,
    why_size: usize,
) -> *mut SessionHandle {
    match open::open(&*options) {
        Ok((runtime, session)) => Box::into_raw(Box::new(SessionHandle { runtime, session: session.into() })),
        Err(failure) => {
            *code = failure.code;
            tell(&failure.text, why, why_size);
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_close(handle: *mut SessionHandle) {
    if handle.is_null() {
        return;
    }
    let SessionHandle { runtime, session } = *Box::from_raw(handle);
    drop(session);
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_prepare(
    handle: *mut SessionHandle,
    cql: *const c_char,
    page_rows: i32,
    timeout_ms: u32,
    why: *mut c_char,
    why_size: usize,
) -> *mut StatementHandle {
    let handle = &*handle;
    let statement = Statement::new(text_of(cql).unwrap_or_default()).with_page_size(page_rows);
    let limit = Duration::from_millis(timeout_ms.into());
    let prepared = handle.runtime.block_on(async {
        tokio::time::timeout(limit, handle.session.prepare(statement)).await
    });
    match prepared {
        Ok(Ok(mut prepared)) => {
            prepared.set_is_idempotent(true);
            Box::into_raw(Box::new(StatementHandle(prepared.into())))
        }
        Ok(Err(e)) => {
            tell(&e.to_string(), why, why_size);
            std::ptr::null_mut()
        }
        Err(_) => {
            tell(&result::too_slow(timeout_ms), why, why_size);
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_statement_free(statement: *mut StatementHandle) {
    if !statement.is_null() {
        drop(Box::from_raw(statement));
    }
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_run(
    handle: *mut SessionHandle,
    cql: *const c_char,
    timeout_ms: u32,
) -> *mut ResultHandle {
    let handle = &*handle;
    let mut statement = Statement::new(text_of(cql).unwrap_or_default());
    statement.set_consistency(Consistency::Quorum);
    statement.set_serial_consistency(Some(SerialConsistency::Serial));
    let limit = Duration::from_millis(timeout_ms.into());
    let answer = handle.runtime.block_on(async {
        tokio::time::timeout(limit, handle.session.query_unpaged(statement, ())).await
    });
    let outcome = match answer {
        Ok(Ok(rows)) => Outcome::of_rows(rows, None),
        Ok(Err(e)) => Outcome::of_error(&e),
        Err(_) => Outcome::failed(Code::Unavailable, result::too_slow(timeout_ms)),
    };
    ResultHandle::into_raw(outcome)
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_execute(handle: *mut SessionHandle, request: *const Request) {
    let handle = &*handle;
    let session = handle.session.clone();
    let (work, done) = request::take(&*request);
    handle.runtime.spawn(async move {
        let outcome = work.run(&session).await;
        drop(session);
        done.call(outcome);
    });
}

/// # Safety
/// As bridge.h says.
#[no_mangle]
pub unsafe extern "C" fn bridge_result_free(result: *mut ResultHandle) {
    if !result.is_null() {
        drop(Box::from_raw(result));
    }
}
