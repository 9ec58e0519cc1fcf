package kafkarium.recorder;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/**
 * A KRaft cluster on loopback: brokers 1, 2, 3 and controllers 101, 102, 103, each a process of its own, so that a
 * fault on a broker is not one on the quorum. Brokers reach each other through one proxy each, and clients that ask
 * for it too.
 */
final class Cluster implements AutoCloseable {
    static final List<Integer> BROKERS = List.of(1, 2, 3);

    private static final int HEAP_MB = 384;

    private final Spec spec;
    private final Path folder;
    private final String clusterId = Uuid.randomUuid().toString();
    private final Map<Integer, Integer> controllerPorts = new TreeMap<>();
    private final Map<Integer, Map<String, Integer>> brokerPorts = new TreeMap<>();
    private final Map<Integer, Proxy> replication = new TreeMap<>();
    private final Map<Integer, Proxy> clients = new TreeMap<>();
    private final Map<Integer, Process> running = new TreeMap<>();
    private final Set<Integer> frozen = new HashSet<>();
    private Admin admin;

    /** How many controllers, what every broker and controller is told beyond where it listens, feature levels. */
    record Spec(int controllers, Map<String, String> config, Map<String, String> features) {
        Spec(int controllers, Map<String, String> config) {
            this(controllers, config, Map.of());
        }

        static Spec none() {
            return new Spec(0, Map.of());
        }

        boolean isNone() {
            return controllers == 0;
        }

        static Spec plain() {
            return new Spec(1, Map.of());
        }

        static Spec of(String... pairs) {
            return new Spec(1, pairs(pairs));
        }
    }

