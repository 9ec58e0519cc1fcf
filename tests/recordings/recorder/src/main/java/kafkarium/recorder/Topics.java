package kafkarium.recorder;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/** Topics as the tools make and describe them. */
final class Topics {
    private Topics() {}

    /** A topic that is not there yet: clusters serve several situations and several repeats. */
    static String fresh(String name) {
        return name + "-" + Long.toString(System.nanoTime(), 36);
    }

    static void create(Cluster cluster, String topic, int partitions, Map<String, String> config) throws Exception {
        cluster.admin().createTopics(List.of(new NewTopic(topic, partitions, (short) 3).configs(config))).all().get();
        awaitLeaders(cluster, topic, partitions);
    }

    /** With the replicas of each partition, the preferred leader first. */
    static void place(Cluster cluster, String topic, List<List<Integer>> replicas, Map<String, String> config)
            throws Exception {
        Map<Integer, List<Integer>> placed = new TreeMap<>();
        for (List<Integer> one : replicas) {
            placed.put(placed.size(), one);
        }
        cluster.admin().createTopics(List.of(new NewTopic(topic, placed).configs(config))).all().get();
        awaitLeaders(cluster, topic, replicas.size());
    }

    private static void awaitLeaders(Cluster cluster, String topic, int partitions) {
        Waiting.until(60_000, topic + " has its leaders", () -> {
            List<TopicPartitionInfo> all = describe(cluster, topic);
            return all.size() == partitions && all.stream().allMatch(one -> one.leader() != null);
        });
        // Every broker has to know it, or the first request of a client is about the topic's creation.
        Waiting.sleep(500);
    }

    static List<TopicPartitionInfo> describe(Cluster cluster, String topic) throws Exception {
        return cluster.admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
    }

    static ListOffsetsResultInfo offset(Cluster cluster, String topic, int partition, OffsetSpec spec) throws Exception {
        TopicPartition asked = new TopicPartition(topic, partition);
        return cluster.admin().listOffsets(Map.of(asked, spec)).partitionResult(asked).get();
    }

    /** The high watermark, as a reader of uncommitted records is told it. */
    static long highWatermark(Cluster cluster, String topic, int partition) throws Exception {
        return offset(cluster, topic, partition, OffsetSpec.latest()).offset();
    }

    static long logStart(Cluster cluster, String topic, int partition) throws Exception {
        return offset(cluster, topic, partition, OffsetSpec.earliest()).offset();
    }
}
