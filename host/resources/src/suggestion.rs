//! What was probably meant.

/// The name most like `wrong`, if one is like it at all.
#[must_use]
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > 256 {
        return None;
    }
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// `did you mean "name"?`, or the names there are.
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(wrong, names.clone()) {
        return format!("did you mean {name:?}?");
    }
    let names: Vec<&str> = names.into_iter().take(24).collect();
    if names.is_empty() {
        "remove it".to_owned()
    } else {
        format!("use one of: {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_nonsense_is_not() {
        let names = ["listen", "max_body_bytes", "keep_alive_ms"];
        for (wrong, expected) in [
            ("lissen", Some("listen")),
            ("max_body_size", Some("max_body_bytes")),
            ("keepalive_ms", Some("keep_alive_ms")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(wrong, names), expected, "{wrong}");
        }
        assert_eq!(did_you_mean("zzz", names), "use one of: listen, max_body_bytes, keep_alive_ms");
    }
}
