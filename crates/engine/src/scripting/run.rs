//! Running a script: before, during, after.

use keyspace::Keyspace;
use resp::{Argv, Protocol};
use script::{Failure, Flag, Function, Go, Kind, Machine};

use super::caller::{Caller, NO_MACHINE, REPLICATE_ALL};
use super::{Flags, Header, Running, script_client, take_machine};
use crate::command::Flags as CommandFlags;
use crate::ctx::Ctx;
use crate::engine::{Engine, Setup};
use crate::error::{CommandError, Result};
use crate::gate::Gate;
use crate::host::{Host, Level};
use crate::path::checks;
use crate::registry::Registry;
use crate::state::ServerState;
use crate::tracking::Who;

/// What holds for a client's scripts as for itself.
const INHERITED: Gate = Gate::NO_TOUCH.and(Gate::RESTRICTED).and(Gate::TRACKING).and(Gate::IMPORT_SOURCE);

/// What is to be run.
pub struct Job<'a> {
    kind: Kind,
    function: Function,
    flags: Flags,
    name: &'a [u8],
    keys: Argv<'a>,
    args: Argv<'a>,
    /// Called by a command that lets scripts only read.
    read_only: bool,
}

impl<'a> Ctx<'a> {
    /// The script of a text, compiled if it is new. `evaled`: it may be forgotten again.
    pub fn script_of(&mut self, text: &[u8], evaled: bool) -> Result<usize> {
        let hash = self.keyspace.hash(text);
        if let Some(index) = self.server.scripting.cache.find_text(hash, text) {
            if !evaled {
                self.server.scripting.cache.pin(index);
            }
            return Ok(index);
        }
        let header = Header::of_script(text)?;
        let mut machine = self.machine(Kind::Eval)?;
        let compiled = machine.compile(&text[header.code_at..]);
        let added = compiled.map(|function| {
            let cache = &mut self.server.scripting.cache;
            let (index, dropped) = cache.add(hash, text, function, header.flags, evaled);
            if let Some(function) = dropped {
                machine.forget(function);
                self.server.totals.evicted_scripts += 1;
            }
            index
        });
        self.put_machine(Kind::Eval, machine);
        added.map_err(|why| CommandError::told(format!("ERR Error compiling script (new function): {why}")))
    }

    pub(super) fn machine(&mut self, kind: Kind) -> Result<Machine> {
        if self.server.scripting.running.is_some() {
            return Err(CommandError::Line("ERR a script is running"));
        }
        let seed = self.keyspace.env.rng.u32(..);
        take_machine(self.server, kind, seed).ok_or(NO_MACHINE)
    }

    pub(super) fn put_machine(&mut self, kind: Kind, machine: Machine) {
        *self.server.scripting.machine(kind) = Some(machine);
    }

    /// Runs a cached script; words 3 on are keys and arguments, `keys` of them keys.
    pub fn run_script(&mut self, index: usize, keys: usize, read_only: bool) -> Result {
        let Some(script) = self.server.scripting.cache.get(index) else {
            return Err(CommandError::Line("NOSCRIPT No matching script."));
        };
        let (function, flags) = (script.function, script.flags.clone());
        let (keys, args) = self.words(keys);
        self.run_job(Job { kind: Kind::Eval, function, flags, name: b"", keys, args, read_only })
    }

    /// Runs a function of a library, likewise.
    pub fn run_function(&mut self, keys: usize, read_only: bool) -> Result {
        let name = self.argv.at(1);
        let Some(found) = self.server.scripting.libraries.function(name) else {
            return Err(CommandError::Line("ERR Function not found"));
        };
        let (function, flags) = (found.code, Flags { undeclared: false, list: found.flags.clone() });
        let (keys, args) = self.words(keys);
        self.run_job(Job { kind: Kind::Functions, function, flags, name, keys, args, read_only })
    }

    /// Keys and other arguments.
    fn words(&self, keys: usize) -> (Argv<'a>, Argv<'a>) {
        let words = self.argv.from(3);
        (words.to(keys), words.from(keys))
    }

    fn run_job(&mut self, job: Job<'a>) -> Result {
        let short_of_memory = !checks::has_room(self.keyspace, self.server, self.host, CommandFlags::DENYOOM);
        check_flags(&job, short_of_memory, self.server.gate.meets(Gate::UNSAVED))?;
        let mut machine = self.machine(job.kind)?;
        let began = self.server.last_tick;
        self.server.scripting.running = Some(Running {
            eval: job.kind == Kind::Eval,
            name: Vec::new(),
            command: Vec::new(),
            began_us: self.server.mono_us,
            wrote: false,
            killed: false,
            busy: false,
            aborted: false,
        });
        self.server.depth += 1;
        let (ended, protocol) = self.enter(&mut machine, &job, short_of_memory);
        self.server.depth -= 1;
        self.server.scripting.running = None;
        self.server.gate.set(Gate::BUSY, false);
        // The whole time is that of this command.
        self.server.last_tick = began;
        let result = self.answer_script(&mut machine, ended, protocol);
        self.put_machine(job.kind, machine);
        result
    }

