//! READONLY, READWRITE: what a client of a cluster wants of a replica.
//!
//! Without a cluster nothing is refused to a connection that it would allow, so there is nothing to remember; the
//! answer is the peer's, and tools that send READONLY before they scan go on.

use engine::{Arity, Command, Flags, Group};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "READONLY",
        summary: "Lets a connection read from a replica of a cluster.",
        ..OF_A_CLUSTER
    },
    Command { name: "READWRITE", summary: "Takes READONLY back.", ..OF_A_CLUSTER },
];

const OF_A_CLUSTER: Command = Command {
    since: "3.0.0",
    group: Group::Cluster,
    arity: Arity::Exactly(1),
    flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
    acl: &["connection"],
    reply: "OK",
    run: |ctx| ctx.ok(),
    ..Command::BLANK
};

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn without_a_cluster_all_is_allowed_anyway() {
        check(
            r#"
            > READONLY
            +OK
            > READWRITE
            +OK
            "#,
        );
    }
}
