//! Types, and the values that do not fit into the allocation of their key.

use structures::entry::{Entry, ValueRef};

/// The type of a value, as TYPE prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Type {
    String = 0,
    List = 1,
    Set = 2,
    SortedSet = 3,
    Hash = 4,
    Stream = 5,
}

impl Type {
    pub const ALL: [Type; 6] =
        [Type::String, Type::List, Type::Set, Type::SortedSet, Type::Hash, Type::Stream];

    pub fn of(entry: &Entry<Value>) -> Type {
        Type::ALL[usize::from(entry.type_bits()).min(Type::ALL.len() - 1)]
    }

    pub fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::List => "list",
            Type::Set => "set",
            Type::SortedSet => "zset",
            Type::Hash => "hash",
            Type::Stream => "stream",
        }
    }

    pub fn named(name: &[u8]) -> Option<Type> {
        Type::ALL.into_iter().find(|t| t.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// A value with an allocation of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string longer than [`crate::EMBED_MAX`], or one that grew step by step.
    Bytes(Vec<u8>),
}

impl Value {
    /// Bytes that it holds beside the entry.
    pub fn memory(&self) -> usize {
        match self {
            Value::Bytes(bytes) => size_of::<Value>() + bytes.capacity(),
        }
    }
}

/// The key holds another type than the command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// What OBJECT ENCODING says.
pub fn encoding(entry: &Entry<Value>) -> &'static str {
    match entry.value() {
        ValueRef::Int(_) => "int",
        ValueRef::Bytes { raw: true, .. } | ValueRef::Boxed(Value::Bytes(_)) => "raw",
        ValueRef::Bytes { bytes, .. } => match bytes.len() {
            0..=44 => "embstr",
            _ => "raw",
        },
    }
}
