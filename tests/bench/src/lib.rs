//! Figures: the gateway beside a bare proxy and a direct call
