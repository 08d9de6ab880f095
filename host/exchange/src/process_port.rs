//! The port behind which programs run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;

use crate::access::RequestId;
use crate::failure::Failure;
use crate::http_port::UpstreamReply;
use crate::target::ProcessTarget;

/// One argument of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessArgument {
    /// Literal text.
    pub text: String,
    /// Whether the body is appended to the text.
    pub takes_body: bool,
}

/// A program to run, as the adapter planned it: without body and secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessPlan {
    /// Absolute path.
    pub program: String,
    /// Arguments, in order.
    pub arguments: Vec<ProcessArgument>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Whether the body goes to standard input.
    pub body_on_stdin: bool,
    /// Limit of the whole run that the adapter asks for.
    pub timeout: Option<Duration>,
    /// Credential slot to set in the environment.
    pub credential: Option<String>,
}

/// The command for logs: body and environment values are not shown.
impl fmt::Display for ProcessPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.escape_debug())?;
        for argument in &self.arguments {
            write!(f, " {}", argument.text.escape_debug())?;
            if argument.takes_body {
                f.write_str("[body]")?;
            }
        }
        if self.body_on_stdin {
            f.write_str(" < [body]")?;
        }
        Ok(())
    }
}

/// One run of a program.
#[derive(Clone)]
pub struct ProcessExchange {
    /// The operator's deadlines and limits.
    pub target: Arc<ProcessTarget>,
    /// For the log.
    pub request_id: RequestId,
    /// What to run.
    pub plan: Arc<ProcessPlan>,
    /// Name and value of the variable that carries the credential.
    pub credential: Option<(String, Arc<SecretString>)>,
    /// The encoded body.
    pub body: Bytes,
}

/// Runs programs.
#[async_trait]
pub trait ProcessTransport: Send + Sync {
    /// Starts the program; its standard output is the reply's body. The body ends with an `Err`
    /// if the program did not exit with 0. Dropping the reply, or the future, kills the program
    /// and everything it started.
    ///
    /// # Errors
    /// `SandboxFault` if it cannot be started, `InvalidRequest` if the body cannot be an argument.
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure>;
}
