//! Every driver that works here, with real programs.
//!
//! This binary serves three purposes: it holds the tests, it is the stage of the drivers that it
//! tests, and it is the program that tries to escape.

#[cfg(test)]
mod drivers {
    mod at_exit;
    mod attempts;
    mod escapes;
    mod leftovers;
    mod network;
    mod pool;
    mod program;
    mod runs;
    mod start;
}
