//! The actions with everything behind them but the gateway's tables, which are a fake board.

mod audit;
mod board;
mod changes;
mod durability;
mod keys;
mod lists;
mod maintenance;
mod master_key;
mod plugins;
mod random_changes;
pub(crate) mod room;
mod rotation;
mod secrecy;
mod status;
