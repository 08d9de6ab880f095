//! Patchbay: composition root and command line
fn main() {}
