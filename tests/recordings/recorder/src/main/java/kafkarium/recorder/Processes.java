package kafkarium.recorder;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Starts Java programs, sends them signals by their own ids, and leaves none of them behind. */
final class Processes {
    private static final Set<Process> STARTED = ConcurrentHashMap.newKeySet();

    private static boolean ending;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Processes::endAll));
    }

    private Processes() {}

    private static synchronized void endAll() {
        ending = true;
        STARTED.forEach(Process::destroyForcibly);
    }

    private static synchronized Process begin(ProcessBuilder builder) throws IOException {
        if (ending) {
            throw new IOException("the recorder is ending");
        }
        Process process = builder.start();
        STARTED.add(process);
        return process;
    }

    /** A Java program with our class path; {@code log} receives what it says, or a pipe does if it is null. */
    static Process java(String main, int heapMb, Path log, List<String> args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMb + "m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-cp", System.getProperty("java.class.path"), main));
        command.addAll(args);
        ProcessBuilder builder = new ProcessBuilder(command);
        if (log == null) {
            builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        } else {
            File file = log.toFile();
            builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(file));
        }
        return begin(builder);
    }

    /** SIGSTOP or SIGCONT, which Java has no word for. */
    static void signal(Process process, String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    /** SIGKILL, and gone when this returns. */
    static void kill(Process process) throws InterruptedException {
        process.destroyForcibly().waitFor();
        STARTED.remove(process);
    }

    /** SIGTERM; returns at once. */
    static void terminate(Process process) {
        process.destroy();
    }
}
