//! Scripts and functions.

use crate::kind::{BOOL, I64_MAX, int};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(busy_reply_threshold, "busy-reply-threshold", int(0, I64_MAX), "5000")
        .alias("lua-time-limit")
        .part(Scripting),
    param!(lua_enable_insecure_api, "lua-enable-insecure-api", BOOL, "no")
        .alias("lua-enable-deprecated-api")
        .protected()
        .hidden()
        .part(Scripting),
];
