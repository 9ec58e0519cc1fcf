package kafkarium.recorder;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Transactions: what each reader sees, which offsets markers take, and what becomes of a zombie. */
final class Transactions {
    private Transactions() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("transactions-isolation",
                        "One partition takes two records of a committed transaction, two of an aborted one, one record outside any "
                                + "transaction, two of an open one, and one more outside. Readers of each isolation level read; "
                                + "then the open one is committed, and they read again.",
                        Transactions::isolation),
                Situation.of("transactions-lag",
                        "The partition of transactions-isolation, with one transaction open and with all ended: a member of each isolation level reads "
                                + "all that it is given, and commits. What is its lag?",
                        Transactions::lag),
                Situation.of("transactions-zombie",
                        "A producer begins a transaction; a second one with the same transactional.id initializes and writes its "
                                + "own. Then the first one goes on.",
                        Transactions::zombie));
    }

    private static KafkaProducer<String, String> transactional(Cluster cluster, String id) {
        KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of("transactional.id", id));
        producer.initTransactions();
        return producer;
    }

    private static void send(KafkaProducer<String, String> producer, String topic, String... values) throws Exception {
        for (String value : values) {
            producer.send(new ProducerRecord<>(topic, 0, null, value)).get();
        }
    }

    private static void isolation(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        around(cluster, topic, when -> see(cluster, recording, topic, when));
    }

    private static void lag(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        around(cluster, topic, when -> {
            for (String level : List.of("read_uncommitted", "read_committed")) {
                lag(cluster, recording, topic, level, when);
            }
        });
    }

    /** A member of a new group reads from the beginning for as long as there is something, and commits. */
    private static void lag(Cluster cluster, Recording recording, String topic, String level, String when) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.<String, Object>of("bootstrap.servers",
                cluster.bootstrap(), "group.id", Topics.fresh("billing"), "isolation.level", level),
                new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long until = System.currentTimeMillis() + 3000;
            while (System.currentTimeMillis() < until) {
                consumer.poll(Duration.ofMillis(200));
            }
            consumer.commitSync();
            long committed = consumer.committed(Set.of(partition)).get(partition).offset();
            recording.fact("committed offset of " + level + " " + when, committed);
            recording.fact("high watermark minus committed offset of " + level + " " + when,
                    Topics.highWatermark(cluster, topic, 0) - committed);
            recording.fact("lag as the member of " + level + " counts it " + when,
                    consumer.currentLag(partition).orElseThrow());
        }
    }

    /** What is asked while one transaction is open, and when all have ended. */
    @FunctionalInterface
    private interface Question {
        void ask(String when) throws Exception;
    }

    private static void around(Cluster cluster, String topic, Question question) throws Exception {
        Topics.create(cluster, topic, 1, Map.of());
        try (KafkaProducer<String, String> first = transactional(cluster, Topics.fresh("first"));
                KafkaProducer<String, String> open = transactional(cluster, Topics.fresh("open"));
                KafkaProducer<String, String> plain = Flow.producer(cluster.bootstrap(), Map.of())) {
            first.beginTransaction();
            send(first, topic, "committed-1", "committed-2");
            first.commitTransaction();
            first.beginTransaction();
            send(first, topic, "aborted-1", "aborted-2");
            first.abortTransaction();
            send(plain, topic, "outside-1");
            open.beginTransaction();
            send(open, topic, "open-1", "open-2");
            send(plain, topic, "outside-2");
            Waiting.sleep(1000);
            question.ask("with one open");
            open.commitTransaction();
            Waiting.sleep(1000);
            question.ask("with all ended");
        }
    }

    private static void see(Cluster cluster, Recording recording, String topic, String when) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        recording.fact("high watermark " + when, Topics.highWatermark(cluster, topic, 0));
        recording.fact("last stable offset " + when, cluster.admin().listOffsets(Map.of(partition, OffsetSpec.latest()),
                new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).partitionResult(partition).get().offset());
        for (String level : List.of("read_uncommitted", "read_committed")) {
            recording.fact(level + " " + when, read(cluster, topic, level));
        }
    }

    /** Offsets and values that a reader is given. */
    private static List<String> read(Cluster cluster, String topic, String level) {
        return Reading.all(cluster, topic, 3000, Map.of("isolation.level", level)).stream()
                .map(record -> record.offset() + " " + record.value()).toList();
    }

    private static void zombie(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        String id = Topics.fresh("payer");
        Topics.create(cluster, topic, 1, Map.of());
        try (KafkaProducer<String, String> zombie = transactional(cluster, id)) {
            zombie.beginTransaction();
            send(zombie, topic, "zombie-1");
            try (KafkaProducer<String, String> next = transactional(cluster, id)) {
                next.beginTransaction();
                send(next, topic, "next-1");
                next.commitTransaction();
            }
            recording.fact("the zombie's next send ends with", ending(() -> send(zombie, topic, "zombie-2")));
            recording.fact("the zombie's commit ends with", ending(zombie::commitTransaction));
        }
        recording.fact("read_committed", read(cluster, topic, "read_committed"));
        recording.fact("read_uncommitted", read(cluster, topic, "read_uncommitted"));
    }

    /** Something that may throw. */
    @FunctionalInterface
    private interface Attempt {
        void go() throws Exception;
    }

    private static String ending(Attempt attempt) {
        try {
            attempt.go();
            return "success";
        } catch (Exception failed) {
            Throwable cause = failed instanceof java.util.concurrent.ExecutionException ? failed.getCause() : failed;
            return cause.getClass().getSimpleName();
        }
    }
}
