//! Builds the static site: Trunk, then in dist/ one style sheet, smaller WebAssembly, the openings, the build's name, and the service worker.
use crate::{
    digest, glue, offline, setup,
    shell::{self, Outcome},
    styles, wasm,
};
use std::{fs, path::PathBuf};

/// Where the site is left.
pub(crate) fn dist() -> PathBuf {
    shell::root().join("dist")
}

/// Builds dist/.
pub(crate) fn build() -> Outcome {
    setup::for_page()?;
    shell::step("building the page into dist/ (about two minutes the first time)", || {
        let mut trunk = shell::command("trunk");
        trunk.args(["build", "--release", "--offline", "true", "--skip-version-check", "--log", "warn"]);
        // Trunk takes only `true` and `false` here, where others write NO_COLOR=1.
        shell::run(trunk.env_remove("NO_COLOR"))?;
        glue::shorten(&dist(), "app-")
            .map_err(|error| format!("the page's script could not be shortened: {error}"))?;
        styles::join(&dist()).map_err(|error| format!("the style sheets could not be joined: {error}"))?;
        wasm::shrink_all(&dist(), &["app", "workshop"])
    })?;
    shell::step("recording the openings of the scenarios that ship", || {
        let mut openings = shell::cargo();
        openings.args(["run", "--quiet", "--package", "kafkarium-web", "--no-default-features"]);
        openings.args(["--features", "openings", "--bin", "openings", "--"]).arg(dist()).arg(asked_dir());
        shell::run(&mut openings)?;
        name_the_build()
    })
}

/// Where what was asked for each opening is left, for the test that asks the worker the same.
fn asked_dir() -> PathBuf {
    shell::root().join("target").join("openings")
}

/// Puts a digest of everything in dist/ in the place of `BUILD` in index.html: addresses whose file names do not
/// change carry it as a query, so that a new page never runs an old worker out of a cache. The service worker is told.
fn name_the_build() -> Outcome {
    let say = |error: std::io::Error| format!("dist/ could not be finished: {error}");
    let mut all = Vec::new();
    for name in offline::files(&dist()).map_err(say)? {
        all.extend(fs::read(dist().join(name)).map_err(say)?);
    }
    let build = &digest::short(&all);
    let index = dist().join("index.html");
    let html = fs::read_to_string(&index).map_err(say)?;
    fs::write(&index, html.replace("?v=BUILD", &format!("?v={build}"))).map_err(say)?;
    offline::write_service_worker(&dist(), build).map_err(say)
}
