//! The compiled gateway, asked from outside. Modules mirror the tree of URLs.

mod gateway {
    mod access_log;
    mod admin;
    mod health;
    mod plugins;
    mod scenario;
    mod unknown_paths;
    mod v1;
}
