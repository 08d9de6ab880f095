//! Build, check, test, demo and bench from one command
fn main() {}
