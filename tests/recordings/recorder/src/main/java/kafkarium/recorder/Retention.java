package kafkarium.recorder;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What retention deletes, and what becomes of the active segment. */
final class Retention {
    private static final List<List<Integer>> PLACED = List.of(List.of(1, 2, 3));
    private static final int VALUE_BYTES = 10_000;
    private static final Cluster.Spec OFTEN = Cluster.Spec.of("log.retention.check.interval.ms", "2000");

    private Retention() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("retention-by-size",
                        "500 records of 10,000 bytes, each a batch of its own, are written to a partition of 1 MiB segments that may "
                                + "keep 2 MiB.",
                        OFTEN, Retention::bySize),
                Situation.of("retention-by-size-idle",
                        "250 records of 10,000 bytes, each a batch of its own, are written to two partitions of 1 MiB segments; "
                                + "then nobody writes. One may keep a byte, the other none.",
                        OFTEN, Retention::bySizeIdle),
                Situation.of("retention-by-time-idle",
                        "250 records of 10,000 bytes are written to a partition of 1 MiB segments that keeps 10 s; then nobody "
                                + "writes.",
                        OFTEN, Retention::byTimeIdle),
                Situation.of("retention-by-time-written",
                        "20 records of 10,000 bytes a second are written to a partition of 1 MiB segments that keeps 10 s, until six "
                                + "segments have been deleted.",
                        Cluster.Spec.of("log.retention.check.interval.ms", "2000", "log.initial.task.delay.ms", "1000"),
                        Retention::byTimeWritten));
    }

    /** Records whose value is so long, each a batch of its own. */
    static void writeBig(Cluster cluster, String topic, int partition, int count) throws Exception {
        try (KafkaProducer<String, String> producer =
                Flow.producer(cluster.bootstrap(), Map.of("linger.ms", "0", "batch.size", "0"))) {
            for (int number = 0; number < count; number++) {
                producer.send(new ProducerRecord<>(topic, partition, null, "x".repeat(VALUE_BYTES))).get();
            }
        }
    }

    private static void bySize(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = Map.of("segment.bytes", "1048576", "retention.bytes", "2097152");
        recording.config("topic", config);
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, PLACED, config);
        writeBig(cluster, topic, 0, 500);
        Waiting.until(30_000, "retention has deleted something", () -> Topics.logStart(cluster, topic, 0) > 0);
        Waiting.sleep(6000);
        recording.fact("log start offset", Topics.logStart(cluster, topic, 0));
        recording.fact("high watermark", Topics.highWatermark(cluster, topic, 0));
        long start = Topics.logStart(cluster, topic, 0);
        // A deleted segment's file stays for a while under another name.
        recording.fact("segments from there", new ReplicaLog(cluster, 1, topic, 0).segments().stream()
                .filter(base -> base >= start).toList());
    }

    private static void bySizeIdle(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> byte1 = Map.of("segment.bytes", "1048576", "retention.bytes", "1");
        Map<String, String> nothing = Map.of("segment.bytes", "1048576", "retention.bytes", "0");
        recording.config("topic", byte1);
        recording.config("other topic", nothing);
        String orders = Topics.fresh("orders");
        String other = Topics.fresh("other");
        Topics.place(cluster, orders, PLACED, byte1);
        Topics.place(cluster, other, PLACED, nothing);
        writeBig(cluster, orders, 0, 250);
        writeBig(cluster, other, 0, 250);
        for (String topic : List.of(orders, other)) {
            Waiting.until(60_000, "retention has deleted something", () -> Topics.logStart(cluster, topic, 0) > 0);
        }
        Waiting.sleep(6000);
        idle(cluster, recording, orders, "a byte");
        idle(cluster, recording, other, "nothing");
        List<Long> starts = List.of(Topics.logStart(cluster, orders, 0), Topics.logStart(cluster, other, 0));
        Waiting.sleep(20_000);
        recording.fact("log start offsets are the same 20 s later",
                starts.equals(List.of(Topics.logStart(cluster, orders, 0), Topics.logStart(cluster, other, 0))));
    }

    private static void idle(Cluster cluster, Recording recording, String topic, String keeps) throws Exception {
        long start = Topics.logStart(cluster, topic, 0);
        recording.fact("log start offset of who keeps " + keeps, start);
        recording.fact("high watermark of who keeps " + keeps, Topics.highWatermark(cluster, topic, 0));
        recording.fact("segments from there of who keeps " + keeps, new ReplicaLog(cluster, 1, topic, 0).segments().stream()
                .filter(base -> base >= start).toList());
    }

    private static void byTimeIdle(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = Map.of("segment.bytes", "1048576", "retention.ms", "10000");
        recording.config("topic", config);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, PLACED, config);
            writeBig(cluster, topic, 0, 250);
            long written = System.currentTimeMillis();
            long emptied = Waiting.until(60_000, "everything is deleted", () -> Topics.logStart(cluster, topic, 0) == 250);
            recording.measured("ms from the last write until the log was empty", emptied - written);
            recording.fact("log start offset", Topics.logStart(cluster, topic, 0));
            recording.fact("high watermark", Topics.highWatermark(cluster, topic, 0));
            recording.fact("active segment", new ReplicaLog(cluster, 1, topic, 0).segments().stream()
                    .reduce((earlier, later) -> later).orElseThrow());
        }
    }

    private static void byTimeWritten(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = new TreeMap<>(Map.of("segment.bytes", "1048576", "retention.ms", "10000"));
        recording.config("topic", config);
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, PLACED, config);
        Map<Long, Long> writtenAt = new TreeMap<>();
        List<Long> starts = new ArrayList<>(List.of(0L));
        try (KafkaProducer<String, String> producer =
                Flow.producer(cluster.bootstrap(), Map.of("linger.ms", "0", "batch.size", "0"))) {
            long next = System.currentTimeMillis();
            while (starts.size() <= 6) {
                long at = System.currentTimeMillis();
                writtenAt.put(producer.send(new ProducerRecord<>(topic, 0, at, null, "x".repeat(VALUE_BYTES))).get().offset(), at);
                long start = Topics.logStart(cluster, topic, 0);
                if (start > starts.get(starts.size() - 1)) {
                    starts.add(start);
                    recording.measured("ms from a segment's last record until the segment was deleted",
                            System.currentTimeMillis() - writtenAt.get(start - 1));
                }
                next += 50;
                Waiting.untilMoment(next);
            }
        }
        recording.fact("log start offsets", starts);
    }
}