    static Map<String, String> pairs(String... pairs) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int at = 0; at < pairs.length; at += 2) {
            map.put(pairs[at], pairs[at + 1]);
        }
        return map;
    }

    private Cluster(Spec spec, Path folder) {
        this.spec = spec;
        this.folder = folder;
    }

    /** Formats, starts and waits until every broker serves. */
    static Cluster start(Spec spec, Path folder) throws Exception {
        Cluster cluster = new Cluster(spec, folder);
        try {
            cluster.begin();
            return cluster;
        } catch (Exception failure) {
            cluster.close();
            throw failure;
        }
    }

    private void begin() throws Exception {
        Files.createDirectories(folder);
        for (int id = 101; id <= 100 + spec.controllers(); id++) {
            controllerPorts.put(id, freePort());
        }
        for (int id : BROKERS) {
            giveAddresses(id);
        }
        format(ids());
        for (int id : ids()) {
            launch(id);
        }
        BROKERS.forEach(this::awaitServing);
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap(),
                "default.api.timeout.ms", "120000"));
        Waiting.until(60_000, "every broker is registered and unfenced",
                () -> admin.describeCluster().nodes().get().size() == BROKERS.size());
    }

    private void giveAddresses(int broker) throws IOException {
        Map<String, Integer> ports = new LinkedHashMap<>();
        for (String listener : List.of("CLIENT", "INTERNAL", "VIA")) {
            ports.put(listener, freePort());
        }
        brokerPorts.put(broker, ports);
        replication.put(broker, new Proxy(ports.get("INTERNAL")));
        clients.put(broker, new Proxy(ports.get("VIA")));
    }

    private void format(List<Integer> ids) throws Exception {
        List<Process> formats = new ArrayList<>();
        for (int id : ids) {
            configure(id);
            List<String> format = new ArrayList<>(List.of("format", "-t", clusterId, "-c", configFile(id).toString()));
            spec.features().forEach((name, level) -> format.addAll(List.of("--feature", name + "=" + level)));
            formats.add(Processes.java("kafka.tools.StorageTool", 128, folder.resolve(id + ".format.log"), format));
        }
        for (Process format : formats) {
            if (format.waitFor() != 0) {
                throw new IOException("formatting failed: see " + folder + "/*.format.log");
            }
        }
    }

    private List<Integer> ids() {
        List<Integer> ids = new ArrayList<>(controllerPorts.keySet());
        ids.addAll(BROKERS);
        return ids;
    }

    private void configure(int id) throws IOException {
        Map<String, String> config = new LinkedHashMap<>();
        config.put("node.id", Integer.toString(id));
        config.put("log.dirs", data(id).toString());
        config.put("controller.listener.names", "CONTROLLER");
        config.put("controller.quorum.voters", controllerPorts.entrySet().stream()
                .map(one -> one.getKey() + "@127.0.0.1:" + one.getValue()).collect(Collectors.joining(",")));
        config.put("listener.security.protocol.map",
                "CONTROLLER:PLAINTEXT,CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,VIA:PLAINTEXT");
        if (id > 100) {
            config.put("process.roles", "controller");
            config.put("listeners", "CONTROLLER://127.0.0.1:" + controllerPorts.get(id));
        } else {
            Map<String, Integer> ports = brokerPorts.get(id);
            config.put("process.roles", "broker");
            config.put("inter.broker.listener.name", "INTERNAL");
            config.put("listeners", ports.entrySet().stream()
                    .map(one -> one.getKey() + "://127.0.0.1:" + one.getValue()).collect(Collectors.joining(",")));
            config.put("advertised.listeners", "CLIENT://127.0.0.1:" + ports.get("CLIENT") + ",INTERNAL://127.0.0.1:"
                    + replication.get(id).port() + ",VIA://127.0.0.1:" + clients.get(id).port());
        }
        config.putAll(spec.config());
        Files.write(configFile(id), config.entrySet().stream().map(one -> one.getKey() + "=" + one.getValue()).toList());
    }

    private Path configFile(int id) {
        return folder.resolve(id + ".properties");
    }

    /** Where a node keeps its logs. */
    Path data(int id) {
        return folder.resolve("data-" + id);
    }

    private void launch(int id) throws IOException {
        running.put(id, Processes.java("kafka.Kafka", HEAP_MB, folder.resolve(id + ".log"),
                List.of(configFile(id).toString())));
    }

    private void awaitServing(int id) {
        int port = brokerPorts.get(id).get("CLIENT");
        Waiting.until(120_000, "broker " + id + " listens (see " + folder.resolve(id + ".log") + ")", () -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException notYet) {
                return false;
            }
        });
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    // --- who asks ---

    Admin admin() {
        return admin;
    }

    /** Straight to the brokers. */
    String bootstrap() {
        return bootstrapOf(BROKERS);
    }

    /** Straight to some of them. */
    String bootstrapOf(List<Integer> brokers) {
        return brokers.stream().map(id -> "127.0.0.1:" + brokerPorts.get(id).get("CLIENT"))
                .collect(Collectors.joining(","));
    }

    /** Through the clients' proxies. */
    String bootstrapVia() {
        return clients.values().stream().map(proxy -> "127.0.0.1:" + proxy.port()).collect(Collectors.joining(","));
    }

    /** What stands between a broker and whoever replicates from it. */
    Proxy replicationOf(int broker) {
        return replication.get(broker);
    }

    /** What stands between a broker and clients that use {@link #bootstrapVia}. */
    Proxy clientsOf(int broker) {
        return clients.get(broker);
    }

    /** The metadata log as the first controller keeps it. */
    MetadataLog metadata() {
        return new MetadataLog(data(101).resolve("__cluster_metadata-0"));
    }

    // --- faults; each returns the moment it was done ---

    /** SIGKILL. */
    long kill(int id) throws InterruptedException {
        long at = System.currentTimeMillis();
        Processes.kill(running.remove(id));
        return at;
    }

    /** SIGSTOP. */
    long freeze(int id) throws Exception {
        long at = System.currentTimeMillis();
        Processes.signal(running.get(id), "STOP");
        frozen.add(id);
        return at;
    }

    /** SIGCONT. */
    long thaw(int id) throws Exception {
        long at = System.currentTimeMillis();
        Processes.signal(running.get(id), "CONT");
        frozen.remove(id);
        return at;
    }

    /** SIGTERM: a controlled shutdown. {@link #awaitEnd} tells when it is over. */
    long terminate(int id) {
        long at = System.currentTimeMillis();
        Processes.terminate(running.get(id));
        return at;
    }

    /** Waits for a process that was told to end. */
    long awaitEnd(int id) throws InterruptedException {
        running.remove(id).waitFor();
        return System.currentTimeMillis();
    }

    /** Starts a process that was killed or stopped. */
    long restart(int id) throws IOException {
        long at = System.currentTimeMillis();
        launch(id);
        return at;
    }

    /** One broker more, with nothing on its disk, joins; returns the moment its process was started. */
    long add(int broker) throws Exception {
        if (!brokerPorts.containsKey(broker)) {
            giveAddresses(broker);
        }
        format(List.of(broker));
        long at = restart(broker);
        awaitServing(broker);
        return at;
    }

    /** An added broker, which holds no partitions any more, ends and is forgotten, its disk too. */
    void remove(int broker) throws Exception {
        terminate(broker);
        awaitEnd(broker);
        admin.unregisterBroker(broker).all().get();
        Recorder.delete(data(broker));
    }

    /** Every process runs, every link is whole, every partition is led and its ISR complete. */
    void heal() throws Exception {
        for (int id : ids()) {
            if (frozen.contains(id)) {
                thaw(id);
            }
            if (!running.containsKey(id)) {
                restart(id);
            }
        }
        for (int id : BROKERS) {
            replication.get(id).delay(0);
            clients.get(id).delay(0);
            clients.get(id).holdAnswers(false);
        }
        BROKERS.forEach(this::awaitServing);
        Waiting.until(120_000, "every replica is in sync again", () -> {
            Set<String> topics = admin.listTopics(new org.apache.kafka.clients.admin.ListTopicsOptions()
                    .listInternal(true)).names().get();
            return admin.describeTopics(topics).allTopicNames().get().values().stream()
                    .flatMap(topic -> topic.partitions().stream())
                    .allMatch(one -> one.leader() != null && one.isr().size() == one.replicas().size());
        });
    }

    @Override
    public void close() throws InterruptedException {
        if (admin != null) {
            admin.close(java.time.Duration.ZERO);
        }
        for (int id : List.copyOf(running.keySet())) {
            kill(id);
        }
    }

    /** The numbers from 0 to below {@code end}. */
    static List<Integer> upTo(int end) {
        return IntStream.range(0, end).boxed().toList();
    }
}
