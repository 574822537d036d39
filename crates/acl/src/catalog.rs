//! The commands as access control knows them: numbers, names that renaming does not change, categories.

use std::collections::HashMap;

/// One command or subcommand.
#[derive(Clone, Debug)]
pub struct Known {
    /// Lower case; `config|get`.
    pub name: String,
    pub subcommands: Vec<u16>,
    /// It is a subcommand.
    pub nested: bool,
    /// A bit for each category, in the order of [`Catalog::categories`].
    pub categories: u64,
    /// It may be run before, and so by, anybody (AUTH, HELLO).
    pub free: bool,
}

/// All commands, by number, and the names of the categories.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    commands: Vec<Known>,
    by_name: HashMap<Vec<u8>, u16>,
    categories: &'static [&'static str],
}

impl Catalog {
    /// `commands[n]` is the command with the number `n`; at most 64 categories.
    pub fn new(categories: &'static [&'static str], commands: Vec<Known>) -> Self {
        let by_name = commands
            .iter()
            .enumerate()
            .map(|(id, known)| (known.name.clone().into_bytes(), id as u16))
            .collect();
        Catalog { commands, by_name, categories }
    }

    pub fn categories(&self) -> &'static [&'static str] {
        self.categories
    }

    /// The bit of a category, by its name in any case (without `@`).
    pub fn category(&self, name: &[u8]) -> Option<u64> {
        let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
        self.categories.iter().position(|known| is(known)).map(|at| 1 << at)
    }

    /// The number of a command by its full name, in any case.
    pub fn lookup(&self, name: &[u8]) -> Option<u16> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    pub fn get(&self, id: u16) -> Option<&Known> {
        self.commands.get(usize::from(id))
    }

    pub fn len(&self) -> usize {
        self.commands.len()
    }

    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The numbers of all commands in a category.
    pub fn members(&self, category: u64) -> impl Iterator<Item = u16> {
        let is_in = move |known: &Known| known.categories & category != 0;
        self.commands.iter().enumerate().filter(move |(_, known)| is_in(known)).map(|(id, _)| id as u16)
    }
}
