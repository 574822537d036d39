//! From a configuration to a running server, and its end.

use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use config::{Choice, Config};
use engine::engine::Setup;
use engine::{Engine, Registry};
use os::RealWorld;
use server::Server;
use world::{Clock, Disk, Entropy, Level, Log, Process};

use crate::options::{Serve, VERSION};

/// Names of the commands by their index, for the crash report.
static NAMES: OnceLock<Vec<String>> = OnceLock::new();

pub fn serve(wish: Serve) -> ExitCode {
    let Serve { mut config, loaded, file, multiplexer } = wish;
    if config.daemonize
        && let Err(error) = os::daemonize()
    {
        return fail(&format!("Can't become a daemon: {error}"));
    }
    if config.disable_thp {
        os::disable_huge_pages();
    }
    alloc_count::own_this_thread();
    let mut world = match world_for(&config, multiplexer.as_deref()) {
        Ok(world) => world,
        Err(line) => return fail(&line),
    };
    if let Err(line) = prepare(&mut world, &mut config) {
        return fail_logged(&mut world, &line);
    }
    let registry = match registry(&loaded.renames) {
        Ok(registry) => registry,
        Err(line) => return fail_logged(&mut world, &line),
    };
    greet(&mut world, &config, file.as_deref(), &loaded.notes);
    if let Err(line) = server::encryption::apply(&mut world, &config) {
        world.log(Level::Warning, &line);
        return fail_logged(&mut world, "Failed to configure TLS. Check logs for more info.");
    }
    let mut server = Server::new(engine(&mut world, config, file, registry));
    server.adjust_oom_score(&mut world);
    if let Err(line) = server.load_users(&mut world, &loaded.users) {
        return fail_logged(&mut world, &line);
    }
    if let Err(line) = server.listen(&mut world) {
        world.log(Level::Warning, &format!("Failed listening on port: {line}"));
        return fail(&line);
    }
    run(&mut world, &mut server)
}

/// The world that a configuration asks for: where to log, which multiplexer.
fn world_for(config: &Config, multiplexer: Option<&str>) -> Result<RealWorld, String> {
    let logfile = String::from_utf8_lossy(&config.logfile).into_owned();
    let options = os::Options {
        multiplexer,
        logfile: Some(logfile.as_str()).filter(|name| !name.is_empty()),
        syslog: config.syslog_enabled.then(|| os::Syslog {
            ident: String::from_utf8_lossy(&config.syslog_ident).into_owned(),
            facility: config.syslog_facility.name().to_owned(),
        }),
        level: server::host::log_level(config.loglevel),
    };
    let world = RealWorld::new(&options).map_err(|error| match logfile.is_empty() {
        true => format!("Can't start: {error}"),
        false => format!("Can't open the log file '{logfile}', or start: {error}"),
    })?;
    Ok(world)
}

/// What must work before anything else makes sense: the folder, signals, descriptors.
fn prepare(world: &mut RealWorld, config: &mut Config) -> Result<(), String> {
    let dir = String::from_utf8_lossy(&config.dir).into_owned();
    world.enter(Path::new(&dir)).map_err(|error| format!("Can't chdir to '{dir}': {error}"))?;
    config.dir = world.here().into_os_string().into_encoded_bytes();
    for name in world.remove_leftovers() {
        world.log(Level::Notice, &format!("Removed {name}, which a process that is no more has left behind"));
    }
    world.install_signals().map_err(|error| format!("Can't install signal handlers: {error}"))?;
    if let Some(list) = config.server_cpulist.as_ref().filter(|list| !list.is_empty()) {
        let list = String::from_utf8_lossy(list).into_owned();
        world
            .bind_to_processors(&list)
            .map_err(|error| format!("Can't bind to processors '{list}' (server-cpulist): {error}"))?;
    }
    if config.crash_log_enabled {
        world
            .install_crash_report(&format!("Redstart {VERSION}"), crash_context)
            .map_err(|error| format!("Can't install the crash report: {error}"))?;
    }
    // 32 descriptors for files, listeners and the like.
    let wanted = u64::from(config.maxclients) + 32;
    let open = world.open_files(wanted);
    if open < wanted {
        config.maxclients = u32::try_from(open.saturating_sub(32)).unwrap_or(u32::MAX).max(1);
        let line = format!(
            "The limit of open files is {open}: maxclients has been lowered to {}. `ulimit -n {wanted}` before the start raises it.",
            config.maxclients
        );
        world.log(Level::Warning, &line);
    }
    Ok(())
}

