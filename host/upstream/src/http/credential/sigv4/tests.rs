//! The cases of AWS's own test suite (aws-sig-v4-test-suite), with the signatures it publishes.
//! Only `get-header-value-multiline` is not here: a folded header is not HTTP any more.

use super::*;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const AT: &str = "20150830T123600Z";
const SCOPE: Scope<'static> = Scope { region: "us-east-1", service: "service" };

/// One case: its name, its request line, headers besides host and date, a body after `> `, and
/// the signature after `= `.
fn signature_of(case: &str) -> (&str, String, &str) {
    let mut lines = case.lines();
    let name = lines.next().unwrap().strip_prefix("# ").unwrap();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(&str, &[u8])> =
        vec![("host", b"example.amazonaws.com"), ("x-amz-date", AT.as_bytes())];
    let (mut body, mut expected) = ("", "");
    for line in lines {
        if let Some(text) = line.strip_prefix("> ") {
            body = text;
        } else if let Some(text) = line.strip_prefix("= ") {
            expected = text;
        } else {
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name, value.as_bytes()));
        }
    }
    let body_sha256 = sha256(body.as_bytes());
    let part = SignedPart { method, path, query, headers, body_sha256: &body_sha256 };
    let signer = Signer { access_key_id: KEY_ID, secret_access_key: SECRET };
    let value = authorization(&signer, SCOPE, &Moment(AT.to_owned()), &part);
    let (_, signature) = value.rsplit_once("Signature=").unwrap();
    (name, signature.to_owned(), expected)
}

#[test]
fn the_published_vectors_are_signed_as_published() {
    let cases: Vec<&str> = include_str!("vectors.txt").trim_end().split("\n\n").collect();
    assert_eq!(cases.len(), 33);
    for case in cases {
        let (name, signature, expected) = signature_of(case);
        assert_eq!(signature, expected, "{name}");
    }
}

#[test]
fn the_header_names_key_scope_and_signed_headers() {
    let headers: Vec<(&str, &[u8])> =
        vec![("x-amz-date", AT.as_bytes()), ("host", b"example.amazonaws.com")];
    let body_sha256 = sha256(b"");
    let part =
        SignedPart { method: "GET", path: "/", query: "", headers, body_sha256: &body_sha256 };
    let signer = Signer { access_key_id: KEY_ID, secret_access_key: SECRET };
    assert_eq!(
        authorization(&signer, SCOPE, &Moment(AT.to_owned()), &part),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

#[test]
fn a_moment_is_written_in_utc_to_the_second() {
    let cases = [
        (0, "19700101T000000Z"),
        (951_782_400, "20000229T000000Z"),
        (1_440_938_160, "20150830T123600Z"),
        (4_107_542_399, "21000228T235959Z"),
        (4_107_542_400, "21000301T000000Z"),
    ];
    for (seconds, written) in cases {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(seconds * 1000 + 999);
        assert_eq!(Moment::of(time).as_str(), written);
    }
}

#[test]
fn a_path_is_encoded_twice_except_for_s3() {
    for (path, twice, once) in [
        (
            "/model/a.b-v1%3A0/converse",
            "/model/a.b-v1%253A0/converse",
            "/model/a.b-v1%3A0/converse",
        ),
        ("/model/a.b-v1:0/converse", "/model/a.b-v1%3A0/converse", "/model/a.b-v1:0/converse"),
        ("/a//b/../c/.", "/a/c", "/a//b/../c/."),
        ("/../a/", "/a/", "/../a/"),
        ("", "/", ""),
    ] {
        assert_eq!(canonical_path(path, "bedrock"), twice);
        assert_eq!(canonical_path(path, "s3"), once);
    }
}

#[test]
fn a_query_is_sorted_after_it_is_encoded() {
    for (query, canonical) in [
        ("", ""),
        ("b&a=", "a=&b="),
        ("a=+&a=%20&a=%2b", "a=%20&a=%20&a=%2B"),
        ("z=1&%61=2", "a=2&z=1"),
    ] {
        assert_eq!(canonical_query(query), canonical, "{query}");
    }
}
