package kafkarium.recorder;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import kafkarium.recorder.MetadataLog.Change;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;

/** What the controllers decide, and what goes on without them. */
final class Controllers {
    private static final List<List<Integer>> PLACED = List.of(List.of(1, 2, 3));
    private static final Cluster.Spec THREE = new Cluster.Spec(3, Map.of());

    private Controllers() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("preferred-leader-returns",
                        "Broker 1, the preferred leader of a partition, is stopped and started again; the controller looks for "
                                + "imbalance every 20 s.",
                        Cluster.Spec.of("leader.imbalance.check.interval.seconds", "20"),
                        Controllers::preferredReturns),
                Situation.of("preferred-leader-elected",
                        "Broker 2 leads a partition whose preferred leader, broker 1, is in sync again; an administrator asks for "
                                + "the preferred leader.",
                        Controllers::preferredElected),
                Situation.of("reassignment",
                        "A partition on brokers 1 and 2 with 200 records is moved to brokers 2 and 3.",
                        (cluster, recording) -> reassigned(cluster, recording, List.of(1, 2), List.of(2, 3))),
                Situation.of("replication-factor-raised",
                        "A partition on broker 1 alone with 200 records gets replicas on brokers 2 and 3.",
                        (cluster, recording) -> reassigned(cluster, recording, List.of(1), List.of(1, 2, 3))),
                Situation.of("active-controller-killed",
                        "Of three controllers the active one is killed, while a producer with acks=all sends 50 records a second; "
                                + "it is started again.",
                        THREE, Controllers::activeKilled),
                Situation.of("quorum-lost",
                        "Two of three controllers are killed, while a producer with acks=all sends 50 records a second; they are "
                                + "started again after 20 s.",
                        THREE, Controllers::quorumLost));
    }

    private static void preferredReturns(Cluster cluster, Recording recording) throws Exception {
        recording.given("placement", PLACED);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, PLACED, Map.of());
            Waiting.sleep(1000 + 2900 * repeat);
            cluster.terminate(1);
            cluster.awaitEnd(1);
            long restarted = cluster.restart(1);
            Change whole = cluster.metadata().await(topic, 0, restarted, 120_000, "broker 1 is in sync again",
                    change -> change.isr().contains(1));
            recording.fact("leader when broker 1 is back in sync", whole.partition().leader);
            recording.fact("leader epoch then", whole.partition().leaderEpoch);
            Change elected = cluster.metadata().await(topic, 0, restarted, 120_000, "broker 1 leads again",
                    change -> change.partition().leader == 1);
            recording.measured("ms from being back in the ISR until it leads again", elected.at() - whole.at());
            recording.fact("leader epoch in the end", elected.partition().leaderEpoch);
            recording.fact("ISR in the end", elected.isr());
        }
    }

    private static void preferredElected(Cluster cluster, Recording recording) throws Exception {
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, PLACED, Map.of());
        cluster.terminate(1);
        cluster.awaitEnd(1);
        long restarted = cluster.restart(1);
        cluster.metadata().await(topic, 0, restarted, 120_000, "broker 1 is in sync again",
                change -> change.isr().contains(1));
        TopicPartition partition = new TopicPartition(topic, 0);
        recording.fact("the election ends with", elect(cluster, partition));
        Change elected = cluster.metadata().now(topic, 0);
        recording.fact("leader", elected.partition().leader);
        recording.fact("leader epoch", elected.partition().leaderEpoch);
        recording.fact("a second election ends with", elect(cluster, partition));
        recording.fact("leader epoch after the second", cluster.metadata().now(topic, 0).partition().leaderEpoch);
    }

    private static String elect(Cluster cluster, TopicPartition partition) throws Exception {
        Optional<Throwable> error = cluster.admin().electLeaders(ElectionType.PREFERRED, java.util.Set.of(partition))
                .partitions().get().get(partition);
        return error.map(one -> one.getClass().getSimpleName()).orElse("success");
    }

    private static void reassigned(Cluster cluster, Recording recording, List<Integer> from, List<Integer> to)
            throws Exception {
        recording.given("placement", List.of(from));
        recording.given("then", List.of(to));
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, List.of(from), Map.of());
        Retention.writeBig(cluster, topic, 0, 200);
        reassign(cluster, topic, to);
        List<Map<String, Object>> phases = phases(cluster, topic);
        // Replicas join the ISR in either order; what comes before and after is the same each time.
        recording.fact("first", phases.get(0));
        recording.fact("begun", phases.get(1));
        recording.fact("in the end", phases.get(phases.size() - 1));
        recording.fact("high watermark in the end", Topics.highWatermark(cluster, topic, 0));
    }

    /** Moves partition 0 of a topic, and waits until it is; returns how long that took, ms. */
    static long reassign(Cluster cluster, String topic, List<Integer> to) throws Exception {
        long asked = System.currentTimeMillis();
        cluster.admin().alterPartitionReassignments(Map.of(new TopicPartition(topic, 0),
                Optional.of(new NewPartitionReassignment(to)))).all().get();
        Change whole = cluster.metadata().await(topic, 0, asked, 60_000, "the reassignment is complete",
                change -> change.partition().replicas.length == to.size() && change.partition().addingReplicas.length == 0
                        && change.partition().removingReplicas.length == 0 && change.isr().size() == to.size());
        return whole.at() - asked;
    }

    /** Every state that partition 0 of a topic ever had. */
    static List<Map<String, Object>> phases(Cluster cluster, String topic) {
        List<Map<String, Object>> phases = new ArrayList<>();
        for (Change change : cluster.metadata().history(topic, 0)) {
            Map<String, Object> phase = new LinkedHashMap<>();
            phase.put("replicas", IntStream.of(change.partition().replicas).boxed().toList());
            phase.put("adding", IntStream.of(change.partition().addingReplicas).boxed().toList());
            phase.put("removing", IntStream.of(change.partition().removingReplicas).boxed().toList());
            phase.put("ISR", change.isr());
            phase.put("leader", change.partition().leader);
            phase.put("leader epoch", change.partition().leaderEpoch);
            phases.add(phase);
        }
        return phases;
    }

    private static QuorumInfo quorum(Cluster cluster) throws Exception {
        return cluster.admin().describeMetadataQuorum().quorumInfo().get();
    }

    private static void activeKilled(Cluster cluster, Recording recording) throws Exception {
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, PLACED, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, 1, 50, Map.of())) {
                Waiting.sleep(3000);
                QuorumInfo before = quorum(cluster);
                long killed = cluster.kill(before.leaderId());
                long created = created(cluster, Topics.fresh("created"), 60_000);
                recording.measured("ms until a topic could be created", created - killed);
                QuorumInfo after = quorum(cluster);
                recording.fact("another controller is active", after.leaderId() != before.leaderId());
                recording.fact("the quorum's epoch is higher", after.leaderEpoch() > before.leaderEpoch());
                Waiting.sleep(1000);
                recording.fact("acknowledgements went on", flow.longestSilence(killed) < 2000);
                flow.close();
                recording.fact("sends that failed", flow.failed());
            }
            cluster.heal();
            Waiting.sleep(5000);
        }
    }

    /** Creates a topic, trying until it works: when it did. */
    private static long created(Cluster cluster, String topic, long withinMs) {
        return Waiting.until(withinMs, "a topic is created", () -> {
            cluster.admin().createTopics(List.of(new NewTopic(topic, 1, (short) 3)),
                    new CreateTopicsOptions().timeoutMs((int) withinMs)).all().get();
            return true;
        });
    }

    private static void quorumLost(Cluster cluster, Recording recording) throws Exception {
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            Topics.place(cluster, topic, PLACED, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, 1, 50, Map.of())) {
                Waiting.sleep(3000);
                long killed = cluster.kill(102);
                cluster.kill(103);
                Waiting.sleep(3000);
                String ended = "success";
                try {
                    cluster.admin().createTopics(List.of(new NewTopic(Topics.fresh("refused"), 1, (short) 3)),
                            new CreateTopicsOptions().timeoutMs(8000)).all().get();
                } catch (ExecutionException refused) {
                    ended = refused.getCause().getClass().getSimpleName();
                }
                recording.fact("creating a topic for 8 s ends with", ended);
                Waiting.untilMoment(killed + 20_000);
                recording.fact("acknowledgements went on", flow.longestSilence(killed) < 2000);
                long restarted = cluster.restart(102);
                cluster.restart(103);
                long created = created(cluster, Topics.fresh("created"), 60_000);
                recording.measured("ms from the restart until a topic could be created", created - restarted);
                Change now = cluster.metadata().now(topic, 0);
                recording.fact("leader in the end", now.partition().leader);
                recording.fact("leader epoch in the end", now.partition().leaderEpoch);
                recording.fact("ISR in the end", now.isr());
                flow.close();
                recording.fact("sends that failed", flow.failed());
            }
            cluster.heal();
            Waiting.sleep(5000);
        }
    }
}
