//! Keys with a time to live.

use crate::kind::int;
use crate::param::{Param, param};

pub static PARAMS: &[Param] = &[param!(active_expire_effort, "active-expire-effort", int(1, 10), "1")];