    fn enter(
        &mut self,
        machine: &mut Machine,
        job: &Job<'_>,
        short_of_memory: bool,
    ) -> (std::result::Result<(), Failure>, Protocol) {
        let mut client = self.server.scripting.client.take().unwrap_or_else(script_client);
        client.db = self.client.db;
        client.out.protocol = Protocol::Resp2;
        client.gate = self.client.gate.only(INHERITED);
        client.user = self.client.user;
        let owner = Who::of(self.client);
        std::mem::swap(&mut client.about, &mut self.client.about);
        client.about.acts_for = Some(owner);
        client.tracking = self.client.tracking.take();
        client.out.lend(&mut self.server.reply_pool);
        let mut caller = Caller {
            keyspace: &mut *self.keyspace,
            server: &mut *self.server,
            registry: self.registry,
            host: &mut *self.host,
            owner: &mut *self.client,
            client,
            read_only: job.read_only || job.flags.has(Flag::NoWrites),
            allow_oom: job.flags.has(Flag::AllowOom),
            short_of_memory,
            job: (job.name, self.argv),
            replication: REPLICATE_ALL,
            scratch: Vec::new(),
            refused: None,
        };
        let ended = machine.run(job.function, job.keys, job.args, &mut caller);
        let mut client = caller.client;
        client.about.acts_for = None;
        std::mem::swap(&mut client.about, &mut self.client.about);
        self.client.tracking = client.tracking.take();
        let protocol = client.out.protocol;
        self.server.scripting.client = Some(client);
        (ended, protocol)
    }

    /// Tells the client what a script answered, or what stopped it.
    fn answer_script(
        &mut self,
        machine: &mut Machine,
        ended: std::result::Result<(), Failure>,
        script: Protocol,
    ) -> Result {
        match ended {
            Ok(()) => {
                let protocol = self.client.out.protocol;
                let errors = machine.answer(self.client.out.buffer(), protocol, script);
                self.client.out.settle();
                for line in errors {
                    self.server.count_custom_error(&String::from_utf8_lossy(&line));
                }
                Ok(())
            }
            Err(failure) => {
                let line = String::from_utf8_lossy(&failure.line).into_owned();
                if !failure.counted {
                    self.server.count_custom_error(&line);
                }
                Err(CommandError::Counted(line))
            }
        }
    }
}

/// What a script declares must fit how it is called, and how the server is.
fn check_flags(job: &Job<'_>, short_of_memory: bool, unsaved: bool) -> Result {
    if job.flags.undeclared {
        return Ok(());
    }
    if !job.flags.has(Flag::NoWrites) && job.read_only {
        return Err(CommandError::Line("ERR Can not execute a script with write flag using *_ro command."));
    }
    if short_of_memory && !job.flags.has(Flag::AllowOom) && !job.flags.has(Flag::NoWrites) {
        let line =
            "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
        return Err(CommandError::Line(line));
    }
    if unsaved && !job.flags.has(Flag::NoWrites) {
        return Err(CommandError::Line(concat!(
            "MISCONF Redstart is configured to save RDB snapshots, but it's currently unable to persist to disk. ",
            "Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
        )));
    }
    Ok(())
}

/// A script that has run for a while asks whether it may go on. Others are served meanwhile once it is slow.
pub(super) fn tick(caller: &mut Caller<'_>) -> Go {
    let Caller { server, host, job: (name, argv), .. } = caller;
    let threshold_us = server.config.busy_reply_threshold.saturating_mul(1000);
    let now_us = host.mono_us();
    let Some(running) = &mut server.scripting.running else { return Go::On };
    if threshold_us == 0 || now_us.saturating_sub(running.began_us) < threshold_us {
        return Go::On;
    }
    if !std::mem::replace(&mut running.busy, true) {
        running.name = name.to_vec();
        running.command = argv.iter().map(<[u8]>::to_vec).collect();
        let how = if running.eval { "SCRIPT KILL" } else { "FUNCTION KILL" };
        host.log(Level::Warning, &format!("Slow script detected; {how} would end it."));
    }
    // While the append-only file is loaded that is what others are told.
    server.gate.set(Gate::BUSY, !server.gate.meets(Gate::LOADING));
    serve_meanwhile(caller.keyspace, caller.server, &mut *caller.host);
    match caller.server.scripting.running.as_ref() {
        Some(running) if running.aborted => Go::Stop("Script ended, since the server shuts down."),
        Some(running) if running.killed && running.eval => {
            Go::Stop("Script killed by user with SCRIPT KILL.")
        }
        Some(running) if running.killed => Go::Stop("Script killed by user with FUNCTION KILL."),
        _ => Go::On,
    }
}

/// Has the host serve other clients, to which a whole engine is lent; time stands still for the script.
fn serve_meanwhile(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    let Some(registry) = server.scripting.registry.clone() else { return };
    let spare = Engine::new(Setup {
        config: config::Config::default(),
        config_file: None,
        registry: Registry::new(&[]),
        seed: keyspace::Seed { k0: 0, k1: 0 },
        dice: 0,
        ticks: server.ticks,
        ticks_per_us: server.ticks_per_us,
        wall_us: server.wall_us,
        mono_us: server.mono_us,
    });
    let (wall_us, mono_us) = (server.wall_us, server.mono_us);
    let lent = Engine {
        keyspace: std::mem::replace(keyspace, spare.keyspace),
        server: std::mem::replace(server, spare.server),
        registry,
    };
    let mut back = host.serve_meanwhile(lent);
    back.set_time(wall_us, mono_us);
    *keyspace = back.keyspace;
    *server = back.server;
}
