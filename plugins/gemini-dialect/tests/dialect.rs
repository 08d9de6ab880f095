//! The dialect `gemini`, natively.

mod dialect {
    mod embeddings;
    mod errors;
    mod plan;
    mod replies;
    mod requests;
    mod round_trip;
}
