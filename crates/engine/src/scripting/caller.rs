//! Who answers `redis.call`: the way of a request for a client that exists only while a script runs.

use ::acl::Context;
use keyspace::Keyspace;
use resp::{Argv, Protocol};
use script::{Calls, FunctionSpec, Go, LogLevel, Replication};

use crate::acl;
use crate::client::Client;
use crate::command::Flags as CommandFlags;
use crate::engine::Ahead;
use crate::error::CommandError;
use crate::gate::Gate;
use crate::host::Host;
use crate::path;
use crate::registry::Registry;
use crate::state::ServerState;

pub(super) struct Caller<'a> {
    pub keyspace: &'a mut Keyspace,
    pub server: &'a mut ServerState,
    pub registry: &'a Registry,
    pub host: &'a mut dyn Host,
    /// The function, and the request that runs it.
    pub job: (&'a [u8], Argv<'a>),
    /// Whose script it is; it has what the client of scripts is called (`about`) meanwhile.
    pub owner: &'a mut Client,
    /// The script's own, with the owner's `about` and `tracking`.
    pub client: Box<Client>,
    /// It must not write.
    pub read_only: bool,
    /// What needs memory is not refused.
    pub allow_oom: bool,
    /// Memory was short when it began.
    pub short_of_memory: bool,
    pub replication: Replication,
    /// The last reply, if it is not whole in the outbox.
    pub scratch: Vec<u8>,
    /// Line of the error by which the last command was refused.
    pub refused: Option<String>,
}

/// Both are told: how each script begins.
pub(super) const REPLICATE_ALL: Replication = Replication { append_only_file: true, replicas: true };

impl Caller<'_> {
    /// Why a command must not run now.
    fn check(&mut self, argv: Argv<'_>, ahead: Ahead) -> Result<(), CommandError> {
        let Some(entry) = self.registry.get(ahead.command) else {
            return Err(CommandError::Line("ERR Unknown command called from script"));
        };
        let record = entry.record;
        if !entry.subcommands.is_empty() && argv.len() > 1 {
            return Err(CommandError::Line("ERR Unknown command called from script"));
        }
        if !record.arity.admits(argv.len()) {
            return Err(CommandError::Line("ERR Wrong number of args calling command from script"));
        }
        if record.flags.has(CommandFlags::NOSCRIPT) && !self.server.debug.all_in_scripts {
            return Err(CommandError::Line("ERR This Valkey command is not allowed from script"));
        }
        self.check_rules(argv, ahead.command)?;
        let writes = record.flags.has(CommandFlags::WRITE);
        if self.read_only && (writes || record.flags.has(CommandFlags::MAY_REPLICATE)) {
            return Err(CommandError::Line("ERR Write commands are not allowed from read-only scripts."));
        }
        let wrote = self.server.scripting.running.as_mut().map(|running| &mut running.wrote);
        let Some(wrote) = wrote else { return Ok(()) };
        // Who has written already is not stopped half way.
        if !self.allow_oom && self.short_of_memory && !*wrote && record.flags.has(CommandFlags::DENYOOM) {
            return Err(CommandError::Line("OOM command not allowed when used memory > 'maxmemory'."));
        }
        let started = *wrote;
        *wrote |= writes;
        if writes && !started && self.server.gate.meets(Gate::UNSAVED) {
            return Err(crate::aof::health::refusal(self.server));
        }
        Ok(())
    }

    /// The rules of the user whose script it is.
    fn check_rules(&mut self, argv: Argv<'_>, id: u16) -> Result<(), CommandError> {
        let Caller { server, registry, client, owner, .. } = self;
        let Err(denied) = acl::permitted(server, registry, client, id, argv) else { return Ok(()) };
        std::mem::swap(&mut client.about, &mut owner.about);
        acl::refused(server, registry, owner, (id, argv), denied, Context::Script);
        std::mem::swap(&mut client.about, &mut owner.about);
        let message = acl::message(server, server.access.users.name(client.user), id, denied);
        Err(CommandError::told(format!("ERR ACL failure in script: {message}")))
    }

    fn refuse(&mut self, line: &str, ahead: Ahead) {
        self.server.count_error(line);
        if let Some(stats) = self.server.commands.get_mut(ahead.command as usize) {
            stats.rejected += 1;
        }
        self.refused = Some(line.to_owned());
    }
}

impl Calls for Caller<'_> {
    fn call(&mut self, argv: Argv<'_>) -> bool {
        let size = argv.wire_size().min(u64::from(u32::MAX)) as u32;
        let ahead = Ahead::of(self.registry, self.keyspace, argv, size);
        if let Err(error) = self.check(argv, ahead) {
            self.refuse(&error.to_line(), ahead);
            return false;
        }
        // The feed is the append-only file's: what only replicas are to be told is not for it.
        let muted = self.server.feed.mute(!self.replication.append_only_file);
        let Caller { keyspace, server, registry, host, client, owner, .. } = self;
        path::run_with_care(keyspace, server, registry, &mut **host, client, argv, ahead);
        server.feed.mute(muted);
        owner.total_commands += 1;
        true
    }

    fn reply(&mut self) -> &[u8] {
        if let Some(line) = &self.refused {
            return line.as_bytes();
        }
        if self.client.out.blocks() > 0 {
            let mut slices = Vec::new();
            self.client.out.slices(&mut slices);
            self.scratch = slices.concat();
            return &self.scratch;
        }
        self.client.out.single().unwrap_or_default()
    }

    fn done(&mut self) {
        self.refused = None;
        if self.client.out.blocks() > 0 {
            self.client.out.clear();
            self.client.out.lend(&mut self.server.reply_pool);
            self.scratch = Vec::new();
        } else {
            self.client.out.buffer().clear();
        }
    }

    fn set_protocol(&mut self, protocol: Protocol) {
        self.client.out.protocol = protocol;
    }

    fn set_replication(&mut self, to: Replication) {
        self.replication = to;
    }

    fn log(&mut self, level: LogLevel, line: &[u8]) {
        super::log(self.host, level, line);
    }

    fn may_run(&mut self, argv: Argv<'_>) -> Option<bool> {
        let (command, _) = self.registry.find(argv);
        let entry = self.registry.get(command)?;
        let known = entry.subcommands.is_empty() || argv.len() == 1;
        known.then(|| acl::permitted(self.server, self.registry, &self.client, command, argv).is_ok())
    }

    fn clock_s(&mut self) -> f64 {
        let cpu = self.host.cpu();
        (cpu.user_us + cpu.system_us) as f64 / 1e6
    }

    fn tick(&mut self) -> Go {
        super::run::tick(self)
    }

    fn register(&mut self, _: FunctionSpec) -> Result<(), String> {
        Err("server.register_function can only be called on FUNCTION LOAD command".to_owned())
    }
}

/// No memory for an interpreter.
pub(super) const NO_MACHINE: CommandError = CommandError::Line("ERR not enough memory for the interpreter");
