//! Whole-gateway tests