fn registry(renames: &[(Vec<u8>, Vec<u8>)]) -> Result<Registry, String> {
    let mut registry = commands::registry();
    for (from, to) in renames {
        let to = String::from_utf8_lossy(to).into_owned();
        if !registry.rename(from, Some(to.as_str()).filter(|to| !to.is_empty())) {
            let from = String::from_utf8_lossy(from);
            return Err(format!(
                "rename-command {from} \"{to}\": there is no such command, or the new name is taken"
            ));
        }
    }
    let _ = NAMES.set(registry.iter().map(|(_, entry)| entry.full_name.clone()).collect());
    Ok(registry)
}

fn greet(world: &mut RealWorld, config: &Config, file: Option<&str>, notes: &[String]) {
    let pid = world.pid();
    world.log(Level::Notice, &format!("Redstart {VERSION} starting, PID: {pid}, port {}", config.port));
    for note in notes {
        world.log(Level::Notice, note);
    }
    if file.is_none() {
        world.log(Level::Notice, "No config file given: running on the built-in defaults.");
    }
}

fn engine(world: &mut RealWorld, config: Config, config_file: Option<String>, registry: Registry) -> Engine {
    let mut random = [0u8; 24];
    world.fill(&mut random);
    let word = |n: usize| random[n * 8..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let mut seed = keyspace_seed(&config);
    if seed == (0, 0) {
        seed = (word(0), word(1));
    }
    let now = world.now();
    Engine::new(Setup {
        config,
        config_file,
        registry,
        seed: engine::Seed { k0: seed.0, k1: seed.1 },
        dice: word(2),
        ticks: world.ticks(),
        ticks_per_us: world.ticks_per_us(),
        wall_us: now.wall_us,
        mono_us: now.mono_us,
    })
}

/// The seed that `hash-seed` asks for; zeros if it does not.
fn keyspace_seed(config: &Config) -> (u64, u64) {
    match &config.hash_seed {
        Some(text) if !text.is_empty() => (stdx::sip::hash(1, 2, text), stdx::sip::hash(3, 4, text)),
        _ => (0, 0),
    }
}

fn run(world: &mut RealWorld, server: &mut Server) -> ExitCode {
    let config = &server.engine.server.config;
    let pidfile = match &config.pidfile {
        Some(path) if !path.is_empty() => Some(String::from_utf8_lossy(path).into_owned()),
        _ if config.daemonize => Some("/var/run/redstart.pid".to_owned()),
        _ => None,
    };
    if let Some(path) = &pidfile
        && let Err(error) = world.write_pidfile(Path::new(path))
    {
        world.log(Level::Warning, &format!("Can't write the pid file '{path}': {error}"));
    }
    world.log(Level::Notice, "Server initialized");
    for kind in server.listening() {
        world.log(Level::Notice, &format!("Ready to accept connections {kind}"));
    }
    if server.listens_only_here() {
        world.log(
            Level::Notice,
            "There is no password: only this host is listened to. `requirepass`, `bind` or `protected-mode no` let others in.",
        );
    }
    world.notify("STATUS=Ready to accept connections\nREADY=1");
    if let Err(why) = server.begin_loading(world) {
        return fail_logged(world, &format!("Fatal error loading the DB, check server logs. Exiting. {why}"));
    }
    let ended = server.run(world);
    world.notify("STOPPING=1");
    if let Some(path) = &pidfile {
        world.remove_pidfile(Path::new(path));
    }
    match ended {
        Ok(()) => {
            world.log(Level::Warning, "Redstart is now ready to exit, bye bye...");
            ExitCode::SUCCESS
        }
        Err(error) => fail_logged(world, &format!("The event loop failed: {error}")),
    }
}

/// What is told of the moment of a crash.
fn crash_context() -> String {
    let (client, command) = server::crash::current();
    let name = NAMES.get().and_then(|names| names.get(command as usize));
    match name {
        Some(name) => format!("------ CURRENT CLIENT INFO ------\nclient slot {client}\ncommand: {name}\n"),
        None => "------ CURRENT CLIENT INFO ------\nno command was running\n".to_owned(),
    }
}

fn fail(line: &str) -> ExitCode {
    eprintln!("{line}");
    ExitCode::FAILURE
}

fn fail_logged(world: &mut RealWorld, line: &str) -> ExitCode {
    world.log(Level::Warning, line);
    fail(line)
}
