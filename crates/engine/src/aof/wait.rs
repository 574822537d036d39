//! WAITAOF: a client waits until what was done so far is on the disk.
//!
//! Its gate AWAITS is up meanwhile, so that nothing else of it runs; the answer is written when it is over. There are
//! no replicas: who waits for one waits until its time is up.

use super::Mode;
use crate::blocked::{Release, Timeout};
use crate::client::ClientSlot;
use crate::ctx::Ctx;
use crate::error::{CommandError, Result};
use crate::gate::Gate;
use crate::state::{Effect, ServerState};

/// What they are told who wait for what is not written at all.
pub const DISABLED: CommandError =
    CommandError::Line("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");

#[derive(Debug)]
struct Waiting {
    slot: ClientSlot,
    id: u64,
    /// What must be on the disk; told when it was handed over.
    offset: Option<u64>,
    deadline_us: Option<u64>,
    local: bool,
    replicas: bool,
}

#[derive(Debug, Default)]
pub struct Waits(Vec<Waiting>);

impl Waits {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Clients that wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn first_deadline_us(&self) -> Option<u64> {
        self.0.iter().filter_map(|waiting| waiting.deadline_us).min()
    }
}

/// Whether everything up to this offset is on the disk, and counts.
fn is_durable(server: &ServerState, offset: u64) -> bool {
    server.aof.mode == Mode::On && server.aof.log.durable() >= offset
}

impl Ctx<'_> {
    /// Has the client wait until what was done so far is on the disk here (`local`) and on replicas, and answers.
    pub fn wait_aof(&mut self, local: bool, replicas: bool, timeout: Timeout) -> Result {
        if local && self.server.aof.mode == Mode::Off {
            return Err(DISABLED);
        }
        let done =
            self.server.feed.units().is_empty() && is_durable(self.server, self.server.aof.log.handed());
        if !self.may_block() || (done || !local) && !replicas {
            self.client.out.array(2);
            self.client.out.integer(i64::from(done));
            self.client.out.integer(0);
            return Ok(());
        }
        let deadline_us = timeout.deadline_us(self.server.mono_us);
        self.server.effects.extend(deadline_us.map(Effect::WakeAt));
        self.client.gate.set(Gate::AWAITS, true);
        let (slot, id) = (self.client.slot, self.client.id);
        self.server.aof.waits.0.push(Waiting { slot, id, offset: None, deadline_us, local, replicas });
        Ok(())
    }
}

/// Answers those who need not, or may not, wait any longer.
pub(super) fn step(server: &mut ServerState) {
    if server.aof.waits.is_empty() {
        return;
    }
    let handed = server.aof.log.handed();
    let now_us = server.mono_us;
    let mut waits = std::mem::take(&mut server.aof.waits.0);
    waits.retain_mut(|waiting| {
        let offset = *waiting.offset.get_or_insert(handed);
        let durable = is_durable(server, offset);
        let over = waiting.deadline_us.is_some_and(|at_us| at_us <= now_us);
        let disabled = waiting.local && server.aof.mode == Mode::Off;
        let answer = if disabled { Err(DISABLED) } else { Ok(durable) };
        let done = disabled || over || ((durable || !waiting.local) && !waiting.replicas);
        if done {
            self::answer(server, waiting, answer);
        }
        !done && server.clients.get(waiting.slot).is_some_and(|client| client.id == waiting.id)
    });
    server.aof.waits.0 = waits;
}

fn answer(server: &mut ServerState, waiting: &Waiting, answer: std::result::Result<bool, CommandError>) {
    let line = answer.as_ref().err().map(CommandError::to_line);
    if let Some(line) = &line {
        server.count_error(line);
    }
    let Some(mut client) = server.clients.take(waiting.slot) else { return };
    if client.id == waiting.id {
        client.gate.set(Gate::AWAITS, false);
        client.out.lend(&mut server.reply_pool);
        match line {
            Some(line) => client.out.error(&line),
            None => {
                client.out.array(2);
                client.out.integer(i64::from(answer.is_ok_and(|durable| durable)));
                client.out.integer(0);
            }
        }
        server.resumed.push(waiting.slot);
    }
    server.put_back(client);
}

/// CLIENT UNBLOCK. False if the client does not wait.
pub(crate) fn release(server: &mut ServerState, slot: ClientSlot, how: Release) -> bool {
    let Some(at) = server.aof.waits.0.iter().position(|waiting| waiting.slot == slot) else { return false };
    let waiting = server.aof.waits.0.swap_remove(at);
    let durable = waiting.offset.is_some_and(|offset| is_durable(server, offset));
    let how = match how {
        Release::TimeUp => Ok(durable),
        Release::Error => Err(CommandError::Line("UNBLOCKED client unblocked via CLIENT UNBLOCK")),
    };
    answer(server, &waiting, how);
    true
}
