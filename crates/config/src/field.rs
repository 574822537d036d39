//! A field of [`Config`](crate::Config) can be read from words and shown as text; how is a matter of its type,
//! between which bounds is a matter of its record.

use crate::config::Text;
use crate::error::Why;
use crate::kind::Kind;
use crate::text;

pub trait Field {
    /// Takes the words of a file's line, or of a `CONFIG SET`. On an error nothing is changed.
    fn read(&mut self, kind: &Kind, words: &[&[u8]]) -> Result<(), Why>;
    /// The answer to `CONFIG GET`.
    fn show(&self, kind: &Kind) -> Vec<u8>;
    /// What stands behind the name in a file: one entry per line.
    fn write(&self, kind: &Kind) -> Vec<Vec<u8>> {
        vec![self.show(kind)]
    }
}

/// The one word of a parameter that takes one.
pub(crate) fn only<'a>(words: &[&'a [u8]]) -> Result<&'a [u8], Why> {
    match words {
        [word] => Ok(word),
        _ => Err(Why::WrongCount),
    }
}

pub(crate) fn in_quotes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    text::quote(&mut out, text);
    out
}

impl Field for bool {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        *self = match only(words)?.to_ascii_lowercase().as_slice() {
            b"yes" => true,
            b"no" => false,
            _ => return Err(Why::NotYesNo),
        };
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        if *self { b"yes".into() } else { b"no".into() }
    }
}

macro_rules! number_fields {
    ($($number:ty)*) => {$(
        impl Field for $number {
            fn read(&mut self, kind: &Kind, words: &[&[u8]]) -> Result<(), Why> {
                let number = kind.read_number(only(words)?)?;
                *self = <$number>::try_from(number).expect("a record's bounds fit its field (params::tests)");
                Ok(())
            }

            fn show(&self, kind: &Kind) -> Vec<u8> {
                kind.show_number((*self).into()).into()
            }

            fn write(&self, kind: &Kind) -> Vec<Vec<u8>> {
                vec![kind.write_number((*self).into()).into()]
            }
        }
    )*};
}

number_fields!(u16 u32 i32 u64 i64);

impl Field for Text {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        *self = only(words)?.to_vec();
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        self.clone()
    }

    fn write(&self, _: &Kind) -> Vec<Vec<u8>> {
        vec![in_quotes(self)]
    }
}

impl Field for Option<Text> {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        let word = only(words)?;
        *self = (!word.is_empty()).then(|| word.to_vec());
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        self.clone().unwrap_or_default()
    }

    fn write(&self, _: &Kind) -> Vec<Vec<u8>> {
        vec![in_quotes(self.as_deref().unwrap_or_default())]
    }
}
