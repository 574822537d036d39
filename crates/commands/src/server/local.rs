//! What may be allowed to everybody, to nobody, or to who is on this machine: `enable-debug-command` and its kin.

use config::choices::Allowed;
use engine::Client;

pub(super) fn permitted(allowed: Allowed, client: &Client) -> bool {
    match allowed {
        Allowed::No => false,
        Allowed::Yes => true,
        Allowed::Local => is_local(client),
    }
}

fn is_local(client: &Client) -> bool {
    let address = &client.about.address;
    client.about.unix || ["127.", "::1:", "[::1]:"].iter().any(|start| address.starts_with(start))
}

#[cfg(test)]
mod tests {
    use config::Config;
    use engine::ClientSlot;
    use testkit::Harness;

    use super::*;

    /// A client from there sends this line to a server that allows this much.
    fn answer(allowed: Allowed, from: &str, unix: bool, line: &str) -> String {
        let config =
            Config { enable_debug_command: allowed, enable_protected_configs: allowed, ..Default::default() };
        let mut harness = Harness::with(config);
        harness.send("PING");
        let about = &mut harness.engine.server.clients.get_mut(ClientSlot(0)).expect("it is there").about;
        (about.address, about.unix) = (from.to_owned(), unix);
        harness.send(line).to_string()
    }

    #[test]
    fn local_is_who_is_on_this_machine() {
        for (from, unix) in
            [("127.0.0.1:5", false), ("127.8.0.1:5", false), ("[::1]:5", false), ("/s:0", true)]
        {
            assert_eq!(answer(Allowed::Local, from, unix, "DEBUG SET-ACTIVE-EXPIRE 1"), "+OK", "{from}");
            assert_eq!(answer(Allowed::Local, from, unix, "CONFIG SET dbfilename a.rdb"), "+OK", "{from}");
        }
        for from in ["192.0.2.1:5", "[2001:db8::1]:5", "[::12]:5", "12.7.0.1:5", "1.127.0.0:5"] {
            for (line, error) in [
                ("DEBUG SET-ACTIVE-EXPIRE 1", "-ERR DEBUG command not allowed."),
                ("CONFIG SET dbfilename a.rdb", "-ERR CONFIG SET failed"),
            ] {
                for allowed in [Allowed::Local, Allowed::No] {
                    let told = answer(allowed, from, false, line);
                    assert!(told.starts_with(error), "{from}: {told}");
                }
                assert_eq!(answer(Allowed::Yes, from, false, line), "+OK");
            }
        }
        assert!(answer(Allowed::No, "/s:0", true, "DEBUG SLEEP 0").starts_with("-ERR DEBUG"));
    }
}
