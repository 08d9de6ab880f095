use super::*;

/// `native` has no groups, `gvisor` has a kernel of its own and does not say why it has no
/// Landlock, and the others do not work.
pub(crate) struct FakeSandboxes;

impl Sandboxes for FakeSandboxes {
    fn report(&self, driver: &str) -> Result<SandboxView, String> {
        let (layers, missing) = match driver {
            "native" => (&["mount-view", "landlock"][..], &["memory-group"][..]),
            "gvisor" => (&["mount-view", "own-kernel"][..], &[][..]),
            _ => return Err(format!("the sandbox {driver:?} does not work here: x; install it")),
        };
        let missing = missing.iter().map(|layer| MissingLayerView {
            layer: (*layer).to_owned(),
            reason: "no group can be made; delegate one".to_owned(),
        });
        Ok(SandboxView {
            driver: driver.to_owned(),
            layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
            missing: missing.collect(),
        })
    }

    fn check_network(&self, driver: &str) -> Result<(), String> {
        self.report(driver).and_then(|report| match report.driver.as_str() {
            "native" => Ok(()),
            _ => Err("no network; demand another sandbox".to_owned()),
        })
    }
}

#[test]
fn who_demands_layers_gets_the_strongest_driver_that_has_them() {
    let driver = |layers: &[Layer]| FakeSandboxes.with_layers(layers).map(|it| it.driver);
    assert_eq!(driver(&[]), Ok("native".to_owned()));
    assert_eq!(driver(&[Layer::MountView, Layer::OwnKernel]), Ok("gvisor".to_owned()));
    let problem = driver(&[Layer::OwnKernel, Layer::Landlock]).unwrap_err();
    assert!(problem.starts_with("the sandbox \"native\" has no layer \"own-kernel\""), "{problem}");
}

#[test]
fn a_missing_layer_is_named_with_its_reason_and_one_fix() {
    let report = FakeSandboxes.report("native").unwrap();
    let problem = lacking(&report, &[Layer::MemoryGroup]).unwrap();
    assert_eq!(
        problem,
        "the sandbox \"native\" has no layer \"memory-group\" here: no group can be made, \
         delegate one; demand another sandbox, or do without the layer"
    );
    assert_eq!(
        layer("landlok").unwrap_err(),
        "there is no layer \"landlok\"; did you mean \"landlock\"?"
    );
}

#[test]
fn a_driver_that_this_gateway_does_not_have_is_refused_with_those_that_it_has() {
    let problem = LocalSandboxes::new(&SandboxSettings::default()).report("docker").unwrap_err();
    assert!(
        problem.starts_with("this gateway has no sandbox \"docker\"; use one of: native, "),
        "{problem}"
    );
}
