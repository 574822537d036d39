//! Where the memory is: one reckoning for INFO, MEMORY STATS and MEMORY DOCTOR.

use crate::client::Client;
use crate::info::Facts;

/// Bytes, unless it says otherwise.
#[derive(Clone, Debug, Default)]
pub struct MemoryReport {
    pub used: u64,
    pub peak: u64,
    pub startup: u64,
    /// Of clients, queries and replies included.
    pub clients: u64,
    /// Everything that is not keys and values.
    pub overhead: u64,
    pub dataset: u64,
    pub resident: u64,
    pub allocator_resident: u64,
    pub total_system: u64,
    pub keys: u64,
    /// Number and bytes of the tables of each database in use.
    pub databases: Vec<(u32, u64)>,
    /// Bytes of all tables, and databases of which a table is being rehashed.
    pub tables: u64,
    pub rehashing_bytes: u64,
    pub rehashing_databases: u64,
}

impl MemoryReport {
    pub fn of(facts: &Facts<'_>) -> MemoryReport {
        let host = facts.host.memory();
        let used = if host.used > 0 { host.used } else { facts.host.used_memory() };
        let mut report = MemoryReport {
            used,
            peak: facts.server.totals.peak_memory.max(used),
            startup: facts.server.startup_memory.min(used),
            clients: facts.clients().map(Client::memory).sum::<usize>() as u64,
            resident: host.resident,
            allocator_resident: host.allocator_resident.max(used),
            total_system: host.total,
            ..MemoryReport::default()
        };
        report.add_databases(facts);
        let databases: u64 = report.databases.iter().map(|(_, bytes)| bytes).sum();
        report.overhead = (report.startup + report.clients + databases).min(used);
        report.dataset = used - report.overhead;
        report
    }

    fn add_databases(&mut self, facts: &Facts<'_>) {
        for (index, db) in facts.keyspace.all() {
            self.keys += db.len() as u64;
            let table = db.table().memory() as u64;
            self.tables += table;
            if db.table().is_rehashing() {
                self.rehashing_databases += 1;
                self.rehashing_bytes += table;
            }
            // The peers show every database that was ever used; here: that holds a table, or somebody works in.
            if index == 0 || table > 0 || facts.clients().any(|client| client.db == index) {
                self.databases.push((index, db.overhead() as u64));
            }
        }
    }

    /// What was allocated since the start.
    pub fn net(&self) -> u64 {
        (self.used - self.startup).max(1)
    }

    pub fn dataset_percent(&self) -> f64 {
        percent(self.dataset, self.net())
    }

    pub fn peak_percent(&self) -> f64 {
        percent(self.used, self.peak)
    }

    /// Bytes resident per byte in use.
    pub fn fragmentation(&self) -> f64 {
        ratio(self.resident, self.used)
    }

    /// The allocator's own pages per byte in use.
    pub fn allocator_rss(&self) -> f64 {
        ratio(self.allocator_resident, self.used)
    }

    pub fn rss_overhead(&self) -> f64 {
        ratio(self.resident, self.allocator_resident)
    }

    pub fn bytes_per_key(&self) -> u64 {
        self.dataset.checked_div(self.keys).unwrap_or(0)
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * ratio(part, whole)
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
