//! What a program sees of the file system: one plan, which each driver puts in its own terms.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::policy::{CredentialSlot, ProgramCall, SandboxPolicy};

/// The program's working directory and only place to write.
pub(crate) const SCRATCH: &str = "/tmp";

/// Directory of the credential's file.
const CREDENTIALS: &str = "/run/credentials";

/// Where programs and libraries are. Those that are links stay links.
const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// What libraries read, without anything of this host's secrets, users or network.
const SETTINGS: [&str; 7] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates.conf",
];

/// Devices that are no more than functions.
pub(crate) const DEVICES: [&str; 5] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Places that the view makes itself: no policy can name them or what is in them.
const OWN: [&str; 5] = ["/proc", "/dev", "/sys", "/run", SCRATCH];

/// The plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    /// Read-only, parents before what is in them.
    pub(crate) binds: Vec<Bind>,
    pub(crate) links: Vec<Link>,
    pub(crate) texts: Vec<Text>,
}

/// A part of the host's file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bind {
    /// Without links.
    pub(crate) source: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) is_directory: bool,
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) at: PathBuf,
    pub(crate) to: PathBuf,
}

/// A small file that only this run has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text {
    pub(crate) at: PathBuf,
    pub(crate) content: String,
}

/// Without the content, which may be a secret.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("at", &self.at).finish_non_exhaustive()
    }
}

impl View {
    /// The system's directories, the policy's paths, the program, and files of this run.
    ///
    /// # Errors
    /// `NotFound` and others of the system for what policy and call name; `InvalidInput` for a
    /// path that cannot be given.
    pub(crate) fn plan(policy: &SandboxPolicy, call: &ProgramCall, user: u32) -> io::Result<Self> {
        let mut view = Self::default();
        for path in SYSTEM.into_iter().chain(SETTINGS) {
            view.add_if_there(Path::new(path))?;
        }
        for path in policy.read_only.iter().chain([&call.program]) {
            view.add(path)?;
        }
        view.binds.sort_by(|a, b| a.target.cmp(&b.target));
        view.add_users(user);
        if let Some(credential) = &call.credential
            && let CredentialSlot::File(name) = &credential.slot
        {
            let content = credential.secret.clone();
            view.texts.push(Text { at: credential_path(name), content });
        }
        Ok(view)
    }

    fn add_if_there(&mut self, path: &Path) -> io::Result<()> {
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() && path.parent() == Some(Path::new("/")) => {
                self.links.push(Link { at: path.to_owned(), to: path.read_link()? });
                Ok(())
            }
            // A dangling link is as good as nothing.
            Ok(_) if path.exists() => self.add(path),
            _ => Ok(()),
        }
    }

    fn add(&mut self, path: &Path) -> io::Result<()> {
        check(path)?;
        if self.shows(path) {
            // It still has to be there.
            return path.metadata().map(|_| ());
        }
        let source = path.canonicalize()?;
        let is_directory = source.is_dir();
        self.binds.push(Bind { source, target: path.to_owned(), is_directory });
        Ok(())
    }

    /// Whether the path is below what the view has already.
    fn shows(&self, path: &Path) -> bool {
        self.binds.iter().any(|bind| path.starts_with(&bind.target))
            || self.links.iter().any(|link| path.starts_with(&link.at))
    }

    /// Whether it holds the secret of one run.
    pub(crate) fn has_credential(&self) -> bool {
        self.texts.iter().any(|text| text.at.starts_with(CREDENTIALS))
    }

    /// Programs look up their own user; nobody else's name is theirs to know.
    fn add_users(&mut self, user: u32) {
        let texts = [
            ("/etc/passwd", format!("nobody:x:{user}:{user}:nobody:{SCRATCH}:/usr/sbin/nologin\n")),
            ("/etc/group", format!("nogroup:x:{user}:\n")),
            ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n".to_owned()),
        ];
        // A file that the policy names is the operator's word.
        for (at, content) in texts {
            if !self.shows(Path::new(at)) {
                self.texts.push(Text { at: at.into(), content });
            }
        }
    }
}

/// Where the file of a credential is.
pub(crate) fn credential_path(name: &str) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    Path::new(CREDENTIALS).join(name.chars().map(plain).collect::<String>())
}

fn check(path: &Path) -> io::Result<()> {
    let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
    let proper = path.is_absolute() && path != Path::new("/") && path.components().all(plain);
    if proper && !OWN.iter().any(|own| path.starts_with(own)) {
        return Ok(());
    }
    let own = OWN.join(", ");
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "{} cannot be given to a program; name an absolute path without \"..\", and none in \
             {own}",
            path.display()
        ),
    ))
}

#[cfg(test)]
mod tests;
