package kafkarium.recorder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code Recorder FOLDER [--again] [NAME...]}: records the named situations, or all, into {@code FOLDER/NAME.json}. What is
 * recorded already is left as it is, unless asked for with {@code --again}.
 */
public final class Recorder {
    private Recorder() {}

    public static void main(String[] arguments) throws Exception {
        // Whoever started it may be ended alone: nobody waits for recordings then, and no broker may be left.
        ProcessHandle.current().parent().ifPresent(parent -> parent.onExit().thenRun(() -> System.exit(1)));
        List<String> names = new ArrayList<>(Arrays.asList(arguments));
        Path recordings = Path.of(names.remove(0));
        boolean again = names.remove("--again");
        List<Situation> wanted = chosen(names);
        wanted.removeIf(one -> !again && Files.exists(file(recordings, one)));
        // Situations of like clusters stand together, so that a cluster serves as many as it can.
        List<Cluster.Spec> specs = wanted.stream().map(Situation::cluster).distinct().toList();
        wanted.sort(Comparator.comparingInt(one -> specs.indexOf(one.cluster())));
        System.out.println(wanted.size() + " to record, into " + recordings);
        int failed = record(wanted, recordings);
        System.exit(failed == 0 ? 0 : 1);
    }

    private static List<Situation> chosen(List<String> names) {
        List<Situation> all = Situations.all();
        List<String> known = all.stream().map(Situation::name).toList();
        for (String name : names) {
            if (!known.contains(name)) {
                System.err.println("There is no situation " + name + "; there are: " + String.join(", ", known));
                System.exit(2);
            }
        }
        return new ArrayList<>(all.stream().filter(one -> names.isEmpty() || names.contains(one.name())).toList());
    }

    private static int record(List<Situation> wanted, Path recordings) throws Exception {
        int failed = 0;
        Cluster cluster = null;
        Cluster.Spec runs = null;
        Path folders = Files.createTempDirectory("kafkarium-recorder");
        for (Situation situation : wanted) {
            long from = System.currentTimeMillis();
            System.out.println("==> " + situation.name());
            try {
                if (!situation.cluster().isNone() && (cluster == null || !situation.cluster().equals(runs))) {
                    if (cluster != null) {
                        cluster.close();
                        cluster = null;
                    }
                    runs = situation.cluster();
                    cluster = Cluster.start(runs, folders.resolve(situation.name()));
                }
                Recording recording = new Recording(situation);
                situation.play().play(cluster, recording);
                recording.write(file(recordings, situation));
                if (cluster != null) {
                    cluster.heal();
                }
                System.out.println("    recorded, " + (System.currentTimeMillis() - from) / 1000 + " s");
            } catch (Exception failure) {
                failed++;
                System.err.println("    FAILED: " + situation.name());
                failure.printStackTrace();
                System.err.println("    the logs of that cluster are in " + folders);
                if (cluster != null) {
                    cluster.close();
                    cluster = null;
                }
            }
        }
        if (cluster != null) {
            cluster.close();
        }
        if (failed == 0) {
            delete(folders);
        }
        return failed;
    }

    private static Path file(Path recordings, Situation situation) {
        return recordings.resolve(situation.name() + ".json");
    }

    /** Deletes a folder with everything in it. */
    static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(one);
            }
        }
    }
}
