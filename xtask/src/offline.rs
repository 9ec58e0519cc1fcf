//! Tells the service worker which files the site has, and what is in them, so that it keeps a whole copy of one build.
use crate::{digest, shell};
use std::{fs, io, path::Path};

const SERVICE_WORKER: &str = "service_worker.js";

/// The names of all files of the site, in order. All lie in `dist` itself.
pub(crate) fn files(dist: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dist)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let folder = entry.path();
            return Err(io::Error::other(format!("{} is a folder: it would not be kept", folder.display())));
        }
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Writes the service worker of a build: web/service_worker.js after a line that says what it keeps.
pub(crate) fn write_service_worker(dist: &Path, build: &str) -> io::Result<()> {
    let mut list = Vec::new();
    for name in files(dist)?.into_iter().filter(|name| name != SERVICE_WORKER) {
        let integrity = digest::integrity(&fs::read(dist.join(&name))?);
        list.push(format!("\"{name}\":\"{integrity}\""));
    }
    let script = fs::read_to_string(shell::root().join("web").join(SERVICE_WORKER))?;
    let site = format!("{{\"build\":\"{build}\",\"files\":{{{}}}}}", list.join(","));
    fs::write(dist.join(SERVICE_WORKER), format!("const SITE = {site};\n{script}"))
}
