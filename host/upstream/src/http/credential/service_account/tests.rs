use std::time::Duration;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;

use super::*;

/// The key of RFC 7515 appendix A.2, as PKCS #8.
const KEY: &str = include_str!("rfc7515-a2.pem");

fn key_file() -> Value {
    json!({
        "type": "service_account", "project_id": "p", "private_key_id": "key-1",
        "private_key": KEY, "client_email": "robot@p.iam.gserviceaccount.com",
        "client_id": "1", "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    })
}

/// The assertion in a form, its two halves decoded, and what was signed.
fn parts(form: &str) -> (Value, Value, String, Vec<u8>) {
    let (_, assertion) = form_urlencoded::parse(form.as_bytes())
        .find(|(name, _)| name == "assertion")
        .expect("an assertion");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    (json(header), json(claims), signed.to_owned(), signature)
}

#[test]
fn rs256_signs_the_example_of_rfc_7515_as_published() {
    let signed = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6\
                  Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = sign(KEY, signed.as_bytes()).unwrap();
    assert_eq!(
        URL_SAFE_NO_PAD.encode(signature),
        concat!(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_",
            "lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO7",
            "5vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOk",
            "HWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy",
            "wlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        )
    );
}

#[test]
fn the_assertion_names_account_scope_endpoint_and_an_hour() {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let request = token_request(&key_file().to_string(), now).unwrap();
    assert_eq!(request.endpoint.as_str(), "https://oauth2.googleapis.com/token");
    assert!(request.authorization.is_none());
    let form = request.form.expose_secret();
    assert!(form.starts_with(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
    ));
    let (header, claims, signed, signature) = parts(form);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
    assert_eq!(
        claims,
        json!({
            "iss": "robot@p.iam.gserviceaccount.com",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": "https://oauth2.googleapis.com/token",
            "iat": 1_700_000_000, "exp": 1_700_003_600,
        })
    );
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public());
    public.verify(signed.as_bytes(), &signature).unwrap();
}

#[test]
fn a_key_file_without_key_id_is_enough() {
    let mut file = key_file();
    for member in ["type", "private_key_id", "project_id"] {
        file.as_object_mut().unwrap().remove(member);
    }
    let request = token_request(&file.to_string(), UNIX_EPOCH).unwrap();
    let (header, ..) = parts(request.form.expose_secret());
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
}

#[test]
fn other_texts_are_refused_and_not_quoted() {
    let wrong = |member: &str, value: Value| {
        let mut file = key_file();
        file[member] = value;
        file.to_string()
    };
    let ec = "-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n";
    for secret in [
        "hush".to_owned(),
        "{\"private_key\":\"hush\"}".to_owned(),
        wrong("type", json!("authorized_user")),
        wrong("token_uri", json!("http://hush.test/token")),
        wrong("private_key", json!("hush")),
        wrong("private_key", json!(ec)),
        wrong("private_key", json!(["hush"])),
        wrong("client_email", Value::Null),
    ] {
        let failure = token_request(&secret, UNIX_EPOCH).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{secret}");
        let shown = format!("{failure:?} {:?}", failure.cause_chain());
        assert!(!shown.contains("hush") && !shown.contains("aHVzaA"), "{shown}");
    }
}
