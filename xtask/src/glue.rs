//! The JavaScript that wasm-bindgen writes, without what nobody reads in a browser: a tenth of its download.
use std::{fs, io, path::Path};

/// Shortens the files of dist/ whose names begin so.
pub(crate) fn shorten(dist: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(dist)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(".js") {
            fs::write(&path, without_comments(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
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
    fn comments_and_indentation_go() {
        let glue = "/**\n * Says it.\n * @returns {void}\n */\nexport function say() {\n    // Loudly.\n    say(\"// it\");\n\n}\n/* one */\nsay();\n";
        assert_eq!(without_comments(glue), "export function say() {\nsay(\"// it\");\n}\nsay();\n");
    }
}
