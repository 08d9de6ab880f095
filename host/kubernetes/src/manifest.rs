//! Jobs and Secrets, as the API server is given them. Pure.

use std::collections::BTreeMap;

use exchange::ProgramCredential;
use k8s_openapi::ByteString;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, EnvVar, EnvVarSource, KeyToPath,
    LocalObjectReference, PodSecurityContext, PodSpec, PodTemplateSpec, ResourceRequirements,
    SeccompProfile, Secret, SecretKeySelector, SecretVolumeSource, SecurityContext, Toleration,
    Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use secrecy::ExposeSecret;

use crate::order::{OrderCredential, RunOrder};
use crate::settings::{KubernetesSettings, PodToleration};

/// Name of the one container.
pub(crate) const CONTAINER: &str = "program";
/// Label of everything that a gateway created.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by=patchbay";
/// Label with the name of the run.
pub(crate) const RUN_LABEL: &str = "patchbay/run";
/// Label with the name of the gateway, if it has one.
pub(crate) const INSTANCE_LABEL: &str = "patchbay/instance";
/// Annotation: seconds since 1970 after which nobody looks after a run.
pub(crate) const EXPIRES: &str = "patchbay/expires";

/// `nobody`.
const USER: i64 = 65_534;
/// Key of the credential in its Secret, and name of its file.
const CREDENTIAL: &str = "credential";
const CREDENTIAL_DIRECTORY: &str = "/var/run/patchbay";
/// Time that an ended Job stays, if no gateway deletes it.
const TIME_TO_LIVE_SECONDS: i32 = 300;
/// Time between SIGTERM and SIGKILL.
const GRACE_SECONDS: i64 = 1;

/// The Job of a run.
pub(crate) fn job(run: &RunOrder, settings: &KubernetesSettings) -> Job {
    Job {
        metadata: metadata(run, settings),
        spec: Some(JobSpec {
            active_deadline_seconds: Some(run.deadline_seconds),
            backoff_limit: Some(0),
            completions: Some(1),
            parallelism: Some(1),
            ttl_seconds_after_finished: Some(TIME_TO_LIVE_SECONDS),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { name: None, ..metadata(run, settings) }),
                spec: Some(pod(run, settings)),
            },
            ..JobSpec::default()
        }),
        status: None,
    }
}

/// The Secret of a run that has a credential.
pub(crate) fn secret(
    run: &RunOrder,
    credential: &OrderCredential,
    settings: &KubernetesSettings,
) -> Secret {
    let value = ByteString(credential.secret.expose_secret().as_bytes().to_vec());
    Secret {
        metadata: metadata(run, settings),
        data: Some(BTreeMap::from([(CREDENTIAL.to_owned(), value)])),
        immutable: Some(true),
        type_: Some("Opaque".to_owned()),
        string_data: None,
    }
}

/// The Job as an owner: what it owns is deleted with it.
pub(crate) fn owner(name: &str, uid: &str) -> OwnerReference {
    OwnerReference {
        api_version: "batch/v1".to_owned(),
        kind: "Job".to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        controller: None,
        block_owner_deletion: None,
    }
}

fn metadata(run: &RunOrder, settings: &KubernetesSettings) -> ObjectMeta {
    let mut labels = settings.labels.clone();
    // Ours last: they are what is swept by.
    labels.extend(MANAGED_BY.split_once('=').map(|(key, value)| (key.into(), value.into())));
    labels.insert(RUN_LABEL.to_owned(), run.name.clone());
    let instance = settings.instance.as_ref();
    labels.extend(instance.map(|name| (INSTANCE_LABEL.to_owned(), name.clone())));
    let annotations = BTreeMap::from([
        (EXPIRES.to_owned(), run.expires.to_string()),
        ("patchbay/provider".to_owned(), run.provider.clone()),
        ("patchbay/request".to_owned(), run.request.clone()),
    ]);
    ObjectMeta {
        name: Some(run.name.clone()),
        labels: Some(labels),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    }
}

fn pod(run: &RunOrder, settings: &KubernetesSettings) -> PodSpec {
    let pull_secrets = settings.image_pull_secrets.iter();
    let pull_secrets = pull_secrets.map(|name| LocalObjectReference { name: name.clone() });
    PodSpec {
        automount_service_account_token: Some(false),
        containers: vec![container(run, settings)],
        enable_service_links: Some(false),
        image_pull_secrets: not_empty(pull_secrets.collect()),
        node_selector: Some(settings.node_selector.clone()).filter(|labels| !labels.is_empty()),
        restart_policy: Some("Never".to_owned()),
        runtime_class_name: settings.runtime_class.clone(),
        security_context: Some(PodSecurityContext {
            fs_group: Some(USER),
            run_as_group: Some(USER),
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            seccomp_profile: Some(runtime_default()),
            ..PodSecurityContext::default()
        }),
        service_account_name: settings.service_account.clone(),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        tolerations: not_empty(settings.tolerations.iter().map(toleration).collect()),
        volumes: Some(volumes(run)),
        ..PodSpec::default()
    }
}

