//! One request: what C asked for, copied, so that it can be carried out on the session's thread.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::PagingState;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::serialize::SerializationError;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

use crate::result::{too_slow, Code, Outcome, ResultHandle};
use crate::StatementHandle;

#[repr(C)]
pub struct Item {
    statement: *const StatementHandle,
    at: usize,
    n: usize,
}

#[repr(C)]
pub struct Request {
    items: *const Item,
    n_items: usize,
    values: *const u8,
    values_n: usize,
    paging: *const u8,
    paging_n: usize,
    timeout_ms: u32,
    done: unsafe extern "C" fn(*mut c_void, *mut ResultHandle),
    arg: *mut c_void,
}

/// Where the result goes. C's `arg` is C's affair on whatever thread it is used.
pub struct Done {
    done: unsafe extern "C" fn(*mut c_void, *mut ResultHandle),
    arg: *mut c_void,
}

unsafe impl Send for Done {}

impl Done {
    pub fn call(self, outcome: Outcome) {
        // bridge.h: called exactly once, with a result that is C's from then on
        unsafe { (self.done)(self.arg, ResultHandle::into_raw(outcome)) }
    }
}

/// Values as the protocol has them: a length of four bytes before each.
struct RawRow(Bytes);

#[derive(Debug)]
struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the values are cut short")
    }
}

impl std::error::Error for Malformed {}

impl SerializeRow for RawRow {
    fn serialize(
        &self,
        _: &RowSerializationContext<'_>,
        writer: &mut RowWriter,
    ) -> Result<(), SerializationError> {
        let malformed = || SerializationError::new(Malformed);
        let mut rest = &self.0[..];
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            rest = tail;
            let cell = writer.make_cell_writer();
            match i32::from_be_bytes(*length) {
                -2 => cell.set_unset(),
                -1 => cell.set_null(),
                n => {
                    let n = usize::try_from(n).map_err(|_| malformed())?;
                    let value = rest.get(..n).ok_or_else(malformed)?;
                    rest = &rest[n..];
                    cell.set_value(value).map_err(|_| malformed())?
                }
            };
        }
        if rest.is_empty() { Ok(()) } else { Err(malformed()) }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

enum What {
    One(Arc<PreparedStatement>, RawRow, PagingState),
    Batch(Batch, Vec<RawRow>),
}

pub struct Work {
    what: What,
    timeout_ms: u32,
}

unsafe fn slice<'a, T>(p: *const T, n: usize) -> &'a [T] {
    if n == 0 { &[] } else { std::slice::from_raw_parts(p, n) }
}

/// # Safety
/// `request` is as bridge.h says.
pub unsafe fn take(request: &Request) -> (Work, Done) {
    let values = Bytes::copy_from_slice(slice(request.values, request.values_n));
    let row = |item: &Item| RawRow(values.slice(item.at..item.at + item.n));
    let items = slice(request.items, request.n_items);
    let what = if let [item] = items {
        let paging = if request.paging.is_null() {
            PagingState::start()
        } else {
            PagingState::new_from_raw_bytes(slice(request.paging, request.paging_n).to_vec())
        };
        What::One((*item.statement).0.clone(), row(item), paging)
    } else {
        let statements = items
            .iter()
            .map(|item| BatchStatement::PreparedStatement((*(*item.statement).0).clone()))
            .collect();
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements);
        batch.set_is_idempotent(true);
        What::Batch(batch, items.iter().map(row).collect())
    };
    let done = Done { done: request.done, arg: request.arg };
    (Work { what, timeout_ms: request.timeout_ms }, done)
}

impl What {
    async fn run(self, session: &Session) -> Result<Outcome, ExecutionError> {
        match self {
            What::One(statement, values, paging) => {
                let (rows, next) = session.execute_single_page(&statement, values, paging).await?;
                Ok(Outcome::of_rows(rows, Some(next)))
            }
            What::Batch(batch, values) => {
                Ok(Outcome::of_rows(session.batch(&batch, values).await?, None))
            }
        }
    }
}

impl Work {
    pub async fn run(self, session: &Session) -> Outcome {
        let limit = Duration::from_millis(self.timeout_ms.into());
        match tokio::time::timeout(limit, self.what.run(session)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(e)) => Outcome::of_error(&e),
            Err(_) => Outcome::failed(Code::Unavailable, too_slow(self.timeout_ms)),
        }
    }
}
