//! `# Keyspace`: a line for each database that is not empty.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section =
    Section { title: "Keyspace", names: &["keyspace"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    for (index, db) in facts.keyspace.all().filter(|(_, db)| !db.is_empty()) {
        // The average is the cycle's and lags behind; without volatile keys there is none.
        let avg_ttl = if db.volatile() == 0 { 0 } else { db.avg_ttl_ms };
        text.field(
            &format!("db{index}"),
            format_args!(
                "keys={},expires={},avg_ttl={avg_ttl},keys_with_volatile_items={}",
                db.len(),
                db.volatile(),
                db.volatile_hashes()
            ),
        );
    }
}
