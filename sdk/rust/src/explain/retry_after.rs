//! How long a provider asks to wait.

use crate::bindings::types::ResponseHead;

/// Longest wait that is believed: a day. Anything longer is read as a day.
const MAX_WAIT_MS: f64 = 86_400_000.0;

/// The wait that a reply asks for, in milliseconds: `retry-after-ms`, else `Retry-After`
/// (RFC 9110 section 10.2.3) in seconds or as a date.
///
/// A plugin has no clock: a date is compared with the reply's own `Date`, and without one it is
/// not used.
#[must_use]
pub fn retry_after_ms(head: &ResponseHead) -> Option<u64> {
    if let Some(ms) = head.header("retry-after-ms").and_then(|text| number(text, 1.0)) {
        return Some(ms);
    }
    let text = head.header("retry-after")?;
    number(text, 1000.0).or_else(|| until_date(text, head.header("date")?))
}

fn number(text: &str, scale: f64) -> Option<u64> {
    let number: f64 = text.trim().parse().ok()?;
    let ms = (number * scale).ceil();
    // The checks make the conversion exact; NaN fails the first.
    (ms >= 0.0).then_some(ms.min(MAX_WAIT_MS) as u64)
}

fn until_date(text: &str, now: &str) -> Option<u64> {
    let then = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(now).ok()?;
    let wait = then.duration_since(now).unwrap_or_default();
    Some((wait.as_millis() as f64).min(MAX_WAIT_MS) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = &'static [(&'static str, &'static str)];

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn each_form_of_the_header_is_read() {
        let cases: [(Headers, Option<u64>); 11] = [
            (&[("retry-after", "3")], Some(3000)),
            (&[("retry-after", " 0.25 ")], Some(250)),
            (&[("Retry-After-Ms", "120"), ("retry-after", "9")], Some(120)),
            (&[("retry-after-ms", "soon"), ("retry-after", "9")], Some(9000)),
            (&[("retry-after", "1e30")], Some(86_400_000)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), ("date", NOW)], Some(10_000)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"), ("date", NOW)], Some(0)),
            (&[("retry-after", NOW)], None),
            (&[], None),
        ];
        for (headers, wait) in cases {
            let head = headers.iter().fold(ResponseHead::new(429), |head, (name, value)| {
                head.with_header(*name, *value)
            });
            assert_eq!(retry_after_ms(&head), wait, "{headers:?}");
        }
    }
}
