package kafkarium.recorder;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.common.protocol.ByteBufferAccessor;

/** Where keys and names go. */
final class Keys {
    private Keys() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("keys-to-partitions",
                        "A producer sends 2,000 records with string keys (ASCII, empty, Unicode, long) to topics of 1, 3, 6, "
                                + "12, 24 and 50 partitions; the answer to each names its partition.",
                        Keys::toPartitions),
                Situation.of("keys-when-partitions-are-added",
                        "A producer sends 300 keys to a topic of 6 partitions; the topic grows to 8 and then to 12, and the "
                                + "same keys are sent again after each.",
                        Keys::whenPartitionsAreAdded),
                Situation.of("group-coordinators",
                        "200 groups commit an offset; the partition of __consumer_offsets that holds each commit is read, and "
                                + "the coordinator that is named for the group.",
                        Keys::groupCoordinators));
    }

    private static List<String> keys(int count) {
        List<String> keys = new ArrayList<>(List.of("", " ", "0", "a", "ab", "abc", "abcd", "abcde", "\u0000", "\u007f",
                "é", "ß", "日本", "日本語", "ключ", "🦀", "🦀🦀", "a\u0300", "مفتاح", "\ufeffkey"));
        String[] kinds = {"user-", "order:", "2026-11-", "Ünïcode/", "sensor.eu-west.", "鍵"};
        for (int at = keys.size(); at < count; at++) {
            String key = kinds[at % kinds.length] + at;
            keys.add(at % 97 == 0 ? key + "-" + "long".repeat(1 + at % 23) : key);
        }
        return keys;
    }

    private static List<Integer> partitionsOf(Cluster cluster, String topic, List<String> keys) throws Exception {
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (String key : keys) {
                sent.add(producer.send(new ProducerRecord<>(topic, key, "v")));
            }
            List<Integer> partitions = new ArrayList<>();
            for (Future<RecordMetadata> one : sent) {
                partitions.add(one.get().partition());
            }
            return partitions;
        }
    }

    private static void toPartitions(Cluster cluster, Recording recording) throws Exception {
        List<String> keys = keys(2000);
        recording.given("keys", keys);
        for (int count : new int[] {1, 3, 6, 12, 24, 50}) {
            String topic = Topics.fresh("keys");
            Topics.create(cluster, topic, count, Map.of());
            recording.fact("partitions of " + count, partitionsOf(cluster, topic, keys));
        }
    }

    private static void whenPartitionsAreAdded(Cluster cluster, Recording recording) throws Exception {
        List<String> keys = keys(300);
        recording.given("keys", keys);
        String topic = Topics.fresh("growing");
        Topics.create(cluster, topic, 6, Map.of());
        List<Integer> first = partitionsOf(cluster, topic, keys);
        recording.fact("partitions of 6", first);
        for (int count : new int[] {8, 12}) {
            cluster.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(count))).all().get();
            Waiting.until(30_000, "the partitions are there", () -> Topics.describe(cluster, topic).size() == count
                    && Topics.describe(cluster, topic).stream().allMatch(one -> one.leader() != null));
            Waiting.sleep(500);
            List<Integer> then = partitionsOf(cluster, topic, keys);
            recording.fact("partitions of " + count, then);
            long moved = Cluster.upTo(keys.size()).stream().filter(at -> !first.get(at).equals(then.get(at))).count();
            recording.fact("keys that " + count + " partitions moved", moved);
        }
    }

    private static void groupCoordinators(Cluster cluster, Recording recording) throws Exception {
        List<String> groups = new ArrayList<>(List.of("a", "billing", "group-1", "ключ", "日本", "🦀",
                "a-rather-long-name-of-a-group-that-goes-on-and-on-and-on-and-on-and-on"));
        String[] kinds = {"group-", "orders.", "team_a-", "service-éu-"};
        while (groups.size() < 200) {
            groups.add(kinds[groups.size() % kinds.length] + groups.size());
        }
        recording.given("groups", groups);
        String topic = Topics.fresh("committed");
        Topics.create(cluster, topic, 1, Map.of());
        for (String group : groups) {
            cluster.admin().alterConsumerGroupOffsets(group,
                    Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))).all().get();
        }
        Map<String, Integer> found = committedWhere(cluster, groups);
        recording.fact("partitions of __consumer_offsets", groups.stream().map(found::get).toList());
        Map<Integer, Integer> leaders = new TreeMap<>();
        Topics.describe(cluster, "__consumer_offsets").forEach(one -> leaders.put(one.partition(), one.leader().id()));
        boolean led = true;
        for (String group : groups.subList(0, 20)) {
            int coordinator = cluster.admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get()
                    .coordinator().id();
            led &= coordinator == leaders.get(found.get(group));
        }
        recording.fact("the coordinator leads that partition", led);
    }

    private static Map<String, Integer> committedWhere(Cluster cluster, List<String> groups) {
        Map<String, Integer> found = new LinkedHashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", cluster.bootstrap()),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = Cluster.upTo(50).stream()
                    .map(index -> new TopicPartition("__consumer_offsets", index)).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Waiting.until(60_000, "every commit is read", () -> {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    ByteBuffer key = ByteBuffer.wrap(record.key());
                    short version = key.getShort();
                    // 1 is a committed offset; 2 and up are the groups themselves.
                    if (version == 1) {
                        found.put(new OffsetCommitKey(new ByteBufferAccessor(key), (short) 0).group(), record.partition());
                    }
                }
                return found.keySet().containsAll(groups);
            });
        }
        return found;
    }
}
