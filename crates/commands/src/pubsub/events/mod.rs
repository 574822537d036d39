//! Keyspace notifications of the commands of other groups: what happens to keys is told where and when the peers tell
//! it. What publishes it is `engine::notify`.

mod bitmap;
mod generic;
mod order;
mod string;
