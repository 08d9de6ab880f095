//! `patchbay plugin …`

mod bench;
mod build;
mod check;
mod component;
mod develop;
mod inspect;
mod install;
mod life;
mod new;
mod progress;
mod replay;
mod sign;
mod test;

pub(super) use bench::bench;
pub(super) use build::build;
pub(super) use check::check;
pub(super) use develop::develop;
pub(super) use inspect::inspect;
pub(super) use install::install;
pub(super) use life::operate;
pub(super) use new::begin;
pub(super) use sign::{make_keys, sign};
pub(super) use test::test;
