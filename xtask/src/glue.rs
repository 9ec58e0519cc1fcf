//! The JavaScript that wasm-bindgen writes, without what nobody reads in a browser: a tenth of its download.
use std::{fs, io, path::Path};

/// Shortens the files of dist/ whose names begin so.
pub(crate) fn shorten(dist: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(dist)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(".js") {
            let glue = fs::read_to_string(&path)?;
            fs::write(&path, without_comments(&without_classes(&glue)))?;
        }
    }
    Ok(())
}

/// Gives a function that the script hands to WebAssembly another name: each of some 250 ends in a digest of its own, which
/// no compression makes shorter. False, and nothing done, if it is not handed over under its name exactly once.
pub(crate) fn rename(glue: &mut String, name: &str, short: &str) -> bool {
    let (long, brief) = (format!("{name}: function("), format!("{short}: function("));
    let mut lines = glue
        .match_indices(&long)
        .filter(|&(at, _)| glue[..at].ends_with(|before: char| before.is_whitespace()));
    let (Some((at, _)), None) = (lines.next(), lines.next()) else { return false };
    glue.replace_range(at..at + long.len(), &brief);
    true
}

/// Classes that a dependency has for servers, and no page makes (see the exports that wasm.rs removes).
const NEVER_MADE: [(&str, &str); 3] = [
    ("export class IntoUnderlying", "}"),
    ("if (Symbol.dispose) IntoUnderlying", ";"),
    ("const IntoUnderlying", ";"),
];

/// Without statements that begin as one of [`NEVER_MADE`], at the margin, each up to where it says it ends.
fn without_classes(glue: &str) -> String {
    let mut kept = String::new();
    let mut end = None;
    for line in glue.lines() {
        end =
            end.or_else(|| NEVER_MADE.iter().find(|(begin, _)| line.starts_with(begin)).map(|(_, end)| *end));
        match end {
            Some("}") if line == "}" => end = None,
            Some(";") if line.ends_with(';') => end = None,
            Some(_) => {}
            None => kept.extend([line, "\n"]),
        }
    }
    kept
}

/// Without indentation and lines of comment. No string of wasm-bindgen's has more than one line.
fn without_comments(glue: &str) -> String {
    let mut in_comment = false;
    let mut kept = String::new();
    for line in glue.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_are_never_made_go() {
        let glue = "export class IntoUnderlyingSink {\n    free() {\n    }\n}\nif (Symbol.dispose) IntoUnderlyingSink.x = 1;\nsay();\nconst IntoUnderlyingSinkFinalization = (a)\n    ? {}\n    : new B();\nsay();\n";
        assert_eq!(without_classes(glue), "say();\nsay();\n");
    }

    #[test]
    fn what_is_handed_over_gets_a_short_name() {
        let mut glue = String::from(
            "const import0 = {\n__wbg_now_1f: function() {\n},\n  __wbg_now_1fa: function() {\n}};",
        );
        assert!(rename(&mut glue, "__wbg_now_1f", "i0") && rename(&mut glue, "__wbg_now_1fa", "i1"));
        assert_eq!(glue, "const import0 = {\ni0: function() {\n},\n  i1: function() {\n}};");
        let before = glue.clone();
        assert!(!rename(&mut glue, "__wbg_gone_2e", "i2"), "it is not there");
        assert!(!rename(&mut glue, "0", "i3"), "part of a name");
        assert_eq!(glue, before);
    }

    #[test]
    fn comments_and_indentation_go() {
        let glue = "/**\n * Says it.\n * @returns {void}\n */\nexport function say() {\n    // Loudly.\n    say(\"// it\");\n\n}\n/* one */\nsay();\n";
        assert_eq!(without_comments(glue), "export function say() {\nsay(\"// it\");\n}\nsay();\n");
    }
}
