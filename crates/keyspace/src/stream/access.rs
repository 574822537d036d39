//! The stream under a key.

use structures::entry::{Entry, EntryBox, NewValue, ValueMut, ValueRef};

use super::Stream;
use crate::db::{DbMut, Key};
use crate::value::{Type, Value, WrongType};

impl Stream {
    /// The stream in an entry.
    pub fn of(entry: &Entry<Value>) -> Result<&Stream, WrongType> {
        match entry.value() {
            ValueRef::Boxed(Value::Stream(stream)) => Ok(stream),
            _ => Err(WrongType),
        }
    }

    /// The same, to be changed.
    #[inline]
    pub fn of_mut(entry: &mut Entry<Value>) -> Result<&mut Stream, WrongType> {
        match entry.value_mut() {
            ValueMut::Boxed(Value::Stream(stream)) => Ok(stream),
            _ => Err(WrongType),
        }
    }
}

impl<'k> DbMut<'k> {
    /// The stream under a key, for reading: expires, counts, touches.
    pub fn stream(self, key: Key<'_>) -> Result<Option<&'k Stream>, WrongType> {
        self.read(key).map(Stream::of).transpose()
    }

    /// The stream under a key, to be changed. A stream without entries stays: its ids and groups count.
    #[inline]
    pub fn stream_mut(self, key: Key<'_>) -> Result<Option<&'k mut Stream>, WrongType> {
        self.write(key).map(Stream::of_mut).transpose()
    }

    /// Puts a stream under a key that is not there.
    pub fn add_stream(&mut self, key: Key<'_>, stream: Stream) {
        // An expired one that is hidden, while expiry is held, gives way.
        drop(self.remove(key));
        let value = Box::new(Value::Stream(Box::new(stream)));
        let entry = EntryBox::new(key.bytes, NewValue::Boxed { type_bits: Type::Stream as u8, value }, None);
        entry.set_access(self.env.fresh_access());
        self.adopt(key, entry);
    }
}
