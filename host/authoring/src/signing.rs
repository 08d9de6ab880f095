//! Signatures in minisign's format, which the gateway and the program `minisign` read.
//!
//! <https://jedisct1.github.io/minisign/>: a key's file has a comment and a line of base64. The
//! secret key is encrypted under a password unless the author does without one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

/// How the second line of a secret key begins, which says how it is locked: `Ed`, the way from
/// password to key (`Sc` or none), `B2`, in base64.
const ENCRYPTED: &str = "RWRTY0Iy";
const UNENCRYPTED: &str = "RWQAAEIy";

/// A new pair of keys, as it stands in its two files.
#[derive(Clone)]
pub struct NewKeys {
    /// What operators trust: `RW…`.
    pub public: String,
    public_file: String,
    secret_file: String,
}

/// A secret key's file, still locked.
pub struct KeyFile {
    path: PathBuf,
    text: String,
}

impl NewKeys {
    /// Makes keys; without a password, whoever has the file can sign. Takes a second, by design:
    /// the password is stretched.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate(password: Option<String>) -> Result<Self> {
        let encrypted = password.is_some();
        let keys = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let keys = keys.map_err(|error| anyhow!("no key can be made: {error}"))?;
        let note = if encrypted { "encrypted" } else { "unencrypted" };
        let comment = format!("minisign {note} secret key");
        let made = |error| anyhow!("the key cannot be written down: {error}");
        Ok(Self {
            public: keys.pk.to_base64(),
            public_file: keys.pk.to_box().map_err(made)?.into_string(),
            secret_file: keys.sk.to_box(Some(&comment)).map_err(made)?.into_string(),
        })
    }

    /// Writes the secret key, readable by its owner alone, and the public key beside it; the
    /// latter's path.
    ///
    /// # Errors
    /// When either file is there already: a key that is lost cannot be had back.
    pub fn write(&self, secret: &Path) -> Result<PathBuf> {
        let public = secret.with_extension("pub");
        if public == secret {
            bail!("{} is the public key's name; choose another", secret.display());
        }
        if public.exists() {
            bail!("{} is there already; choose another name", public.display());
        }
        create(secret, 0o600, &self.secret_file)?;
        create(&public, 0o644, &self.public_file)?;
        Ok(public)
    }
}

impl KeyFile {
    /// Reads a secret key's file.
    ///
    /// # Errors
    /// When it cannot be read, or is no secret key of minisign.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("the key {} cannot be read", path.display()))?;
        let key = Self { path: path.to_owned(), text };
        if !key.begins_with(ENCRYPTED) && !key.begins_with(UNENCRYPTED) {
            bail!("{} is no secret key; make one with `patchbay plugin keygen`", path.display());
        }
        Ok(key)
    }

    /// Whether a password is needed.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.begins_with(ENCRYPTED)
    }

    /// The text of `NAME.minisig` for these bytes. `comment` is part of what is signed.
    ///
    /// # Errors
    /// When the password is wrong or missing.
    pub fn sign(&self, password: Option<String>, bytes: &[u8], comment: &str) -> Result<String> {
        let key = self.unlocked(password)?;
        let public = PublicKey::from_secret_key(&key);
        let public = public.map_err(|error| anyhow!("the key is damaged: {error}"))?;
        let signature =
            minisign::sign(Some(&public), &key, bytes, Some(comment), Some("patchbay plugin"));
        let signature = signature.map_err(|error| anyhow!("the file cannot be signed: {error}"))?;
        Ok(signature.into_string())
    }

    fn unlocked(&self, password: Option<String>) -> Result<SecretKey> {
        let wrong = |_| anyhow!("the password does not open {}; try again", self.path.display());
        let boxed = SecretKeyBox::from_string(&self.text).map_err(wrong)?;
        let key = match password {
            Some(password) if self.is_encrypted() => boxed.into_secret_key(Some(password)),
            _ => boxed.into_unencrypted_secret_key(),
        };
        key.map_err(wrong)
    }

    fn begins_with(&self, start: &str) -> bool {
        self.text.lines().nth(1).is_some_and(|line| line.starts_with(start))
    }
}

fn create(path: &Path, mode: u32, text: &str) -> Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    match opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{} is there already; choose another name", path.display())
        }
        written => written.with_context(|| format!("{} cannot be written", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use minisign_verify::{PublicKey, Signature};

    use super::*;

    fn verified(keys: &NewKeys, signature: &str, bytes: &[u8]) -> bool {
        let key = PublicKey::from_base64(&keys.public).unwrap();
        let signature = Signature::decode(signature).unwrap();
        key.verify(bytes, &signature, false).is_ok()
    }

    #[test]
    fn what_is_signed_is_verified_and_anything_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for (name, password) in [("locked.key", Some("secret")), ("open.key", None)] {
            let password = password.map(str::to_owned);
            let path = folder.path().join(name);
            let keys = NewKeys::generate(password.clone()).unwrap();
            keys.write(&path).unwrap();
            let key = KeyFile::read(&path).unwrap();
            assert_eq!(key.is_encrypted(), password.is_some(), "{name}");
            let signature = key.sign(password, b"component", "a 1.0.0").unwrap();
            assert!(verified(&keys, &signature, b"component"), "{name}");
            assert!(!verified(&keys, &signature, b"componenu"), "{name}");
            let other = NewKeys::generate(None).unwrap();
            assert!(!verified(&other, &signature, b"component"), "{name}");
        }
    }

    #[test]
    fn a_wrong_password_signs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        NewKeys::generate(Some("secret".to_owned())).unwrap().write(&path).unwrap();
        let key = KeyFile::read(&path).unwrap();
        for wrong in [Some("other".to_owned()), Some(String::new()), None] {
            let said = key.sign(wrong, b"component", "c").unwrap_err().to_string();
            assert!(said.starts_with("the password does not open "), "{said}");
        }
    }

    #[test]
    fn keys_are_their_owners_alone_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let keys = NewKeys::generate(None).unwrap();
        let public = keys.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(public).unwrap().contains(&keys.public));
        let before = fs::read(&path).unwrap();
        assert!(NewKeys::generate(None).unwrap().write(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_is_no_key_says_how_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        fs::write(&path, "no key").unwrap();
        let said = KeyFile::read(&path).err().unwrap().to_string();
        assert!(said.ends_with("is no secret key; make one with `patchbay plugin keygen`"));
    }
}
