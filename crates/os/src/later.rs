//! Dropping values on a background thread, so that freeing them costs the loop nothing.
//!
//! **Invariants**
//! 1. The thread starts with the first value (invariant 3 of the crate).
//! 2. `pending` counts a value from the moment it is handed over until it is dropped.
//! 3. Should there be no thread to be had, the value is dropped at once.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

type Value = Box<dyn Any + Send>;

#[derive(Default)]
pub(crate) struct Later {
    to: Option<Sender<Value>>,
    pending: Arc<AtomicUsize>,
}

impl Later {
    pub fn drop(&mut self, value: Value) {
        if self.to.is_none() {
            self.to = start(self.pending.clone());
        }
        let Some(to) = &self.to else {
            return;
        };
        self.pending.fetch_add(1, Ordering::Relaxed);
        // The thread lives as long as this sender: it gives the value back only if it died in a destructor.
        if to.send(value).is_err() {
            self.pending.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }
}

fn start(pending: Arc<AtomicUsize>) -> Option<Sender<Value>> {
    let (to, from) = channel();
    let thread = std::thread::Builder::new().name("lazy_free".into());
    thread.spawn(move || run(from, &pending)).ok().map(|_| to)
}

fn run(from: Receiver<Value>, pending: &AtomicUsize) {
    for value in from {
        drop(value);
        pending.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_dropped_elsewhere_and_counted_until_then() {
        let mut later = Later::default();
        let (done, dropped) = channel::<()>();
        let (go, wait) = channel::<()>();
        struct Slow(Receiver<()>, #[allow(dead_code)] Sender<()>);
        impl Drop for Slow {
            fn drop(&mut self) {
                let _ = self.0.recv();
            }
        }
        later.drop(Box::new(Slow(wait, done)));
        assert_eq!(later.pending(), 1);
        go.send(()).unwrap();
        assert!(dropped.recv().is_err());
        while later.pending() > 0 {
            std::thread::yield_now();
        }
    }
}
