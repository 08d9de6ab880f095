use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn key(hex: &str) -> Key256 {
    Key256::init_with_mut(|key| key.copy_from_slice(&bytes(hex)))
}

struct Vector {
    key: &'static str,
    nonce: &'static str,
    aad: &'static str,
    plaintext: &'static str,
    ciphertext: &'static str,
    tag: &'static str,
}

/// Test cases 13, 14 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", as
/// submitted to NIST.
const VECTORS: [Vector; 3] = [
    Vector {
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "",
        ciphertext: "",
        tag: "530f8afbc74536b9a963b4f1c4cb738b",
    },
    Vector {
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "00000000000000000000000000000000",
        ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
        tag: "d0d1c8a799996bf0265b98b5d48ab919",
    },
    Vector {
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        tag: "76fc6ece0f4e1768cddf8853bb2d551b",
    },
];

#[test]
fn published_vectors_come_out() {
    for vector in VECTORS {
        let (key, aad) = (key(vector.key), bytes(vector.aad));
        let nonce = bytes(vector.nonce).try_into().unwrap();
        let sealed = [bytes(vector.ciphertext), bytes(vector.tag)].concat();
        let plaintext = bytes(vector.plaintext);
        assert_eq!(encrypt_with(&key, &aad, &plaintext, &nonce).unwrap(), sealed);
        assert_eq!(*decrypt(&key, &aad, &nonce, &sealed).unwrap(), plaintext);
    }
}

#[test]
fn what_is_shorter_than_a_tag_is_tampered_with() {
    let key = random_key().unwrap();
    for length in 0..TAG_BYTES {
        let problem = decrypt(&key, b"", &[0; NONCE_BYTES], &vec![0; length]).unwrap_err();
        assert!(matches!(problem, VaultProblem::Tampered), "{length}: {problem}");
    }
}

#[test]
fn nonces_and_keys_are_new_each_time() {
    let key = random_key().unwrap();
    let (nonce, ciphertext) = encrypt(&key, b"", b"text").unwrap();
    let (other_nonce, other_ciphertext) = encrypt(&key, b"", b"text").unwrap();
    assert_ne!(nonce, other_nonce);
    assert_ne!(ciphertext, other_ciphertext);
    assert_ne!(key.expose_secret(), random_key().unwrap().expose_secret());
}
