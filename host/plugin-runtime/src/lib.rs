//! Runs plugins: engine, limits, stock of ready stores, registry
