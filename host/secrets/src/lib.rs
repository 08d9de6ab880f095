//! Secret references and where they are resolved.
//!
//! Owns the notation `${env:NAME}` and `${file:PATH}`, alone or within a longer text, with `$${`
//! for a literal `${`. Errors name the reference, never a value and never the text around it.
//! Nothing is cached here: who resolves decides how long the plaintext lives.

mod resolve;
mod template;

pub use resolve::{ResolveProblem, Sources};
pub use template::{Reference, Template, TemplateProblem};
