//! Installs what building the page needs, in order, each step said and timed: the WebAssembly target, Trunk,
//! wasm-bindgen, the crates. Versions are pinned; what is on PATH is used when its version is the pinned one.
use crate::shell::{self, Outcome};
use std::{
    env, fs,
    io::{BufRead, BufReader, IsTerminal},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A tool that cargo installs.
struct Tool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
    args: &'static [&'static str],
    minutes: &'static str,
}

const TRUNK: Tool = Tool {
    program: "trunk",
    package: "trunk",
    version: "0.21.14",
    args: &["--locked", "--no-default-features", "--features", "rustls"],
    minutes: "3 to 8 minutes, once",
};

/// Must be exactly the version of the `wasm-bindgen` crate in Cargo.lock.
const WASM_BINDGEN: Tool = Tool {
    program: "wasm-bindgen",
    package: "wasm-bindgen-cli",
    version: "0.2.130",
    args: &[],
    minutes: "2 to 4 minutes, once",
};

/// All that `build`, `serve`, `test` and `bench` need to make WebAssembly and the page.
pub(crate) fn for_page() -> Outcome {
    target()?;
    tool(&TRUNK)?;
    tool(&WASM_BINDGEN)?;
    let half_built = shell::root().join(".tools").join("build");
    if half_built.is_dir() && fs::remove_dir_all(&half_built).is_err() {
        eprintln!("    (.tools/build is no longer needed and could not be removed)");
    }
    crates()
}

/// The WebAssembly target of the compiler in use.
pub(crate) fn target() -> Outcome {
    let sysroot = shell::output(shell::command("rustc").args(["--print", "sysroot"]))
        .ok_or("no Rust compiler was found; install rustup from https://rustup.rs")?;
    let std_there = std::path::Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).is_dir();
    // Someone who builds std for the target has no need of rustup's.
    if std_there || env::var_os("CARGO_UNSTABLE_BUILD_STD").is_some() {
        return Ok(());
    }
    shell::step(&format!("adding the target {WASM_TARGET} (seconds)"), || {
        shell::run(shell::command("rustup").args(["target", "add", WASM_TARGET]))
    })
    .map_err(|reason| {
        format!("{reason}\nthe compiler's {WASM_TARGET} target is missing; install it with: rustup target add {WASM_TARGET}")
    })
}

/// True if the program found first (in `.tools`, then on PATH) is the pinned version.
fn is_there(tool: &Tool) -> bool {
    shell::find(tool.program).is_some()
        && shell::output(shell::command(tool.program).arg("--version")).is_some_and(|said| {
            said.split_whitespace().any(|word| word.trim_start_matches('v') == tool.version)
        })
}

fn tool(tool: &Tool) -> Outcome {
    if is_there(tool) {
        return Ok(());
    }
    let what = format!("installing {} {} into .tools ({})", tool.package, tool.version, tool.minutes);
    let mut install = shell::cargo();
    install.args(["install", tool.package, "--version", tool.version, "--root", ".tools"]).args(tool.args);
    let by_hand = shell::describe(&install);
    // Built for a short wait, not for speed; kept while unfinished, so that an interrupted build goes on.
    install
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_TARGET_DIR", shell::root().join(".tools").join("build"));
    shell::step(&what, || with_progress(&mut install))
        .and_then(|()| match is_there(tool) {
            true => Ok(()),
            false => Err(format!("{} was installed but does not say it is {}", tool.program, tool.version)),
        })
        .map_err(|reason| format!("{reason}\nto install it by hand: {by_hand}"))
}

/// On a terminal cargo draws its own progress; elsewhere its hundreds of lines become one every few seconds.
fn with_progress(command: &mut Command) -> Outcome {
    if std::io::stderr().is_terminal() {
        return shell::run(command);
    }
    let shown = shell::describe(command);
    let start = Instant::now();
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    let (mut compiled, mut next, mut tail) = (0, Duration::from_secs(10), Vec::new());
    for line in
        child.stderr.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines()).map_while(Result::ok)
    {
        compiled += u32::from(line.trim_start().starts_with("Compiling"));
        if start.elapsed() >= next {
            eprintln!("    {compiled} crates compiled, {} s so far", start.elapsed().as_secs());
            next = start.elapsed() + Duration::from_secs(10);
        }
        tail.push(line);
        if tail.len() > 40 {
            tail.remove(0);
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        ended => {
            tail.iter().for_each(|line| eprintln!("    {line}"));
            Err(format!(
                "`{shown}` failed ({})",
                ended.map_or_else(|error| error.to_string(), |s| s.to_string())
            ))
        }
    }
}

/// Downloads the crates once, so that Trunk can work without asking the network for anything.
fn crates() -> Outcome {
    let fetch = |offline: bool| {
        let mut fetch = shell::cargo();
        fetch.args(["fetch", "--quiet", "--locked", "--target", WASM_TARGET]);
        if let Some(host) = host() {
            fetch.args(["--target", &host]);
        }
        if offline {
            fetch.arg("--offline").stderr(Stdio::null());
        }
        fetch
    };
    if shell::run(&mut fetch(true)).is_ok() {
        return Ok(());
    }
    shell::step("downloading the crates (seconds)", || shell::run(&mut fetch(false)))
}

fn host() -> Option<String> {
    let version = shell::output(shell::command("rustc").arg("-vV"))?;
    version.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}
