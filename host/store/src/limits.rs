//! How much of anything there may be.

/// Most bytes of a record's key.
pub const MAX_KEY_BYTES: usize = 512;

/// Most bytes of a record's body.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Most changes of a batch.
pub const MAX_BATCH_CHANGES: usize = 4096;

/// Most bytes of all bodies of a batch.
pub const MAX_BATCH_BYTES: usize = 16 << 20;

/// Most records of a page.
pub const MAX_PAGE_RECORDS: usize = 10_000;
