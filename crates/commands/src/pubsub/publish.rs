//! PUBLISH, SPUBLISH: a message to all who are subscribed.

use engine::pubsub::Kind;
use engine::{Arg, Arity, Command, Ctx, Flags, KeyFlags, KeySpec, Result};

use super::PUBSUB;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "PUBLISH",
        summary: "Sends a message to all who are subscribed to the channel, or to a pattern that it matches.",
        since: "2.0.0",
        args: &[Arg::string("channel"), Arg::string("message")],
        complexity: "O(N+M)",
        run: |ctx| publish(ctx, Kind::Channel),
        ..PUBLISH
    },
    Command {
        name: "SPUBLISH",
        summary: "Sends a message to all who are subscribed to the shard channel.",
        since: "7.0.0",
        keys: &[KeySpec::at(1).with(KeyFlags::NOT_KEY)],
        args: &[Arg::string("shardchannel"), Arg::string("message")],
        complexity: "O(N)",
        run: |ctx| publish(ctx, Kind::Shard),
        ..PUBLISH
    },
];

const PUBLISH: Command = Command {
    arity: Arity::Exactly(3),
    flags: PUBSUB.flags.and(Flags::FAST).and(Flags::MAY_REPLICATE),
    reply: "how many clients it was sent to; one counts for each of its subscriptions",
    ..PUBSUB
};

fn publish(ctx: &mut Ctx<'_>, kind: Kind) -> Result {
    let argv = ctx.argv;
    let receivers = ctx.publish(kind, argv.at(1), argv.at(2));
    ctx.int(receivers as i64)
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, Value, check};

    #[test]
    fn each_subscription_counts() {
        check(
            r#"
            > PUBLISH a 1
            :0
            > SPUBLISH a 1
            :0
            2> PSUBSCRIBE * a? a[bc]
            ["psubscribe" "*" :1]
            ["psubscribe" "a?" :2]
            ["psubscribe" "a[bc]" :3]
            3> HELLO 3
            *
            3> SUBSCRIBE ab
            >["subscribe" "ab" :1]
            > PUBLISH ab "x y"
            :4
            3>
            >["message" "ab" "x y"]
            > PUBLISH ad ""
            :2
            > SPUBLISH ab x
            :0
            > PUBLISH ab
            -ERR wrong number of arguments for 'publish' command
            > SPUBLISH a b c
            -ERR wrong number of arguments for 'spublish' command
            "#,
        );
    }

    #[test]
    fn patterns_are_told_in_the_order_of_their_names() {
        let mut harness = Harness::new();
        harness.client(2).send("PSUBSCRIBE b* a* *");
        harness.client(2).received();
        harness.send("PUBLISH ab x");
        harness.send("PUBLISH ba x");
        let got: Vec<String> = harness.client(2).received().iter().map(Value::to_string).collect();
        let expected = [
            r#"["pmessage" "*" "ab" "x"]"#,
            r#"["pmessage" "a*" "ab" "x"]"#,
            r#"["pmessage" "*" "ba" "x"]"#,
            r#"["pmessage" "b*" "ba" "x"]"#,
        ];
        assert_eq!(got, expected);
        harness.engine.server.pubsub.verify(&harness.engine.server);
    }

    #[test]
    fn a_subscriber_that_does_not_read_is_closed_at_its_limit() {
        let mut harness = Harness::new();
        harness.config("client-output-buffer-limit", b"pubsub 1mb 0 0").expect("a limit");
        harness.client(2).send("SUBSCRIBE a");
        harness.client(3).send("PSUBSCRIBE *");
        // Within EXEC, so that nothing is delivered in between.
        harness.send("MULTI");
        for _ in 0..40 {
            harness.send(&format!("PUBLISH a {}", "x".repeat(40_000)));
        }
        harness.send("EXEC");
        assert_eq!(harness.engine.server.totals.output_limit_disconnections, 2);
        assert_eq!(harness.engine.server.pubsub.clients(), 0);
        assert_eq!(harness.send("PUBLISH a x").to_string(), ":0");
    }

    #[test]
    fn subscriptions_are_counted_as_memory_of_the_client_and_end_with_it() {
        let mut harness = Harness::new();
        harness.client(2).send("PING");
        let memory = |harness: &Harness| {
            harness.engine.server.clients.iter().map(engine::Client::memory).sum::<usize>()
        };
        let before = memory(&harness);
        let names: Vec<String> = (0..100).map(|n| format!("{n:0100}")).collect();
        harness.client(2).send(&format!("SUBSCRIBE {}", names.join(" ")));
        harness.client(3).send(&format!("SSUBSCRIBE {}", names.join(" ")));
        harness.engine.server.pubsub.verify(&harness.engine.server);
        assert!(memory(&harness) > before + 2 * 100 * 100, "{before}");
        harness.hang_up(3);
        harness.engine.server.pubsub.verify(&harness.engine.server);
        harness.hang_up(2);
        harness.engine.server.pubsub.verify(&harness.engine.server);
        assert_eq!(harness.engine.server.pubsub.count(engine::pubsub::Kind::Channel), 0);
    }
}
