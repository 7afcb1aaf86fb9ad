//! What comes back: cells that point into the answer's frame, which lives as long as they do.

use std::ops::ControlFlow;

use scylla::deserialize::row::ColumnIterator;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::query_result::{QueryResult, QueryRowsResult};
use scylla::response::PagingStateResponse;

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Code {
    Ok,
    Unavailable,
    Refused,
}

#[repr(C)]
struct Cell {
    p: *const u8,
    n: i32,
}

/// Begins with bridge.h's `struct bridge_result`; what those pointers need follows.
#[repr(C)]
pub struct ResultHandle {
    code: Code,
    text: *const u8,
    text_n: usize,
    n_rows: usize,
    n_cols: usize,
    cells: *const Cell,
    paging: *const u8,
    paging_n: usize,
    outcome: Outcome,
}

pub struct Outcome {
    code: Code,
    text: String,
    n_rows: usize,
    n_cols: usize,
    cells: Vec<Cell>,
    paging: Option<Box<[u8]>>,
    _frame: Option<QueryRowsResult>,
}

// the pointers of `cells` lead into `_frame`, which nobody changes
unsafe impl Send for Outcome {}

pub fn too_slow(ms: u32) -> String {
    format!("no answer within {ms} ms")
}

/// Whether asking again later may help.
fn code_of(e: &ExecutionError) -> Code {
    match e {
        ExecutionError::BadQuery(_) | ExecutionError::PrepareError(_) => Code::Refused,
        ExecutionError::LastAttemptError(RequestAttemptError::SerializationError(_)) => Code::Refused,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(db, _)) => match db {
            DbError::SyntaxError
            | DbError::Invalid
            | DbError::AlreadyExists { .. }
            | DbError::FunctionFailure { .. }
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::ConfigError
            | DbError::ProtocolError => Code::Refused,
            _ => Code::Unavailable,
        },
        _ => Code::Unavailable,
    }
}

impl Outcome {
    pub fn failed(code: Code, text: String) -> Self {
        let (n_rows, n_cols, cells) = (0, 0, Vec::new());
        Outcome { code, text, n_rows, n_cols, cells, paging: None, _frame: None }
    }

    pub fn of_error(e: &ExecutionError) -> Self {
        Outcome::failed(code_of(e), e.to_string())
    }

    pub fn of_rows(answer: QueryResult, next: Option<PagingStateResponse>) -> Self {
        if !answer.is_rows() {
            return Outcome::failed(Code::Ok, String::new());
        }
        match answer.into_rows_result() {
            Ok(frame) => Outcome::of_frame(frame, next),
            Err(e) => Outcome::failed(Code::Unavailable, e.to_string()),
        }
    }

    fn of_frame(frame: QueryRowsResult, next: Option<PagingStateResponse>) -> Self {
        let (n_rows, n_cols) = (frame.rows_num(), frame.column_specs().len());
        let cells = match cells_of(&frame, n_rows * n_cols) {
            Ok(cells) => cells,
            Err(text) => return Outcome::failed(Code::Unavailable, text),
        };
        let paging = next.and_then(|next| match next.into_paging_control_flow() {
            ControlFlow::Break(()) => None,
            ControlFlow::Continue(state) => state.as_bytes_slice().map(|bytes| Box::from(&bytes[..])),
        });
        let (code, text) = (Code::Ok, String::new());
        Outcome { code, text, n_rows, n_cols, cells, paging, _frame: Some(frame) }
    }
}

fn cells_of(frame: &QueryRowsResult, n: usize) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::with_capacity(n);
    for row in frame.rows::<ColumnIterator>().map_err(|e| e.to_string())? {
        for column in row.map_err(|e| e.to_string())? {
            let value = column.map_err(|e| e.to_string())?.slice;
            cells.push(match value.map(|slice| slice.as_slice()) {
                None => Cell { p: std::ptr::null(), n: -1 },
                // a frame is shorter than 2^31
                Some(bytes) => Cell { p: bytes.as_ptr(), n: bytes.len() as i32 },
            });
        }
    }
    Ok(cells)
}

impl ResultHandle {
    pub fn into_raw(outcome: Outcome) -> *mut ResultHandle {
        let (paging, paging_n) = match &outcome.paging {
            None => (std::ptr::null(), 0),
            Some(bytes) => (bytes.as_ptr(), bytes.len()),
        };
        Box::into_raw(Box::new(ResultHandle {
            code: outcome.code,
            text: outcome.text.as_ptr(),
            text_n: outcome.text.len(),
            n_rows: outcome.n_rows,
            n_cols: outcome.n_cols,
            cells: outcome.cells.as_ptr(),
            paging,
            paging_n,
            outcome,
        }))
    }
}
