//! Node, the npm packages of tests/browser and a Chromium: found where there, named where not.
use crate::{
    shell::{self, Outcome},
    site,
};
use std::{env, fs, path::PathBuf, process::Command};

/// The browser to use: KAFKARIUM_BROWSER, or a Chromium or Chrome where one is usually found.
pub(crate) fn find() -> Option<PathBuf> {
    if let Some(path) = env::var_os("KAFKARIUM_BROWSER") {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    let on_path = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
    let elsewhere = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ];
    let elsewhere = elsewhere.into_iter().map(PathBuf::from).filter(|path| path.is_file());
    on_path.into_iter().find_map(shell::find).or_else(|| elsewhere.into_iter().next())
}

/// How a browser is had where there is none.
pub(crate) const BROWSER_HINT: &str = "no Chromium or Chrome was found; on Debian: apt-get install chromium (or set KAFKARIUM_BROWSER to its path)";

/// How Node is had where there is none, or an old one.
pub(crate) const NODE_HINT: &str =
    "Node 18 or newer with npm was not found; on Debian: apt-get install nodejs npm";

/// True if Node is there and new enough for its own test runner.
pub(crate) fn has_node() -> bool {
    let version = shell::output(shell::command("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= 18) && npm().is_some()
}

fn npm() -> Option<&'static str> {
    ["npm", "npm.cmd"].into_iter().find(|name| shell::output(shell::command(name).arg("--version")).is_some())
}

/// Installs the packages of tests/browser as package-lock.json has them, unless that is done already.
pub(crate) fn packages() -> Outcome {
    let dir = shell::root().join("tests/browser");
    let lock =
        fs::read(dir.join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}"))?;
    let mark = dir.join("node_modules/.installed");
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let npm = npm().ok_or(NODE_HINT)?;
    shell::step("installing the browser tests' packages (seconds)", || {
        shell::run(shell::command(npm).current_dir(&dir).args(["ci", "--ignore-scripts", "--no-progress"]))?;
        fs::write(&mark, &lock).map_err(|error| format!("node_modules could not be written: {error}"))
    })
}

/// Node, told where things are.
pub(crate) fn node() -> Command {
    let mut node = shell::command("node");
    if let Some(browser) = find() {
        node.env("KAFKARIUM_BROWSER", browser);
    } else {
        node.env_remove("KAFKARIUM_BROWSER");
    }
    node
}

/// Screenshots of the page.
pub(crate) fn shots(hash: &str, out: Option<&str>, build: bool) -> Outcome {
    find().ok_or(BROWSER_HINT)?;
    if !has_node() {
        return Err(NODE_HINT.to_owned());
    }
    if build {
        site::build()?;
    }
    packages()?;
    shell::run(node().arg("tests/browser/shots.mjs").arg(out.unwrap_or("shots")).arg(hash))
}
