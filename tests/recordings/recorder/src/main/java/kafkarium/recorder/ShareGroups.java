package kafkarium.recorder;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Share groups: what is delivered, how often, and to what end. */
final class ShareGroups {
    private static final Map<String, String> EXPLICIT = Map.of("share.acknowledgement.mode", "explicit");

    private ShareGroups() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("share-group",
                        "A share group reads six records with explicit acknowledgement: the third is rejected, the fourth is "
                                + "released every time, the sixth is released once, after which the member closes; the others are "
                                + "accepted. A second member reads what is left.",
                        ShareGroups::play),
                Situation.of("share-group-lock-timeout",
                        "A member of a share group acquires a record and does nothing with it; another member reads. After the lock "
                                + "of 15 s the first one accepts the record after all.",
                        ShareGroups::lockEnds));
    }

    private static void set(Cluster cluster, String group, String key, String value) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        cluster.admin().incrementalAlterConfigs(Map.of(resource,
                List.of(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)))).all().get();
    }

    private static KafkaShareConsumer<String, String> member(Cluster cluster, String group, String topic) {
        Map<String, Object> config = new HashMap<>(EXPLICIT);
        config.putAll(Map.of("bootstrap.servers", cluster.bootstrap(), "group.id", group));
        KafkaShareConsumer<String, String> consumer =
                new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(topic));
        return consumer;
    }

    private static void play(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        String group = Topics.fresh("workers");
        Topics.create(cluster, topic, 1, Map.of());
        set(cluster, group, "share.auto.offset.reset", "earliest");
        recording.config("group", Map.of("share.auto.offset.reset", "earliest"));
        recording.config("members", EXPLICIT);
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of("linger.ms", "0"))) {
            for (int number = 1; number <= 6; number++) {
                producer.send(new ProducerRecord<>(topic, 0, null, "" + number)).get();
            }
        }
        Map<String, List<Integer>> deliveries = new LinkedHashMap<>();
        try (KafkaShareConsumer<String, String> first = member(cluster, group, topic)) {
            long until = System.currentTimeMillis() + 20_000;
            while (System.currentTimeMillis() < until) {
                for (ConsumerRecord<String, String> record : first.poll(Duration.ofMillis(500))) {
                    note(deliveries, record);
                    first.acknowledge(record, switch (record.value()) {
                        case "3" -> AcknowledgeType.REJECT;
                        case "4", "6" -> AcknowledgeType.RELEASE;
                        default -> AcknowledgeType.ACCEPT;
                    });
                    if (record.value().equals("6")) {
                        until = 0;
                    }
                }
                first.commitSync();
            }
        }
        recording.fact("deliveries to the first member, by record: counts as told", new LinkedHashMap<>(deliveries));
        Map<String, List<Integer>> later = new LinkedHashMap<>();
        try (KafkaShareConsumer<String, String> second = member(cluster, group, topic)) {
            long until = System.currentTimeMillis() + 12_000;
            while (System.currentTimeMillis() < until) {
                for (ConsumerRecord<String, String> record : second.poll(Duration.ofMillis(500))) {
                    note(later, record);
                    second.acknowledge(record, record.value().equals("4") ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT);
                }
                second.commitSync();
            }
        }
        recording.fact("deliveries to the second member, by record: counts as told", later);
    }

    private static void lockEnds(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config =
                new TreeMap<>(Map.of("share.auto.offset.reset", "earliest", "share.record.lock.duration.ms", "15000"));
        recording.config("group", config);
        recording.config("members", EXPLICIT);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("workers");
            Topics.create(cluster, topic, 1, Map.of());
            for (Map.Entry<String, String> one : config.entrySet()) {
                set(cluster, group, one.getKey(), one.getValue());
            }
            try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of())) {
                producer.send(new ProducerRecord<>(topic, 0, null, "1")).get();
            }
            try (KafkaShareConsumer<String, String> first = member(cluster, group, topic);
                    KafkaShareConsumer<String, String> second = member(cluster, group, topic)) {
                ConsumerRecord<String, String> held = await(first);
                long acquired = System.currentTimeMillis();
                recording.fact("delivery count told to the first member", (int) held.deliveryCount().orElseThrow());
                ConsumerRecord<String, String> later = await(second);
                recording.measured("ms until it was delivered again", System.currentTimeMillis() - acquired);
                recording.fact("delivery count told to the second member", (int) later.deliveryCount().orElseThrow());
                first.acknowledge(held, AcknowledgeType.ACCEPT);
                recording.fact("accepting it late ends with", committed(first));
                second.acknowledge(later, AcknowledgeType.ACCEPT);
                recording.fact("accepting it in time ends with", committed(second));
            }
        }
    }

    /** Polls until there is a record. */
    private static ConsumerRecord<String, String> await(KafkaShareConsumer<String, String> consumer) {
        List<ConsumerRecord<String, String>> found = new ArrayList<>();
        Waiting.until(60_000, "a record is delivered", () -> {
            consumer.poll(Duration.ofMillis(500)).forEach(found::add);
            return !found.isEmpty();
        });
        return found.get(0);
    }

    /** What its acknowledgements end with. */
    private static String committed(KafkaShareConsumer<String, String> consumer) {
        return consumer.commitSync().values().stream().map(error -> error.map(one -> one.getClass().getSimpleName())
                .orElse("success")).collect(Collectors.joining(", "));
    }

    private static void note(Map<String, List<Integer>> deliveries, ConsumerRecord<String, String> record) {
        deliveries.computeIfAbsent(record.value(), unknown -> new ArrayList<>())
                .add((int) record.deliveryCount().orElse((short) 0));
    }
}
