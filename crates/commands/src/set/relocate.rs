//! SMOVE: a member from one set to another.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Set, Type};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SMOVE",
    summary: "Takes a member out of one set and puts it into another.",
    group: Group::Set,
    arity: Arity::Exactly(4),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).rw().insert()],
    args: &[Arg::key("source"), Arg::key("destination").spec(1), Arg::string("member")],
    reply: "1, or 0 if it is no member of the source",
    run: smove,
    ..Command::BLANK
}];

fn smove(ctx: &mut Ctx<'_>) -> Result {
    let (from, to, member) = (ctx.key(1), ctx.key(2), ctx.argv.at(3));
    if ctx.db().write(from).is_none() {
        ctx.db().expire_if_due(to);
        return ctx.int(0);
    }
    let kind = |entry: Option<&mut _>| entry.map(|entry| Type::of(entry));
    let types = [kind(ctx.db().write(from)), kind(ctx.db().write(to))];
    if types.into_iter().flatten().any(|kind| kind != Type::Set) {
        return Err(engine::CommandError::WrongType);
    }
    if from.bytes == to.bytes {
        let has = ctx.keyspace.look(ctx.client.db).peek::<Set>(from)?.is_some_and(|set| set.has(member));
        return ctx.int(i64::from(has));
    }
    let removed = ctx.db().edit(from, |set: &mut Set, _| set.remove(member))?;
    let Some(removed) = removed.filter(|removed| removed.result) else { return ctx.int(0) };
    ctx.changed(from.bytes, Class::Set, "srem");
    if removed.gone {
        ctx.event(ctx.client.db, from.bytes, Class::Generic, "del");
    }
    let fresh = |env: &mut keyspace::Env| Set::for_members(member, 1, env);
    if ctx.db().edit_or_new(to, fresh, |set, env| set.add(member, env))?.result {
        ctx.changed(to.bytes, Class::Set, "sadd");
    }
    ctx.int(1)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_member_moves() {
        check(
            r#"
            > SADD a 1 x y
            :3
            > SADD b 1 2
            :2
            > SMOVE a b x
            :1
            > SMEMBERS b
            ["1" "2" "x"]
            > SMOVE a b 1
            :1
            > SMEMBERS a
            ["y"]
            > SMOVE a b z
            :0
            > SMOVE a c y
            :1
            > EXISTS a
            :0
            > SMEMBERS c
            ["y"]
            > SMOVE a c y
            :0
            > SMOVE b d 1
            :1
            > OBJECT ENCODING d
            "intset"
            "#,
        );
    }

    #[test]
    fn onto_itself_it_does_not() {
        check(
            r#"
            > SADD s a
            :1
            > SMOVE s s a
            :1
            > SMOVE s s b
            :0
            > SMEMBERS s
            ["a"]
            "#,
        );
    }

    #[test]
    fn types_matter_once_there_is_a_source() {
        check(
            r#"
            > SET str x
            +OK
            > SADD s a
            :1
            > SMOVE none str a
            :0
            > SMOVE s str zz
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SMOVE str s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SMOVE str str a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SMEMBERS s
            ["a"]
            > SMOVE s
            -ERR wrong number of arguments for 'smove' command
            "#,
        );
    }
}
