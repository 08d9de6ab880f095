# syntax=docker/dockerfile:1

# Builds plugins and gateway. Debian's release is the same in both stages: same C library.
FROM rust:1.95-bookworm AS build
RUN rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
# The gateway embeds the plugins, so they are built first.
RUN cargo xtask plugins \
    && cargo build --release --locked -p gateway \
    && strip --strip-debug target/release/patchbay

FROM debian:bookworm-slim
# Upstreams are reached over TLS: their certificates are checked against the system's list, which
# is wanted as new as it can be.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/patchbay /usr/local/bin/patchbay
# Nobody's account: it owns no file, so the root file system may be read-only.
USER 65532:65532
WORKDIR /tmp
ENV PATCHBAY_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/patchbay"]
CMD ["serve", "--config", "/etc/patchbay/patchbay.toml"]
