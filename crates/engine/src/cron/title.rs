//! The process title, from `proc-title-template`.

use super::Again;
use crate::engine::Engine;
use crate::host::Host;
use crate::state::ServerState;

/// Gives the process its title, if it is another one than before.
pub(super) fn refresh(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    let server = &mut engine.server;
    if server.config.set_proc_title {
        let title = of(server, &host.executable());
        if title != server.cron.title {
            host.title(&title);
            server.cron.title = title;
        }
    }
    Again::Later
}

/// The template with its variables filled in; blanks at the end, where an empty one stood, are cut off.
pub(crate) fn of(server: &ServerState, executable: &str) -> String {
    let template = String::from_utf8_lossy(&server.config.proc_title_template);
    let (mut title, mut rest) = (String::new(), &*template);
    while let Some((before, after)) = rest.split_once('{') {
        title.push_str(before);
        if let Some(literal) = after.strip_prefix('{') {
            title.push('{');
            rest = literal;
        } else if let Some((name, tail)) = after.split_once('}') {
            title.push_str(&variable(server, executable, name));
            rest = tail;
        } else {
            rest = after;
        }
    }
    title.push_str(rest);
    title.trim_end().to_owned()
}

fn variable(server: &ServerState, executable: &str, name: &str) -> String {
    let config = &server.config;
    let text =
        |text: &Option<Vec<u8>>| String::from_utf8_lossy(text.as_deref().unwrap_or_default()).into_owned();
    match name {
        "title" => executable.to_owned(),
        "config-file" => server.config_file.clone().unwrap_or_default(),
        "listen-addr" => match (config.port, config.tls_port, text(&config.unixsocket)) {
            (0, 0, path) => path,
            (0, port, _) | (port, _, _) => {
                format!(
                    "{}:{port}",
                    config.bind.first().map_or("*", |address| address.trim_start_matches('-'))
                )
            }
        },
        "port" => config.port.to_string(),
        "tls-port" => config.tls_port.to_string(),
        "unixsocket" => text(&config.unixsocket),
        // Neither a cluster's node nor a sentinel.
        _ => String::new(),
    }
}
