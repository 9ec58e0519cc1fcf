package kafkarium.recorder;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Where a consumer begins. */
final class Offsets {
    /** The one whose records must not have grown too old comes first, the one that waits in vain last. */
    private static final List<String> WITHOUT_COMMIT =
            List.of("by_duration:PT12S", "earliest", "none", "latest", "by_duration:PT1S");
    private static final List<String> OUT_OF_RANGE = List.of("earliest", "latest", "none", "by_duration:PT1H");

    private Offsets() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("auto-offset-reset-no-commit",
                        "A partition has ten records of long ago and, 20 s later, ten new ones. Groups without a committed "
                                + "offset begin to read 2 s after that and later, one for each auto.offset.reset.",
                        Offsets::noCommit),
                Situation.of("auto-offset-reset-out-of-range",
                        "Groups have committed offset 5 of a partition; then retention by size deletes more than that. They "
                                + "go on reading, one for each auto.offset.reset.",
                        Cluster.Spec.of("log.retention.check.interval.ms", "2000"), Offsets::outOfRange));
    }

    private static void noCommit(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, List.of(List.of(1, 2, 3)), Map.of());
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of())) {
            for (int number = 0; number < 20; number++) {
                if (number == 10) {
                    Waiting.sleep(20_000);
                }
                producer.send(new ProducerRecord<>(topic, 0, null, "" + number)).get();
            }
            Waiting.sleep(2000);
            for (String policy : WITHOUT_COMMIT) {
                recording.fact(policy, begins(cluster, topic, Topics.fresh("readers"), policy));
            }
        }
    }

    private static void outOfRange(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = new LinkedHashMap<>(Map.of("segment.bytes", "1048576", "retention.bytes", "2097152",
                "file.delete.delay.ms", "100"));
        recording.config("topic", config);
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, List.of(List.of(1, 2, 3)), config);
        Map<String, String> groups = new LinkedHashMap<>();
        for (String policy : OUT_OF_RANGE) {
            groups.put(policy, Topics.fresh("readers"));
            cluster.admin().alterConsumerGroupOffsets(groups.get(policy),
                    Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(5))).all().get();
        }
        Retention.writeBig(cluster, topic, 0, 500);
        Waiting.until(30_000, "retention has deleted what it may",
                () -> Topics.logStart(cluster, topic, 0) > 0 && new ReplicaLog(cluster, 1, topic, 0).segments().size() <= 3);
        Waiting.sleep(5000);
        recording.fact("log start offset", Topics.logStart(cluster, topic, 0));
        recording.fact("log end offset", new ReplicaLog(cluster, 1, topic, 0).end());
        for (String policy : OUT_OF_RANGE) {
            recording.fact(policy, begins(cluster, topic, groups.get(policy), policy));
        }
    }

    /** The position a member of this group begins with, or the name of the exception that poll throws. */
    private static Object begins(Cluster cluster, String topic, String group, String policy) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", cluster.bootstrap(), "group.id", group,
                "auto.offset.reset", policy, "max.poll.records", "1"));
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            long until = System.currentTimeMillis() + 10_000;
            while (System.currentTimeMillis() < until) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
                for (ConsumerRecord<String, String> record : records) {
                    return record.offset();
                }
            }
            return consumer.position(partition, Duration.ofSeconds(2));
        } catch (org.apache.kafka.common.errors.TimeoutException none) {
            return "no position";
        } catch (RuntimeException thrown) {
            return thrown.getClass().getSimpleName();
        }
    }
}
