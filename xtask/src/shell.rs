//! Running programs and saying so: where the repository is, what is on PATH, a line a step with its time.
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// What every step returns: nothing, or one sentence for the user.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    // Cargo sets this when it runs us; without cargo the current folder has to be the root.
    env::var_os("CARGO_MANIFEST_DIR")
        .and_then(|dir| PathBuf::from(dir).parent().map(Path::to_path_buf))
        .unwrap_or_else(|| PathBuf::from("."))
}

/// Where this repository's own tools are installed.
pub(crate) fn tools_bin() -> PathBuf {
    root().join(".tools").join("bin")
}

/// PATH with our own tools in front.
fn path() -> OsString {
    let rest = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(tools_bin()).chain(env::split_paths(&rest));
    env::join_paths(all).unwrap_or(rest)
}

/// The full path of a program, if it is in `.tools` or on PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path()).map(|dir| dir.join(&file)).find(|path| path.is_file())
}

/// A program to be run in the repository's root, with `.tools` in front of PATH and nothing on its standard input.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(find(program).unwrap_or_else(|| PathBuf::from(program)));
    command.current_dir(root()).env("PATH", path()).stdin(Stdio::null());
    command
}

/// `cargo`, the one that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = command("cargo");
    // What cargo told us about ourselves is not for the crates it builds next.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs to the end with the output shown; a failure names the command.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = describe(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed ({status})")),
        Err(error) => Err(format!("`{shown}` could not be started: {error}")),
    }
}

/// What a program prints, if it runs and succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
}

/// Announces a step, does it, and says how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    eprintln!("==> {what}");
    let start = Instant::now();
    let result = work();
    let word = if result.is_ok() { "done" } else { "FAILED" };
    eprintln!("    {word}: {what}, {:.1} s", start.elapsed().as_secs_f64());
    result
}

/// Takes `name` out of the arguments; true if it was there.
pub(crate) fn flag(args: &mut Vec<String>, name: &str) -> bool {
    let before = args.len();
    args.retain(|arg| arg != name);
    args.len() < before
}

/// Takes `name VALUE` out of the arguments.
pub(crate) fn option(args: &mut Vec<String>, name: &str) -> Outcome<Option<String>> {
    let Some(at) = args.iter().position(|arg| arg == name) else { return Ok(None) };
    if at + 1 == args.len() {
        return Err(format!("{name} wants a value"));
    }
    args.remove(at);
    Ok(Some(args.remove(at)))
}

/// Refuses what no option took.
pub(crate) fn no_more(args: &[String]) -> Outcome {
    match args.first() {
        None => Ok(()),
        Some(arg) => Err(format!("`{arg}` is not understood here; see `cargo xtask help`")),
    }
}
