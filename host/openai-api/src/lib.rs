//! Canonical language: OpenAI's wire JSON
