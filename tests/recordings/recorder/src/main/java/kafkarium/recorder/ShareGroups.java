package kafkarium.recorder;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private ShareGroups() {}

    static List<Situation> all() {
        return List.of(Situation.of("share-group",
                "A share group reads six records with explicit acknowledgement: the third is rejected, the fourth is released every "
                        + "time, the sixth is released once, after which the member closes; the others are accepted. A second "
                        + "member reads what is left.",
                ShareGroups::play));
    }

    private static void set(Cluster cluster, String group, String key, String value) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        cluster.admin().incrementalAlterConfigs(Map.of(resource,
                List.of(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)))).all().get();
    }

    private static KafkaShareConsumer<String, String> member(Cluster cluster, String group, String topic) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", cluster.bootstrap(), "group.id", group,
                "share.acknowledgement.mode", "explicit"));
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

    private static void note(Map<String, List<Integer>> deliveries, ConsumerRecord<String, String> record) {
        deliveries.computeIfAbsent(record.value(), unknown -> new ArrayList<>())
                .add((int) record.deliveryCount().orElse((short) 0));
    }
}
