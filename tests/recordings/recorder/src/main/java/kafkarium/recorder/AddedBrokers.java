package kafkarium.recorder;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;

/** What changes when a cluster gets one broker more, and what does not. */
final class AddedBrokers {
    private static final int ADDED = 4;
    private static final List<List<Integer>> PLACED = List.of(List.of(1, 2, 3), List.of(2, 3, 1), List.of(3, 1, 2));

    private AddedBrokers() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("broker-added",
                        "Broker 4 joins brokers 1 to 3, which hold a topic of three partitions with three replicas each; topics "
                                + "of four partitions are created before and after, and one with four replicas is tried.",
                        AddedBrokers::added),
                Situation.of("broker-added-reassignment",
                        "A partition on brokers 1, 2 and 3 with 200 records is moved to brokers 4, 2 and 3; broker 4 has just "
                                + "joined.",
                        AddedBrokers::movedTo));
    }

    private static void added(Cluster cluster, Recording recording) throws Exception {
        recording.given("placement", PLACED);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String before = Topics.fresh("before");
            String after = Topics.fresh("after");
            Topics.place(cluster, topic, PLACED, Map.of());
            Topics.create(cluster, before, 4, Map.of());
            recording.fact("four replicas, tried with three brokers", fourReplicas(cluster));
            long started = cluster.add(ADDED);
            long unfenced = cluster.metadata().awaitFencing(ADDED, -1, started, 60_000);
            recording.measured("ms from its registration until it is unfenced",
                    unfenced - cluster.metadata().registered(ADDED, started));
            awaitDescribed(cluster);
            // Whatever moved partitions by itself would have had its time.
            Waiting.sleep(5000);
            recording.fact("brokers of the cluster", brokers(cluster));
            recording.fact("replicas of the topic that was there", replicas(cluster, topic));
            recording.fact("leaders of the topic that was there", leaders(cluster, topic));
            recording.fact("replicas on broker 4", onDisk(cluster));
            Topics.create(cluster, after, 4, Map.of());
            recording.fact("leaderships of a topic created before, by broker", sum(leaders(cluster, before)));
            recording.fact("leaderships of a topic created after, by broker", sum(leaders(cluster, after)));
            recording.fact("replicas of a topic created before, by broker", sum(flat(replicas(cluster, before))));
            recording.fact("replicas of a topic created after, by broker", sum(flat(replicas(cluster, after))));
            recording.fact("four replicas, tried with four brokers", fourReplicas(cluster));
            leave(cluster, List.of(topic, before, after));
        }
    }

    private static void movedTo(Cluster cluster, Recording recording) throws Exception {
        List<Integer> from = List.of(1, 2, 3);
        List<Integer> to = List.of(4, 2, 3);
        recording.given("placement", List.of(from));
        recording.given("then", List.of(to));
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, List.of(from), Map.of());
            Retention.writeBig(cluster, topic, 0, 200);
            cluster.metadata().awaitFencing(ADDED, -1, cluster.add(ADDED), 60_000);
            awaitDescribed(cluster);
            Waiting.sleep(2000);
            recording.measured("ms until the partition is moved", Controllers.reassign(cluster, topic, to));
            recording.fact("phases", Controllers.phases(cluster, topic));
            Waiting.sleep(1000);
            recording.fact("reassignments under way", cluster.admin().listPartitionReassignments().reassignments().get().size());
            TopicPartitionInfo described = Topics.describe(cluster, topic).get(0);
            recording.fact("described leader", described.leader().id());
            recording.fact("described replicas", ids(described.replicas()));
            recording.fact("described ISR", ids(described.isr()));
            recording.fact("high watermark in the end", Topics.highWatermark(cluster, topic, 0));
            recording.fact("records in the log of broker 4", new ReplicaLog(cluster, ADDED, topic, 0).values().size());
            leave(cluster, List.of(topic));
        }
    }

    private static void awaitDescribed(Cluster cluster) {
        Waiting.until(60_000, "broker 4 is described", () -> brokers(cluster).contains(ADDED));
    }

    /** Broker 4 leaves the cluster as it was, for whoever plays next. */
    private static void leave(Cluster cluster, List<String> topics) throws Exception {
        cluster.admin().deleteTopics(topics).all().get();
        cluster.remove(ADDED);
        Waiting.until(60_000, "broker 4 is gone", () -> !brokers(cluster).contains(ADDED));
    }

    /** How creating a topic with four replicas ends; if well, it is deleted again. */
    private static String fourReplicas(Cluster cluster) throws Exception {
        String topic = Topics.fresh("four");
        try {
            cluster.admin().createTopics(List.of(new NewTopic(topic, 1, (short) 4))).all().get();
        } catch (ExecutionException refused) {
            return refused.getCause().getClass().getSimpleName();
        }
        cluster.admin().deleteTopics(List.of(topic)).all().get();
        return "success";
    }

    private static List<Integer> brokers(Cluster cluster) throws Exception {
        return ids(cluster.admin().describeCluster().nodes().get()).stream().sorted().toList();
    }

    private static List<Integer> ids(Collection<Node> nodes) {
        return nodes.stream().map(Node::id).toList();
    }

    private static List<List<Integer>> replicas(Cluster cluster, String topic) throws Exception {
        return Topics.describe(cluster, topic).stream().map(one -> ids(one.replicas())).toList();
    }

    private static List<Integer> leaders(Cluster cluster, String topic) throws Exception {
        return Topics.describe(cluster, topic).stream().map(one -> one.leader().id()).toList();
    }

    private static List<Integer> flat(List<List<Integer>> lists) {
        return lists.stream().flatMap(List::stream).toList();
    }

    /** How often each broker is there. */
    private static Map<String, Object> sum(List<Integer> brokers) {
        Map<String, Object> times = new TreeMap<>();
        for (int broker : brokers) {
            times.merge("" + broker, 1, (sum, one) -> (int) sum + (int) one);
        }
        return times;
    }

    /** How many replicas of any topic broker 4 says that it holds. */
    private static int onDisk(Cluster cluster) throws Exception {
        return cluster.admin().describeLogDirs(List.of(ADDED)).descriptions().get(ADDED).get().values().stream()
                .mapToInt(folder -> folder.replicaInfos().size()).sum();
    }
}
