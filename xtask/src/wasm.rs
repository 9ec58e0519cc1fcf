//! WebAssembly files: shrinking them where wasm-opt is at hand, and building the probe that Node, a page and a
//! worker run.
use crate::{
    glue, setup,
    shell::{self, Outcome},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

/// What the compiler uses by default. Not `--all-features`: what comes out then need not run in a browser.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Older ones accept today's output and break it: 108 was seen to give a page that does not start.
const OLDEST_WASM_OPT: u32 = 116;

/// Shrinks every .wasm file of a folder in place, with the script that goes with it. The names of functions, nearly half of a file, are always taken
/// out. A wasm-opt then takes a few per cent more: from files whose name starts with one of `for_size` at any price,
/// from others without loss of speed. Without one, or with one that refuses a file, that is all.
pub(crate) fn shrink_all(dir: &Path, for_size: &[&str]) -> Outcome {
    let say = |error: std::io::Error| format!("{} could not be worked on: {error}", dir.display());
    let optimise = usable_wasm_opt();
    for path in fs::read_dir(dir).map_err(say)?.filter_map(|entry| entry.ok()).map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let before = fs::read(&path).map_err(say)?;
            // What wasm-bindgen wrote to go with it.
            let script = path.with_file_name(name.replace("_bg.wasm", ".js"));
            let mut glue = fs::read_to_string(&script).map_err(say)?;
            let tidy =
                tidied(&before, &mut glue).map_err(|error| format!("{name} cannot be read: {error}"))?;
            let after = without_names(&tidy).ok_or_else(|| format!("{name} is no WebAssembly"))?;
            fs::write(&script, glue).map_err(say)?;
            fs::write(&path, &after).map_err(say)?;
            let level = if for_size.iter().any(|prefix| name.starts_with(prefix)) { "-Oz" } else { "-O3" };
            let by = if optimise && wasm_opt(&path, level) {
                format!(", by wasm-opt {level}")
            } else {
                String::new()
            };
            let size = fs::metadata(&path).map_err(say)?.len();
            eprintln!("    {name}: {} KiB compiled, {} KiB left{by}", before.len() / 1024, size / 1024);
        }
    }
    Ok(())
}

fn usable_wasm_opt() -> bool {
    let version = shell::output(shell::command("wasm-opt").arg("--version")).unwrap_or_default();
    let version: Option<u32> = version.split_whitespace().find_map(|word| word.parse().ok());
    let usable = version.is_some_and(|version| version >= OLDEST_WASM_OPT);
    if !usable {
        let found =
            version.map_or(String::from("no wasm-opt"), |version| format!("wasm-opt {version} is too old"));
        eprintln!(
            "    ({found}: nothing is lost but a few per cent of size; binaryen has {OLDEST_WASM_OPT} and newer)"
        );
    }
    usable
}

fn wasm_opt(path: &Path, level: &str) -> bool {
    let smaller = path.with_extension("wasm.opt");
    let mut opt = shell::command("wasm-opt");
    opt.arg(level)
        .args(FEATURES)
        .arg("-o")
        .arg(&smaller)
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let done = opt.status().is_ok_and(|status| status.success()) && fs::rename(&smaller, path).is_ok();
    if !done {
        // There may be nothing to remove.
        let _ = fs::remove_file(&smaller);
    }
    done
}

/// What a dependency (`wasm-streams`, for servers that stream) exports for classes of its own, and no page makes.
const NEVER_CALLED: &str = "intounderlying";

/// A module without exports that are never called, nor what only they need; its imports have short names, there and in
/// the script that brings them.
fn tidied(module: &[u8], glue: &mut String) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut module = walrus::Module::from_buffer(module)?;
    let is_needless = |name: &str| name.trim_start_matches("__wbg_").starts_with(NEVER_CALLED);
    let needless: Vec<_> =
        module.exports.iter().filter(|export| is_needless(&export.name)).map(|export| export.id()).collect();
    needless.into_iter().for_each(|id| module.exports.delete(id));
    walrus::passes::gc::run(&mut module);
    for (number, import) in module.imports.iter_mut().enumerate() {
        let short = format!("i{number}");
        if glue::rename(glue, &import.name, &short) {
            import.name = short;
        }
    }
    Ok(module.emit_wasm())
}

/// A module without its custom sections, which change nothing that runs: names, producers, features. `None` if this
/// is not a module.
fn without_names(module: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = module.split_at_checked(8)?;
    if !header.starts_with(b"\0asm") {
        return None;
    }
    let mut kept = header.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        // The section's size is a LEB128 number.
        let digits = after_id.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let number = |size: usize, byte: &u8| (size << 7) | usize::from(byte & 0x7f);
        let size = after_id.get(..digits.min(5))?.iter().rev().fold(0, number);
        let section;
        (section, rest) = rest.split_at_checked(1 + digits + size)?;
        if id != 0 {
            kept.extend_from_slice(section);
        }
    }
    Some(kept)
}

/// Where the probe is left: `node/`, `web/`, and the native digest table beside them.
pub(crate) fn probe_dir() -> PathBuf {
    shell::root().join("target").join("probe")
}

/// Builds tests/wasm for Node and for browsers.
pub(crate) fn build_probe() -> Outcome {
    setup::for_page()?;
    shell::step("building the WebAssembly probe", || {
        let mut build = shell::cargo();
        build.args(["build", "--quiet", "--release", "--package", "kafkarium-wasm-probe", "--lib"]);
        shell::run(build.args(["--target", setup::WASM_TARGET, "--target-dir", "target"]))?;
        let built =
            shell::root().join("target").join(setup::WASM_TARGET).join("release/kafkarium_wasm_probe.wasm");
        for (target, dir) in [("nodejs", "node"), ("web", "web")] {
            let mut bindgen = shell::command("wasm-bindgen");
            bindgen.args(["--target", target, "--no-typescript", "--out-name", "probe", "--out-dir"]);
            shell::run(bindgen.arg(probe_dir().join(dir)).arg(&built))?;
            shrink_all(&probe_dir().join(dir), &[])?;
        }
        let mut native = shell::cargo();
        native.args(["run", "--quiet", "--package", "kafkarium-wasm-probe", "--bin", "digest_table"]);
        let table =
            shell::output(&mut native).ok_or_else(|| format!("`{}` failed", shell::describe(&native)))?;
        fs::write(probe_dir().join("native.json"), table)
            .map_err(|error| format!("target/probe could not be written: {error}"))?;
        // Node takes what it is given here for CommonJS, whatever a package.json above says.
        fs::write(probe_dir().join("node/package.json"), "{\"type\":\"commonjs\"}\n")
            .map_err(|error| format!("target/probe could not be written: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_go_and_the_others_stay() {
        let header = b"\0asm\x01\0\0\0";
        let types = [&[1, 0x80, 0x01][..], &[7; 128]].concat();
        let names = [0, 5, 4, b'n', b'a', b'm', b'e'];
        let module = [header, &types[..], &names].concat();
        assert_eq!(without_names(&module), Some([header, &types[..]].concat()));
        assert_eq!(without_names(&module[..module.len() - 1]), None, "cut off");
        assert_eq!(without_names(b"<html>"), None);
    }
}
