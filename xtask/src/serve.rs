//! Serves dist/ on this machine: a static file server of the standard library, enough for one person's browser.
use crate::{shell::Outcome, site};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    thread,
    time::Duration,
};

/// Builds (unless told not to), serves, and prints the link; ends when it is stopped.
pub(crate) fn run(port: u16, build: bool) -> Outcome {
    // A taken port is better known before two minutes of building than after.
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|error| {
        format!("port {port} cannot be used ({error}); another one: cargo xtask serve --port N")
    })?;
    if build {
        site::build()?;
    }
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    println!("\nKafkarium: http://127.0.0.1:{port}/    (stop with Ctrl+C)");
    for stream in listener.incoming().filter_map(Result::ok) {
        thread::spawn(move || answer(stream));
    }
    Ok(())
}

fn answer(stream: TcpStream) {
    // A browser that opens a connection and says nothing must not hold a thread for ever.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let mut line = String::new();
    let mut reader = BufReader::new((&stream).take(64 * 1024));
    if reader.read_line(&mut line).is_err() {
        return;
    }
    // The headers are of no interest, but a socket closed with unread bytes resets the connection.
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
        header.clear();
    }
    // Nobody is left to tell if the browser has gone.
    let _ = respond(&stream, &line);
}

fn respond(mut stream: &TcpStream, request: &str) -> std::io::Result<()> {
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or("/"));
    let (status, kind, body) = match (method, file_for(&site::dist(), target)) {
        ("GET" | "HEAD", Some(path)) => match fs::read(&path) {
            Ok(body) => ("200 OK", mime(&path), body),
            Err(_) => ("404 Not Found", "text/plain; charset=utf-8", b"not found\n".to_vec()),
        },
        ("GET" | "HEAD", None) => ("404 Not Found", "text/plain; charset=utf-8", b"not found\n".to_vec()),
        _ => ("405 Method Not Allowed", "text/plain; charset=utf-8", b"only GET and HEAD\n".to_vec()),
    };
    // Not to be stored: then the service worker too asks here first, and shows what was just built.
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if method == "GET" {
        stream.write_all(&body)?;
    }
    stream.flush()
}

/// The file a request's target names; nothing outside `dist`.
fn file_for(dist: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = Path::new(if path.is_empty() { "index.html" } else { path });
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| dist.join(path))
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_name_files_inside_dist_alone() {
        let dist = Path::new("dist");
        assert_eq!(file_for(dist, "/"), Some(dist.join("index.html")));
        assert_eq!(file_for(dist, "/worker.js?v=1"), Some(dist.join("worker.js")));
        assert_eq!(file_for(dist, "/../Cargo.toml"), None);
        assert_eq!(file_for(dist, "//etc/passwd"), None);
        assert_eq!(file_for(dist, "Cargo.toml"), None);
    }

    #[test]
    fn what_is_served_is_not_to_be_stored() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut browser = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        browser.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        answer(listener.accept().unwrap().0);
        let mut said = String::new();
        browser.read_to_string(&mut said).unwrap();
        assert!(said.contains("Cache-Control: no-store\r\n"), "or a page would hide what was just built");
    }

    #[test]
    fn webassembly_has_the_type_that_lets_it_stream() {
        assert_eq!(mime(Path::new("dist/worker_bg.wasm")), "application/wasm");
    }
}
