//! `cargo xtask`: everything that is done to Kafkarium from a shell, set-up included. Standard library only, so that
//! the first command on a fresh machine starts within seconds.
mod bench;
mod browser;
mod digest;
mod glue;
mod offline;
mod recordings;
mod serve;
mod setup;
mod shell;
mod site;
mod styles;
mod test;
mod wasm;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>      every command first installs what it needs and says so

  serve [--port N] [--no-build]
                           build the page (release) and serve it on http://127.0.0.1:8080
  test [--require-browser] formatting, lints, and every test: native, Node, Chromium;
                           ends with a line `N passed, N failed, N skipped`
  bench [--no-browser]     measure: native, Node, a Chromium page and its worker
  build                    leave a static site in dist/ that works from any sub-path
  setup                    only install what the others need
  shots [HASH] [--out DIR] [--no-build]
                           screenshots of twelve states of the page in three sizes, light and dark
                           (or of one: HASH is the URL's part after #; DIR is shots/ by default)
  record [--again] [NAME...]
                           record what a real Kafka cluster does (needs Java and Maven);
                           what is recorded already is left, unless --again
  fidelity                 hold the simulator against the recordings: docs/fidelity.md

Tools go to .tools/; a browser or Node is never installed: where missing, the command for it is named.
Environment: KAFKARIUM_BROWSER is the path of a Chromium or Chrome to use.
";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let command = if args.is_empty() { String::from("help") } else { args.remove(0) };
    let result = if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        Ok(())
    } else {
        dispatch(&command, args)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            if !reason.is_empty() {
                eprintln!("\ncargo xtask {command}: {reason}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, mut args: Vec<String>) -> shell::Outcome {
    match command {
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        "setup" => {
            shell::no_more(&args)?;
            setup::for_page()
        }
        "build" => {
            shell::no_more(&args)?;
            site::build()
        }
        "serve" => {
            let port = shell::option(&mut args, "--port")?.unwrap_or_else(|| String::from("8080"));
            let port =
                port.parse().map_err(|_| format!("--port wants a number up to 65535, not `{port}`"))?;
            let no_build = shell::flag(&mut args, "--no-build");
            shell::no_more(&args)?;
            serve::run(port, !no_build)
        }
        "test" => {
            let require_browser = shell::flag(&mut args, "--require-browser");
            shell::no_more(&args)?;
            test::run(require_browser)
        }
        "bench" => {
            let no_browser = shell::flag(&mut args, "--no-browser");
            shell::no_more(&args)?;
            bench::run(!no_browser)
        }
        "shots" => {
            let out = shell::option(&mut args, "--out")?;
            let no_build = shell::flag(&mut args, "--no-build");
            let hash = if args.is_empty() { String::new() } else { args.remove(0) };
            shell::no_more(&args)?;
            browser::shots(&hash, out.as_deref(), !no_build)
        }
        "record" => recordings::record(&args),
        "fidelity" => {
            shell::no_more(&args)?;
            recordings::fidelity()
        }
        other => Err(format!("no such command: {other}\n\n{HELP}")),
    }
}
