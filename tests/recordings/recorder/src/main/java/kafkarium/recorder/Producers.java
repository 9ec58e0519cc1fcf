package kafkarium.recorder;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import kafkarium.recorder.MetadataLog.Change;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Where records without a key go, and what a producer without acknowledgements learns. */
final class Producers {
    private static final String ROUND_ROBIN = "org.apache.kafka.clients.producer.RoundRobinPartitioner";

    private Producers() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("round-robin-partitioner",
                        "A producer with the round robin partitioner sends 30 records with and without keys to a topic of 6 "
                                + "partitions, one after the other.",
                        Producers::roundRobin),
                Situation.of("no-key-equal-load",
                        "A producer sends 20,000 records of 100 bytes without a key, 4,000 a second, to a topic of 6 partitions.",
                        Producers::noKey),
                Situation.of("no-key-unequal-load",
                        "Each broker leads one of three partitions, and what clients send to broker 1 takes 100 ms there and 100 ms "
                                + "back. A producer with acks=1 sends 20,000 records of 100 bytes without a key, 4,000 a second.",
                        Producers::noKeyUnequal),
                Situation.of("acks-0-leader-killed",
                        "Broker 1 leads a partition of three replicas, a producer with acks=0 sends 50 records a second; broker 1 "
                                + "is killed.",
                        Producers::acksZero));
    }

    private static void roundRobin(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = Map.of("partitioner.class", ROUND_ROBIN);
        recording.config("producer", config);
        String topic = Topics.fresh("orders");
        Topics.create(cluster, topic, 6, Map.of());
        List<Integer> partitions = new ArrayList<>();
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), config)) {
            for (int number = 0; number < 30; number++) {
                String key = number % 2 == 0 ? null : "key-" + number;
                partitions.add(producer.send(new ProducerRecord<>(topic, key, "v")).get().partition());
            }
        }
        // Partitions stand in the order in which the cluster's metadata lists them, which is not their numbers'.
        List<Integer> cycle = partitions.subList(0, 6);
        recording.fact("the first six are six", cycle.stream().distinct().count() == 6);
        boolean repeats = Cluster.upTo(30).stream().allMatch(at -> partitions.get(at).equals(cycle.get(at % 6)));
        recording.fact("the same cycle again and again", repeats);
    }

    private static void noKey(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = Map.of("batch.size", "2000");
        recording.config("producer", config);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.create(cluster, topic, 6, Map.of());
            Map<Integer, Integer> counts = sendSteadily(cluster.bootstrap(), topic, config);
            recording.fact("partitions used", counts.size());
            recording.measured("per mille of records in the fullest partition",
                    counts.values().stream().mapToInt(one -> one).max().orElseThrow() / 20);
            recording.measured("per mille of records in the emptiest partition",
                    counts.values().stream().mapToInt(one -> one).min().orElseThrow() / 20);
        }
    }

    private static void noKeyUnequal(Cluster cluster, Recording recording) throws Exception {
        List<List<Integer>> placed = List.of(List.of(1, 2, 3), List.of(2, 3, 1), List.of(3, 1, 2));
        Map<String, String> config = new TreeMap<>(Map.of("batch.size", "2000", "acks", "1"));
        recording.config("producer", config);
        recording.given("placement", placed);
        // While code is cold, batches queue for every broker, and the slow one does not stand out.
        String warm = Topics.fresh("warm");
        Topics.place(cluster, warm, placed, Map.of());
        sendSteadily(cluster.bootstrap(), warm, config);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, placed, Map.of());
            cluster.clientsOf(1).delay(100);
            Map<Integer, Integer> counts = sendSteadily(cluster.bootstrapVia(), topic, config);
            cluster.clientsOf(1).delay(0);
            recording.measured("per mille of records to the slow broker", counts.getOrDefault(0, 0) / 20);
        }
    }

    /** Sends 20,000 records, 4,000 a second: how many went to which partition. */
    private static Map<Integer, Integer> sendSteadily(String bootstrap, String topic, Map<String, String> config)
            throws Exception {
        Map<Integer, Integer> counts = new TreeMap<>();
        try (KafkaProducer<String, String> producer = Flow.producer(bootstrap, config)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            producer.partitionsFor(topic);
            long next = System.nanoTime();
            for (int number = 0; number < 20_000; number++) {
                sent.add(producer.send(new ProducerRecord<>(topic, null, "x".repeat(100))));
                next += 250_000;
                while (System.nanoTime() < next) {
                    Thread.onSpinWait();
                }
            }
            for (Future<RecordMetadata> one : sent) {
                counts.merge(one.get().partition(), 1, Integer::sum);
            }
        }
        return counts;
    }

    private static void acksZero(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = Map.of("acks", "0");
        recording.config("producer", config);
        recording.given("placement", List.of(List.of(1, 2, 3)));
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, List.of(List.of(1, 2, 3)), Map.of());
            Flow flow = new Flow(cluster.bootstrap(), topic, 1, 50, config);
            Waiting.sleep(4000 + 370 * repeat);
            long killed = cluster.kill(1);
            Change after = cluster.metadata().await(topic, 0, killed, 60_000, "another broker leads",
                    change -> change.partition().leader != 1);
            Waiting.untilMoment(after.at() + 3000);
            flow.close();
            Waiting.sleep(500);
            recording.fact("every offset is unknown", flow.outcomes().stream().allMatch(one -> one.offset() == -1));
            recording.fact("sends that failed", flow.failed());
            List<String> values = new ReplicaLog(cluster, 2, topic, 0).values();
            recording.fact("records twice in the log", Flow.twice(values));
            recording.measured("completed sends that are in no log", flow.gone(values));
            cluster.heal();
        }
    }
}
