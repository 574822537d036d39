//! READONLY, READWRITE: what a client of a cluster wants of a replica.
//!
//! Tools send them before they scan, and go on if they hear that there is no cluster; an unknown command would stop
//! them.

use engine::{Arity, Command, CommandError, Flags, Group};

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
    reply: "an error: this server is no part of a cluster",
    run: |_| Err(CommandError::Line("ERR This instance has cluster support disabled")),
    ..Command::BLANK
};

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn there_is_no_cluster() {
        check(
            r#"
            > READONLY
            -ERR This instance has cluster support disabled
            > READWRITE
            -ERR This instance has cluster support disabled
            "#,
        );
    }
}
