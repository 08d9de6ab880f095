//! Which provider and model to try, in which order; pure
