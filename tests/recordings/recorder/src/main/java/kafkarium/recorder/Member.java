package kafkarium.recorder;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A consumer that runs in a process of its own, and all that it told. */
final class Member implements AutoCloseable {
    /** Something that happened to it: polling, assigned, revoked, lost, polled, failed, left. */
    record Event(long at, String what, String detail) {
        /** Of an assignment: the generation. */
        int generation() {
            return Integer.parseInt(detail.split(" ", 2)[0]);
        }

        /** Of an assignment: the partitions, as topic and number. */
        List<String> partitions() {
            String names = detail.split(" ", 2)[1];
            return names.isEmpty() ? List.of() : Arrays.asList(names.split(","));
        }
    }

    private final String name;
    private final Process process;
    private final List<Event> events = new ArrayList<>();

    /** Starts a member of a group with this client id. */
    Member(Cluster cluster, String group, String name, String topics, Map<String, String> config) throws IOException {
        this.name = name;
        List<String> arguments = new ArrayList<>(List.of(topics, "bootstrap.servers=" + cluster.bootstrap(),
                "group.id=" + group, "client.id=" + name));
        config.forEach((key, value) -> arguments.add(key + "=" + value));
        process = Processes.java("kafkarium.recorder.MemberMain", 128, null, arguments);
        Thread reader = new Thread(this::read, "member " + name);
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = lines.readLine()) != null;) {
                String[] parts = line.split(" ", 3);
                synchronized (events) {
                    events.add(new Event(Long.parseLong(parts[0]), parts[1], parts.length > 2 ? parts[2] : ""));
                }
            }
        } catch (IOException ended) {
            // It was killed; what it had told is kept.
        }
    }

    List<Event> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    /** The first event of a kind at or after a moment, waited for. */
    Event await(String what, long from, long withinMs, Predicate<Event> is) {
        List<Event> found = new ArrayList<>();
        Waiting.until(withinMs, name + " tells of: " + what, () -> {
            Optional<Event> first = events().stream()
                    .filter(one -> one.at() >= from && one.what().equals(what) && is.test(one)).findFirst();
            first.ifPresent(found::add);
            return first.isPresent();
        });
        return found.get(0);
    }

    /** Its newest assignment; none if it never had one. */
    Optional<Event> assignment() {
        return events().stream().filter(one -> one.what().equals("assigned")).reduce((earlier, later) -> later);
    }

    private long order(String words) throws IOException {
        long at = System.currentTimeMillis();
        process.outputWriter(StandardCharsets.UTF_8).append(words).append('\n').flush();
        return at;
    }

    /** It closes its consumer. */
    long leave() throws IOException {
        return order("leave");
    }

    /** It does not poll for so long. */
    long stall(long ms) throws IOException {
        return order("stall " + ms);
    }

    /** SIGKILL. */
    long kill() throws InterruptedException {
        long at = System.currentTimeMillis();
        Processes.kill(process);
        return at;
    }

    @Override
    public void close() throws InterruptedException {
        Processes.kill(process);
    }
}
