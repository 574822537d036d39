//! MONITOR: a line for each command that runs, to each client that watches.

use resp::Argv;

use crate::client::Client;
use crate::state::ServerState;

/// Writes the line `+1700000000.123456 [0 127.0.0.1:5000] "set" "k" "v"` to every monitor.
pub(crate) fn feed(server: &mut ServerState, client: &Client, argv: Argv<'_>) {
    let (s, us) = (server.wall_us / 1_000_000, server.wall_us % 1_000_000);
    let from = if client.about.unix {
        format!("unix:{}", client.about.address)
    } else {
        client.about.address.clone()
    };
    let mut line = format!("{s}.{us:06} [{} {from}]", client.db).into_bytes();
    for word in argv.iter() {
        line.push(b' ');
        stdx::words::quote(&mut line, word);
    }
    for slot in server.monitors.clone() {
        let Some(mut monitor) = server.clients.take(slot) else { continue };
        monitor.out.lend(&mut server.reply_pool);
        resp::reply::simple(monitor.out.buffer(), &line);
        monitor.out.settle();
        server.note_write(&mut monitor);
        server.clients.put(monitor);
    }
}
