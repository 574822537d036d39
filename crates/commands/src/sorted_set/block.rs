//! BZPOPMIN, BZPOPMAX, BZMPOP: members leave from one end, now or when there are some.
pub(crate) static COMMANDS: &[engine::Command] = &[];
