package kafkarium.recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** What each assignor of the classic protocol gives to whom, as the client's own classes decide it. */
final class Assignors {
    private Assignors() {}

    /** A group of members with static names that subscribe to topics of so many partitions. */
    record Shape(String name, Map<String, Integer> topics, Map<String, List<String>> members) {}

    /** One round after the other: who is a member then. */
    static final List<List<String>> ROUNDS = List.of(List.of("m1"), List.of("m1", "m2"),
            List.of("m1", "m2", "m3"), List.of("m1", "m3"), List.of("m1", "m3", "m4", "m5"), List.of("m4", "m5"));

    static List<Situation> all() {
        return List.of(
                alone("assignor-range", "range", RangeAssignor::new),
                alone("assignor-round-robin", "round robin", RoundRobinAssignor::new),
                rounds("assignor-sticky", "sticky", StickyAssignor::new),
                rounds("assignor-cooperative-sticky", "cooperative sticky", CooperativeStickyAssignor::new));
    }

    static List<Shape> shapes() {
        return List.of(
                shape("one topic, evenly", topics("orders", 6), members(3, "orders")),
                shape("one topic, unevenly", topics("orders", 7), members(3, "orders")),
                shape("more members than partitions", topics("orders", 3), members(5, "orders")),
                shape("two topics alike", topics("orders", 3, "payments", 3), members(2, "orders", "payments")),
                shape("several topics", topics("a", 1, "b", 4, "c", 7), members(4, "a", "b", "c")),
                shape("ten members, sorted as texts", topics("orders", 13), members(10, "orders")),
                shape("unequal subscriptions", topics("a", 4, "b", 5, "c", 2), Map.of("m1", List.of("a"), "m2",
                        List.of("a", "b"), "m3", List.of("b", "c"), "m4", List.of("a", "b", "c"))),
                shape("a topic that is not there", topics("orders", 4), members(2, "orders", "ghost")));
    }

    private static Shape shape(String name, Map<String, Integer> topics, Map<String, List<String>> members) {
        return new Shape(name, topics, new TreeMap<>(members));
    }

    static Map<String, Integer> topics(Object... pairs) {
        Map<String, Integer> topics = new TreeMap<>();
        for (int at = 0; at < pairs.length; at += 2) {
            topics.put((String) pairs[at], (Integer) pairs[at + 1]);
        }
        return topics;
    }

    private static Map<String, List<String>> members(int count, String... topics) {
        Map<String, List<String>> members = new TreeMap<>();
        for (int at = 1; at <= count; at++) {
            members.put("m" + at, List.of(topics));
        }
        return members;
    }

    private static Situation alone(String name, String words, Supplier<ConsumerPartitionAssignor> assignor) {
        return Situation.alone(name, "The " + words + " assignor divides topics among members with static names: "
                + shapes().size() + " shapes of groups.", (cluster, recording) -> {
                    Map<String, Object> given = new LinkedHashMap<>();
                    for (Shape shape : shapes()) {
                        Map<String, Object> described = new LinkedHashMap<>();
                        described.put("topics", shape.topics());
                        described.put("members", shape.members());
                        given.put(shape.name(), described);
                        recording.fact(shape.name(), new Group(assignor).assign(shape.topics(), shape.members()));
                    }
                    recording.given("shapes", given);
                });
    }

    private static Situation rounds(String name, String words, Supplier<ConsumerPartitionAssignor> assignor) {
        return Situation.alone(name, "The " + words + " assignor divides two topics among members with static names that come "
                + "and go, round after round; each member says what it owned.", (cluster, recording) -> {
                    Map<String, Integer> topics = topics("orders", 7, "payments", 4);
                    recording.given("topics", topics);
                    recording.given("rounds", ROUNDS);
                    Group group = new Group(assignor);
                    for (int at = 0; at < ROUNDS.size(); at++) {
                        Map<String, List<String>> members = new TreeMap<>();
                        ROUNDS.get(at).forEach(member -> members.put(member, List.copyOf(topics.keySet())));
                        // Cooperatively, what is taken from one member is given to the next in a second rebalance.
                        for (int step = 1; step <= 2; step++) {
                            recording.fact("round " + (at + 1) + ", rebalance " + step, group.assign(topics, members));
                        }
                    }
                });
    }

    /** Members that remember what they own, each with an assignor of its own. */
    private static final class Group {
        private final Supplier<ConsumerPartitionAssignor> assignor;
        private final Map<String, ConsumerPartitionAssignor> assignors = new TreeMap<>();
        private final Map<String, List<TopicPartition>> owned = new TreeMap<>();
        private int generation;

        Group(Supplier<ConsumerPartitionAssignor> assignor) {
            this.assignor = assignor;
        }

        Map<String, List<String>> assign(Map<String, Integer> topics, Map<String, List<String>> members) {
            owned.keySet().retainAll(members.keySet());
            assignors.keySet().retainAll(members.keySet());
            Map<String, Subscription> subscriptions = new TreeMap<>();
            members.forEach((member, names) -> {
                ByteBuffer remembered = assignors.computeIfAbsent(member, unknown -> assignor.get())
                        .subscriptionUserData(Set.copyOf(names));
                Subscription subscription = new Subscription(names, remembered,
                        owned.getOrDefault(member, List.of()), generation, Optional.empty());
                subscription.setGroupInstanceId(Optional.of(member));
                subscriptions.put(member, subscription);
            });
            generation++;
            Map<String, List<String>> assigned = new TreeMap<>();
            assignor.get().assign(metadata(topics), new GroupSubscription(subscriptions)).groupAssignment()
                    .forEach((member, assignment) -> {
                        owned.put(member, assignment.partitions());
                        assignors.get(member).onAssignment(assignment,
                                new ConsumerGroupMetadata("g", generation, member, Optional.of(member)));
                        assigned.put(member, assignment.partitions().stream().map(TopicPartition::toString).sorted()
                                .toList());
                    });
            return assigned;
        }
    }

    private static Cluster metadata(Map<String, Integer> topics) {
        List<PartitionInfo> partitions = new ArrayList<>();
        Node[] nobody = {};
        topics.forEach((topic, count) -> {
            for (int index = 0; index < count; index++) {
                partitions.add(new PartitionInfo(topic, index, null, nobody, nobody));
            }
        });
        return new Cluster("c", List.of(new Node(1, "localhost", 9092)), partitions, Set.of(), Set.of());
    }
}