fn container(run: &RunOrder, settings: &KubernetesSettings) -> Container {
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(vec![literal(&run.program)]),
        args: not_empty(run.arguments.iter().map(|text| literal(text)).collect()),
        env: not_empty(environment(run)),
        working_dir: Some(run.directory.clone()),
        stdin: run.feeds_stdin.then_some(true),
        stdin_once: run.feeds_stdin.then_some(true),
        resources: Some(resources(run, settings)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".to_owned()]) }),
            privileged: Some(false),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            seccomp_profile: Some(runtime_default()),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(mounts(run)),
        ..Container::default()
    }
}

/// In commands, arguments and variables Kubernetes replaces `$(NAME)` by the variable of that
/// name, and `$$` by `$`. A prompt must not be able to ask for the credential.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

fn environment(run: &RunOrder) -> Vec<EnvVar> {
    let plain = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        value_from: None,
    };
    let mut variables: Vec<_> =
        run.environment.iter().map(|(name, value)| plain(name, literal(value))).collect();
    variables.extend(run.credential.as_ref().map(|credential| match credential.way {
        ProgramCredential::File => {
            plain(&credential.variable, format!("{CREDENTIAL_DIRECTORY}/{CREDENTIAL}"))
        }
        ProgramCredential::Variable => EnvVar {
            name: credential.variable.clone(),
            value: None,
            value_from: Some(EnvVarSource {
                secret_key_ref: Some(SecretKeySelector {
                    name: run.name.clone(),
                    key: CREDENTIAL.to_owned(),
                    optional: None,
                }),
                ..EnvVarSource::default()
            }),
        },
    }));
    variables
}

/// Limits are requests too: a run has what it may use, and is not started where that is not free.
fn resources(run: &RunOrder, settings: &KubernetesSettings) -> ResourceRequirements {
    let limits = BTreeMap::from([
        ("cpu".to_owned(), Quantity(format!("{}m", settings.cpu_millis))),
        ("ephemeral-storage".to_owned(), Quantity(run.log_bytes.to_string())),
        ("memory".to_owned(), Quantity(run.memory_bytes.to_string())),
    ]);
    ResourceRequirements { claims: None, limits: Some(limits.clone()), requests: Some(limits) }
}

fn volumes(run: &RunOrder) -> Vec<Volume> {
    let scratch = Volume {
        name: "tmp".to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            medium: Some("Memory".to_owned()),
            size_limit: Some(Quantity(run.scratch_bytes.to_string())),
        }),
        ..Volume::default()
    };
    let secret = credential_file(run).map(|_| Volume {
        name: CREDENTIAL.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(run.name.clone()),
            // Of the group, which is the program's alone: the owner is root.
            default_mode: Some(0o440),
            items: Some(vec![KeyToPath {
                key: CREDENTIAL.to_owned(),
                path: CREDENTIAL.to_owned(),
                mode: None,
            }]),
            optional: None,
        }),
        ..Volume::default()
    });
    std::iter::once(scratch).chain(secret).collect()
}

fn mounts(run: &RunOrder) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str, read_only: Option<bool>| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only,
        ..VolumeMount::default()
    };
    let secret = credential_file(run).map(|_| mount(CREDENTIAL, CREDENTIAL_DIRECTORY, Some(true)));
    std::iter::once(mount("tmp", "/tmp", None)).chain(secret).collect()
}

fn credential_file(run: &RunOrder) -> Option<&OrderCredential> {
    run.credential.as_ref().filter(|credential| credential.way == ProgramCredential::File)
}

fn toleration(one: &PodToleration) -> Toleration {
    let operator = if one.value.is_some() { "Equal" } else { "Exists" };
    Toleration {
        key: one.key.clone(),
        value: one.value.clone(),
        effect: one.effect.clone(),
        operator: Some(operator.to_owned()),
        toleration_seconds: None,
    }
}

fn runtime_default() -> SeccompProfile {
    SeccompProfile { localhost_profile: None, type_: "RuntimeDefault".to_owned() }
}

fn not_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

#[cfg(test)]
mod tests;
