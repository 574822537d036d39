//! ROLE: whether this server leads or follows.

use engine::{Arity, Command, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "ROLE",
    summary: "Answers the server's role in replication.",
    since: "2.8.12",
    group: Group::Server,
    arity: Arity::Exactly(1),
    flags: Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST),
    acl: &["admin", "dangerous"],
    reply: "the word master, the replication offset, and the replicas",
    run: role,
    ..Command::BLANK
}];

/// A server that nobody follows: nothing was sent yet.
fn role(ctx: &mut Ctx<'_>) -> Result {
    let out = &mut ctx.client.out;
    out.array(3);
    out.text("master");
    out.integer(0);
    out.array(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_server_alone_is_a_master_without_replicas() {
        check(
            r#"
            > ROLE
            ["master" :0 []]
            "#,
        );
    }
}
