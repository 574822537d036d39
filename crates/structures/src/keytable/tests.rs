//! A table of entries against a map of plain values.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::entry::ValueRef;
use crate::table::Policy;

type Stored = (Vec<u8>, Option<i64>);

fn key(n: u16) -> Vec<u8> {
    format!("key:{n:0width$}", width = usize::from(n % 40)).into_bytes()
}

fn agree(table: &KeyTable<String>, model: &BTreeMap<Vec<u8>, Stored>) {
    table.verify();
    assert_eq!(table.len(), model.len());
    for (key, (value, expire)) in model {
        let entry = table.get(key, table.hash(key)).expect("is there");
        assert_eq!(entry.value(), ValueRef::Bytes { bytes: value, raw: false });
        assert_eq!(entry.expire(), *expire);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn keys_lead_to_their_entries(
        ops in proptest::collection::vec((0..6u8, 0..600u16, 0..300usize, proptest::option::of(0..9i64)), 1..400),
    ) {
        let mut table = KeyTable::new(Seed { k0: 1, k1: 2 });
        let mut model = BTreeMap::new();
        for (step, (what, n, len, expire)) in ops.into_iter().enumerate() {
            let (key, bytes) = (key(n), vec![n as u8; len]);
            let hash = table.hash(&key);
            match what {
                0..3 => {
                    match table.lookup_key(&key, hash) {
                        Lookup::Found(mut slot) => slot.replace_with(|entry| entry.with_bytes(&bytes, false, expire)),
                        Lookup::Absent(vacant) => {
                            vacant.insert(EntryBox::new_bytes(&key, &bytes, false, expire));
                        }
                    }
                    model.insert(key, (bytes, expire));
                }
                3 => {
                    let removed = table.remove(&key, hash).map(|entry| entry.key().to_vec());
                    prop_assert_eq!(removed, model.remove_entry(&key).map(|(key, _)| key));
                }
                4 => if let Some(entry) = table.get_mut(&key, hash)
                    && entry.try_overwrite_bytes(&bytes, false) {
                    model.get_mut(&key).expect("is there").0 = bytes;
                },
                _ => table.set_resize(if len % 3 == 0 { Policy::Avoid } else { Policy::Allow }),
            }
            if step % 16 == 0 {
                agree(&table, &model);
            }
        }
        agree(&table, &model);
    }
}

#[test]
fn sip_hash_is_the_published_one_with_fewer_rounds() {
    let hash = |key: &[u8]| hash_key(Seed { k0: 1, k1: 2 }, key);
    assert_eq!(hash(b"a key"), stdx::sip::hash(1, 2, b"a key"));
    assert_ne!(hash(b"a key"), hash_key(Seed { k0: 1, k1: 3 }, b"a key"));
}
