//! Files and payloads from anywhere: refused with an offset, or loaded into what keeps every invariant.

use keyspace::{Keyspace, Seed, ValueRef};
use persist::file::{Item, Loader, Options};
use persist::{Modules, Settings, Trust, Version, dump};

const WARY: Trust = Trust { any_version: false, checksum: true, check_duplicates: true };

fn keyspace() -> Keyspace {
    let mut keyspace = Keyspace::new(2, Seed { k0: 1, k1: 2 }, 3);
    keyspace.env.set_now(1_750_000_000_000);
    keyspace
}

/// A whole file, its checksum left aside.
pub fn snapshot(bytes: &[u8]) {
    let mut keyspace = keyspace();
    let options = Options {
        any_version: true,
        checksum: false,
        modules: Modules::Skip,
        check_duplicates: true,
        databases: 2,
    };
    let Ok(mut loader) = Loader::new(bytes, Some(bytes.len() as u64), options) else { return };
    loop {
        match loader.next(&keyspace.env) {
            Ok(Item::End) => break,
            Ok(Item::Record(record)) => {
                let hash = keyspace.hash(record.entry.key());
                // A key that is there twice is refused by who loads.
                drop(keyspace.db(record.db).insert(hash, record.entry));
            }
            Ok(_) => {}
            Err(error) => {
                assert!(error.offset <= bytes.len() as u64, "{error}");
                break;
            }
        }
    }
    verify(&keyspace);
}

/// The value of a payload; version and checksum are added. What was taken is dumped, and taken again.
pub fn restore(bytes: &[u8]) {
    for version in [11u16, 12, 80] {
        let mut payload = [bytes, &version.to_le_bytes()].concat();
        let sum = stdx::crc::crc64(0, &payload);
        payload.extend_from_slice(&sum.to_le_bytes());
        let mut keyspace = keyspace();
        let Ok(value) = persist::restore(&payload, &keyspace.env, WARY) else { continue };
        let key = keyspace.key(b"k");
        value.store(keyspace.db(0), key, None);
        verify(&keyspace);
        let settings = Settings { version: Version(version), compress: true };
        let entry = keyspace.look(0).table().get(b"k", key.hash);
        let again = dump(entry.expect("stored"), settings);
        assert!(persist::restore(&again, &keyspace.env, WARY).is_ok());
    }
}

fn verify(keyspace: &Keyspace) {
    keyspace.verify();
    for (_, db) in keyspace.all() {
        for entry in db.table().iter() {
            if let ValueRef::Boxed(value) = entry.value() {
                value.verify();
            }
        }
    }
}
