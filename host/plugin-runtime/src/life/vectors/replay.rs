//! Two versions of a plugin, asked the same.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::given::Vector;
use super::run::Answer;
use super::{Mismatch, VectorProblem, compare, failed, run};
use crate::engine::Runtime;
use crate::grant::Grant;
use crate::life::problem::LifeProblem;
use crate::load::{Candidate, Face, Plugin};

/// Where the new version answers otherwise than the old one: the first difference of one recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Place of the recording in the list.
    pub index: usize,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Path of the member that differs.
    pub member: String,
    /// What the old version answers there, as JSON; long values are cut.
    pub old: String,
    /// What the new version answers there, likewise.
    pub new: String,
}

/// Asks both versions what was recorded and returns where they differ. A recording is a self-test
/// vector without `expect`. Compiles: not for a task's thread.
///
/// # Errors
/// If a version does not load, a recording is none of this plugin's, or all of them together take
/// longer than `within`. A failure or trap of a version is an answer.
pub fn replay(
    (runtime, grant): (&Runtime, Grant),
    (old, new): (&[u8], &[u8]),
    recorded: &[Box<RawValue>],
    within: Duration,
) -> Result<Vec<Divergence>, LifeProblem> {
    let old = load((runtime, grant), old)?;
    let new = load((runtime, grant), new)?;
    let until = Instant::now() + within;
    let asked = std::thread::scope(|scope| {
        // On a thread of its own: whoever asks may be inside a runtime already.
        let asking = scope.spawn(|| ask_both((&old.face, &new.face), recorded, until));
        asking.join().unwrap_or_else(|_| {
            Err(failed(0, None, Mismatch::Shape("the runtime panicked; its log says where".into())))
        })
    });
    Ok(asked?)
}

fn load((runtime, grant): (&Runtime, Grant), component: &[u8]) -> Result<Plugin, LifeProblem> {
    let candidate = Candidate::inspect(runtime, component)?;
    let plugin = candidate.load(runtime, grant, Cow::Owned(component.to_vec()))?;
    plugin.make()?;
    Ok(plugin)
}

fn ask_both(
    (old, new): (&Face, &Face),
    recorded: &[Box<RawValue>],
    until: Instant,
) -> Result<Vec<Divergence>, VectorProblem> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| failed(0, None, Mismatch::NoRuntime(error)))?;
    let mut divergences = Vec::new();
    for (index, json) in recorded.iter().enumerate() {
        let Vector { name, given, .. } = serde_json::from_str(json.get())
            .map_err(|error| failed(index, None, Mismatch::Shape(error.to_string())))?;
        let ask = |face| runtime.block_on(run::answer(&given, face, until));
        let answers = ask(old).and_then(|old| Ok((old, ask(new)?)));
        let (mut old, mut new) = answers.map_err(|it| failed(index, name.as_deref(), it))?;
        [&mut old, &mut new].into_iter().for_each(without_cause);
        if let Some((member, old, new)) = compare::divergence(&old, &new) {
            divergences.push(Divergence { index, name, member, old, new });
        }
    }
    Ok(divergences)
}

/// The engine's words for a trap name addresses, which differ between any two versions.
fn without_cause(answer: &mut Answer) {
    if let Some(failure) = answer.get_mut("failure").and_then(|it| it.as_object_mut()) {
        failure.remove("cause");
    }
}
