//! Write Patchbay plugins in Rust
