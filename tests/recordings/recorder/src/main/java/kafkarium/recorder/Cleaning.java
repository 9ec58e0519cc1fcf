package kafkarium.recorder;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** What goes from a log by compaction and by request. */
final class Cleaning {
    private Cleaning() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("compaction",
                        "Keys a to d are written to a compacted partition in several segments, b is deleted by a tombstone, and the "
                                + "active segment holds a later a. The cleaner passes; the tombstone's time passes; more is "
                                + "written and the cleaner passes again.",
                        Cluster.Spec.of("log.cleaner.backoff.ms", "1000", "log.retention.check.interval.ms", "2000"),
                        Cleaning::compaction),
                Situation.of("delete-records",
                        "A partition has 20 records in one segment; an administrator deletes those before offset 7.",
                        Cleaning::deleteRecords));
    }

    private static List<String> read(Cluster cluster, String topic) {
        return Reading.all(cluster, topic, 2000, Map.of()).stream().map(record -> {
            String value = record.value() == null ? "tombstone" : record.value().split(" ")[0];
            return record.offset() + " " + record.key() + "=" + value;
        }).toList();
    }

    private static void write(KafkaProducer<String, String> producer, String topic, String key, String value)
            throws Exception {
        // Segments are at least 1 MiB: three records of this length fill one.
        String padded = value == null ? null : value + " " + "x".repeat(400_000);
        producer.send(new ProducerRecord<>(topic, 0, key, padded)).get();
    }

    private static void compaction(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = new LinkedHashMap<>();
        config.put("cleanup.policy", "compact");
        config.put("segment.bytes", "1048576");
        config.put("min.cleanable.dirty.ratio", "0.01");
        config.put("delete.retention.ms", "5000");
        recording.config("topic", config);
        String topic = Topics.fresh("state");
        Topics.place(cluster, topic, List.of(List.of(1, 2, 3)), config);
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of("linger.ms", "0"))) {
            String[][] first = {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"a", "2"}, {"b", null}, {"d", "1"}, {"c", "2"}, {"a", "3"}};
            for (String[] one : first) {
                write(producer, topic, one[0], one[1]);
            }
            Waiting.until(60_000, "the cleaner has passed", () -> read(cluster, topic).size() < first.length);
            Waiting.sleep(3000);
            recording.fact("records after the first pass", read(cluster, topic));
            Waiting.sleep(8000);
            recording.fact("records when the tombstone's time is over and nobody wrote", read(cluster, topic));
            for (String[] one : new String[][] {{"d", "2"}, {"a", "4"}, {"c", "3"}, {"d", "3"}}) {
                write(producer, topic, one[0], one[1]);
            }
            Waiting.until(60_000, "the tombstone is gone",
                    () -> read(cluster, topic).stream().noneMatch(one -> one.contains("tombstone")));
            Waiting.sleep(3000);
            recording.fact("records after the second pass", read(cluster, topic));
            recording.fact("log start offset", Topics.logStart(cluster, topic, 0));
            recording.fact("high watermark", Topics.highWatermark(cluster, topic, 0));
        }
    }

    private static void deleteRecords(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, List.of(List.of(1, 2, 3)), Map.of());
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of())) {
            for (int number = 0; number < 20; number++) {
                producer.send(new ProducerRecord<>(topic, 0, "k", "" + number)).get();
            }
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        recording.fact("low watermark answered", cluster.admin().deleteRecords(
                Map.of(partition, RecordsToDelete.beforeOffset(7))).lowWatermarks().get(partition).get().lowWatermark());
        recording.fact("log start offset", Topics.logStart(cluster, topic, 0));
        recording.fact("high watermark", Topics.highWatermark(cluster, topic, 0));
        recording.fact("first record read", read(cluster, topic).get(0));
        recording.fact("records still on disk", new ReplicaLog(cluster, 1, topic, 0).values().size());
        String beyond;
        try {
            cluster.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(100))).all().get();
            beyond = "success";
        } catch (java.util.concurrent.ExecutionException refused) {
            beyond = refused.getCause().getClass().getSimpleName();
        }
        recording.fact("deleting beyond the high watermark ends with", beyond);
    }
}
