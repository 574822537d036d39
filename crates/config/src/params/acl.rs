//! Users and passwords.

use crate::choices::AclPubsubDefault;
use crate::kind::{I64_MAX, Kind, TEXT, TEXT_OR_NONE, int};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(acl_pubsub_default, "acl-pubsub-default", Kind::Choice(AclPubsubDefault::NAMES), "resetchannels")
        .part(Acl),
    param!(aclfile, "aclfile", TEXT, "").immutable().part(Acl),
    param!(acllog_max_len, "acllog-max-len", int(0, I64_MAX), "128").part(Acl),
    param!(requirepass, "requirepass", TEXT_OR_NONE, "").sensitive(),
];
