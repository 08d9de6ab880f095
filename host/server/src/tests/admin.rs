//! The admin API as operators see it, over sockets, before the real actions on a store in memory.

mod access;
mod asking;
mod bounds;
mod client;
mod described;
mod desk;
mod doors;
mod leaving;
mod operation;
mod plugins;
mod resources;
mod shelf;
