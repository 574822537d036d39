//! Which keys were looked for: a record for tests, which builds with debug assertions keep and others do not have.
//!
//! Whoever decides by a request's words what it may touch ([`crate::Key`]s that access control has checked) must have
//! found all of them; this tells what was touched in truth.

use std::cell::RefCell;

thread_local! {
    static LOOKED: RefCell<Option<Vec<Vec<u8>>>> = const { RefCell::new(None) };
}

/// Begins a record of what this thread looks for.
pub fn record() {
    LOOKED.set(Some(Vec::new()));
}

/// Ends it. The keys, in the order of being looked for, as often as they were.
pub fn recorded() -> Vec<Vec<u8>> {
    LOOKED.take().unwrap_or_default()
}

pub(crate) fn note(key: &[u8]) {
    LOOKED.with_borrow_mut(|looked| {
        if let Some(looked) = looked {
            looked.push(key.to_vec());
        }
    });
}
