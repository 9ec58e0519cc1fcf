//! Recordings of a real Apache Kafka cluster, and the page that holds the simulator against them.
//!
//! Java and Maven make recordings and nothing else: no build, no test and no other command needs them.
use crate::shell::{self, Outcome};

const JAVA_HINT: &str = "recording a real Kafka cluster needs a Java development kit (17 or later) and Maven, and {} was not \
                         found; on Debian: apt-get install openjdk-17-jdk-headless maven. Everything else works without: \
                         the recordings are in tests/recordings.";

/// Records the named situations, or all that are not recorded yet.
pub(crate) fn record(arguments: &[String]) -> Outcome {
    for program in ["java", "javac", "mvn"] {
        shell::find(program).ok_or_else(|| JAVA_HINT.replace("{}", program))?;
    }
    let recordings = shell::root().join("tests").join("recordings");
    let made = shell::root().join("target").join("recorder");
    let libraries = made.join("lib");
    shell::step("making the recorder (Kafka's jars are downloaded once, some 50 MB)", || {
        shell::run(
            shell::command("mvn")
                .args(["-q", "-B", "-f"])
                .arg(recordings.join("recorder").join("pom.xml"))
                .arg("compile")
                .arg("dependency:copy-dependencies")
                .arg(format!("-DoutputDirectory={}", libraries.display())),
        )
    })?;
    let separator = if cfg!(windows) { ";" } else { ":" };
    let class_path =
        format!("{}{separator}{}", made.join("classes").display(), libraries.join("*").display());
    shell::run(
        shell::command("java")
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
            .args(["-cp", &class_path, "kafkarium.recorder.Recorder"])
            .arg(recordings)
            .args(arguments),
    )
}

/// Writes `docs/fidelity.md`.
pub(crate) fn fidelity() -> Outcome {
    shell::step("playing every recorded situation, and writing docs/fidelity.md", || {
        shell::run(shell::cargo().args(["run", "-q", "-p", "kafkarium-tests", "--bin", "fidelity"]))
    })
}
