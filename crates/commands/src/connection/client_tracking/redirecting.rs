//! Other connections that are told; the limit of the table.

use testkit::{Harness, Value};

fn received(harness: &mut Harness, number: usize) -> Vec<String> {
    harness.client(number).received().iter().map(Value::to_string).collect()
}

fn id(harness: &mut Harness, number: usize) -> String {
    harness.client(number).send("CLIENT ID").to_string().replace(':', "")
}

#[test]
fn a_resp2_client_is_told_by_another_connection() {
    let mut harness = Harness::new();
    let to = id(&mut harness, 2);
    harness.client(2).send("SUBSCRIBE __redis__:invalidate");
    assert_eq!(harness.send(&format!("CLIENT TRACKING ON REDIRECT {to}")).to_string(), "+OK");
    assert_eq!(harness.send("CLIENT GETREDIR").to_string(), format!(":{to}"));
    harness.send("GET a");
    harness.client(3).send("SET a 1");
    assert_eq!(received(&mut harness, 2), [r#"["message" "__redis__:invalidate" ["a"]]"#]);
    harness.send("GET a");
    harness.send("FLUSHALL");
    assert_eq!(received(&mut harness, 2), [r#"["message" "__redis__:invalidate" nil]"#]);
    // Who is subscribed to nothing is not told.
    harness.client(2).send("UNSUBSCRIBE");
    harness.send("GET a");
    harness.client(3).send("SET a 1");
    assert_eq!(received(&mut harness, 2), Vec::<String>::new());
    let twice = format!("CLIENT TRACKING ON REDIRECT {to} REDIRECT {to}");
    let error = "-ERR A client can only redirect to a single other client";
    assert_eq!(harness.send(&twice).to_string(), error);
}

#[test]
fn a_redirection_to_nobody_is_told_of() {
    let mut harness = Harness::new();
    let to = id(&mut harness, 2);
    harness.send("HELLO 3");
    harness.send(&format!("CLIENT TRACKING ON REDIRECT {to}"));
    harness.client(2).send("HELLO 3");
    harness.send("GET a");
    // The one who is told changes the key itself: after its reply.
    harness.client(2).send("SET a 1");
    assert_eq!(received(&mut harness, 2), Vec::<String>::new());
    harness.send("GET a");
    assert_eq!(
        harness.exchange(2, &["SET", "a", "2"]).iter().map(Value::to_string).collect::<Vec<_>>(),
        ["+OK", r#">["invalidate" ["a"]]"#]
    );
    harness.send("GET a");
    harness.hang_up(2);
    harness.client(3).send("SET a 1");
    assert_eq!(received(&mut harness, 1), [format!(r#">["tracking-redir-broken" :{to}]"#)]);
    let flags = r#"~["on" "broken_redirect"]"#;
    let info = harness.send("CLIENT TRACKINGINFO").to_string();
    assert!(info.contains(flags), "{info}");
    assert!(harness.send("CLIENT INFO").to_string().contains(" flags=tR "));
    // Another client in its slot is not taken for it.
    harness.client(4).send("HELLO 3");
    harness.send("GET a");
    harness.client(3).send("SET a 1");
    assert_eq!(received(&mut harness, 4), Vec::<String>::new());
}

#[test]
fn the_table_has_a_limit_and_forgets_who_tracks_no_more() {
    let mut harness = Harness::new();
    harness.config("tracking-table-max-keys", b"10").expect("a limit");
    harness.send("HELLO 3");
    harness.send("CLIENT TRACKING ON");
    harness.client(2).send("HELLO 3");
    harness.client(2).send("CLIENT TRACKING ON BCAST PREFIX k");
    for n in 0..25 {
        harness.send(&format!("GET key:{n}"));
    }
    harness.send("PING");
    harness.engine.server.tracking.verify(&harness.engine.server);
    let tracking = &harness.engine.server.tracking;
    assert_eq!((tracking.keys(), tracking.items(), tracking.prefixes(), tracking.clients()), (10, 10, 1, 2));
    harness.hang_up(2);
    harness.engine.server.tracking.verify(&harness.engine.server);
    harness.send("CLIENT TRACKING OFF");
    harness.engine.server.tracking.verify(&harness.engine.server);
    assert_eq!(harness.engine.server.tracking.keys(), 0);
    assert!(!harness.engine.server.listeners.changes, "nothing is collected for nobody");
}
