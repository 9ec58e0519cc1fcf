package kafkarium.recorder;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.ConsumerGroupPartitionAssignor;
import org.apache.kafka.coordinator.group.api.assignor.GroupSpec;
import org.apache.kafka.coordinator.group.api.assignor.MemberAssignment;
import org.apache.kafka.coordinator.group.api.assignor.MemberSubscription;
import org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.RangeAssignor;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;

/** What the coordinator's assignors (KIP-848) give to whom, as its own classes decide it. */
final class ServerAssignors {
    private ServerAssignors() {}

    static List<Situation> all() {
        return List.of(of("server-assignor-uniform", new UniformAssignor()), of("server-assignor-range", new RangeAssignor()));
    }

    private static Situation of(String name, ConsumerGroupPartitionAssignor assignor) {
        return Situation.alone(name, "The coordinator's " + assignor.name() + " assignor divides topics among members whose ids and "
                + "instance ids are their names: shapes of groups, then members that come and go, round after round.",
                (cluster, recording) -> {
                    Map<String, Object> given = new LinkedHashMap<>();
                    for (Assignors.Shape shape : Assignors.shapes()) {
                        Map<String, Object> described = new LinkedHashMap<>();
                        described.put("topics", shape.topics());
                        described.put("members", shape.members());
                        given.put(shape.name(), described);
                        recording.fact(shape.name(),
                                new Group(shape.topics(), shape.members(), Map.of()).assign(assignor));
                    }
                    recording.given("shapes", given);
                    rounds(recording, assignor);
                });
    }

    private static void rounds(Recording recording, ConsumerGroupPartitionAssignor assignor) {
        Map<String, Integer> topics = Assignors.topics("orders", 7, "payments", 4);
        recording.given("topics", topics);
        recording.given("rounds", Assignors.ROUNDS);
        Map<String, List<String>> owned = Map.of();
        for (int at = 0; at < Assignors.ROUNDS.size(); at++) {
            Map<String, List<String>> members = new TreeMap<>();
            Assignors.ROUNDS.get(at).forEach(member -> members.put(member, List.copyOf(topics.keySet())));
            owned = new Group(topics, members, owned).assign(assignor);
            recording.fact("round " + (at + 1), owned);
        }
    }

    /** A group as the coordinator describes it to an assignor; topics have ids in the order of their names. */
    private static final class Group implements GroupSpec, SubscribedTopicDescriber {
        private final Map<String, Integer> topics;
        private final Map<String, List<String>> members;
        private final Map<String, List<String>> owned;

        Group(Map<String, Integer> topics, Map<String, List<String>> members, Map<String, List<String>> owned) {
            this.topics = topics;
            this.members = members;
            this.owned = owned;
        }

        Map<String, List<String>> assign(ConsumerGroupPartitionAssignor assignor) {
            Map<String, List<String>> assigned = new TreeMap<>();
            assignor.assign(this, this).members().forEach((member, assignment) -> assigned.put(member,
                    assignment.partitions().entrySet().stream().flatMap(topic -> topic.getValue().stream()
                            .map(index -> name(topic.getKey()) + "-" + index)).sorted().toList()));
            members.keySet().forEach(member -> assigned.putIfAbsent(member, List.of()));
            return assigned;
        }

        private Uuid id(String topic) {
            return new Uuid(1, 1 + List.copyOf(topics.keySet()).indexOf(topic));
        }

        private String name(Uuid id) {
            return List.copyOf(topics.keySet()).get((int) id.getLeastSignificantBits() - 1);
        }

        private Set<Uuid> ids(Collection<String> names) {
            return names.stream().filter(topics::containsKey).map(this::id).collect(Collectors.toCollection(TreeSet::new));
        }

        @Override
        public Collection<String> memberIds() {
            return members.keySet();
        }

        @Override
        public SubscriptionType subscriptionType() {
            boolean alike = members.values().stream().distinct().count() <= 1;
            return alike ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
        }

        @Override
        public boolean isPartitionAssigned(Uuid topic, int partition) {
            return owned.entrySet().stream().filter(one -> members.containsKey(one.getKey()))
                    .anyMatch(one -> one.getValue().contains(name(topic) + "-" + partition));
        }

        @Override
        public boolean isPartitionAssignable(Uuid topic, int partition) {
            return true;
        }

        @Override
        public MemberSubscription memberSubscription(String member) {
            Set<Uuid> wanted = ids(members.get(member));
            return new MemberSubscription() {
                @Override
                public Optional<String> rackId() {
                    return Optional.empty();
                }

                @Override
                public Optional<String> instanceId() {
                    return Optional.of(member);
                }

                @Override
                public Set<Uuid> subscribedTopicIds() {
                    return wanted;
                }
            };
        }

        @Override
        public MemberAssignment memberAssignment(String member) {
            Map<Uuid, Set<Integer>> has = new TreeMap<>();
            for (String partition : owned.getOrDefault(member, List.of())) {
                int dash = partition.lastIndexOf('-');
                has.computeIfAbsent(id(partition.substring(0, dash)), unknown -> new TreeSet<>())
                        .add(Integer.parseInt(partition.substring(dash + 1)));
            }
            Map<Uuid, Set<Integer>> unchanging = Collections.unmodifiableMap(has);
            return () -> unchanging;
        }

        @Override
        public int numPartitions(Uuid topic) {
            return topics.get(name(topic));
        }

        @Override
        public Set<String> racksForPartition(Uuid topic, int partition) {
            return Set.of();
        }
    }
}
