//! Reaches providers: HTTP transport and process transport
