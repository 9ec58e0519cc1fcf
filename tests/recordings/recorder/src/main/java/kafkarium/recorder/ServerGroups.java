package kafkarium.recorder;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.GroupState;

/** Groups whose coordinator assigns (KIP-848), as their description tells. */
final class ServerGroups {
    private static final int PARTITIONS = 6;

    private ServerGroups() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("consumer-protocol-timeline", timelineOf("uniform"),
                        (cluster, recording) -> timeline(cluster, recording, "uniform")),
                Situation.of("consumer-protocol-timeline-range", timelineOf("range"),
                        (cluster, recording) -> timeline(cluster, recording, "range")),
                Situation.of("consumer-protocol-member-stalls",
                        "One of two members with group.protocol=consumer stalls for 25 s, beyond max.poll.interval.ms, and polls "
                                + "again.",
                        ServerGroups::stalls));
    }

    private static String timelineOf(String assignor) {
        return "Three members with group.protocol=consumer and the " + assignor + " assignor join a group of a topic with 6 "
                + "partitions, one after the other; the second leaves; the third is killed.";
    }

    private static void timeline(Cluster cluster, Recording recording, String assignor) throws Exception {
        Map<String, String> config = new TreeMap<>(Map.of("group.protocol", "consumer", "auto.offset.reset", "earliest",
                "group.remote.assignor", assignor));
        recording.config("consumers", config);
        recording.given("partitions", PARTITIONS);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            Map<String, Member> members = new LinkedHashMap<>();
            try {
                for (int number = 1; number <= 3; number++) {
                    String name = "billing-" + number;
                    Member member = new Member(cluster, group, name, topic, config);
                    members.put(name, member);
                    long polling = member.await("polling", 0, 30_000, one -> true).at();
                    tell(cluster, recording, group, members.keySet(), "with " + name, polling);
                    Waiting.sleep(3000 + 970 * repeat);
                }
                long left = members.get("billing-2").leave();
                tell(cluster, recording, group, Set.of("billing-1", "billing-3"), "after billing-2 leaves", left);
                Waiting.sleep(3000 + 970 * repeat);
                long killed = members.get("billing-3").kill();
                tell(cluster, recording, group, Set.of("billing-1"), "after billing-3 is killed", killed);
            } finally {
                for (Member member : members.values()) {
                    member.close();
                }
            }
        }
    }

    /** Waits until exactly these members are stable, and tells epochs and how many partitions each has. */
    private static void tell(Cluster cluster, Recording recording, String group, Set<String> names, String when, long from) {
        ConsumerGroupDescription stable = await(cluster, group, one -> names.equals(one.members().stream()
                .map(MemberDescription::clientId).collect(Collectors.toSet())));
        recording.measured("ms until the group is stable " + when, System.currentTimeMillis() - from);
        recording.fact("group epoch " + when, stable.groupEpoch().orElseThrow());
        recording.fact("member epochs " + when,
                stable.members().stream().map(one -> one.memberEpoch().orElseThrow()).distinct().toList());
        // Members are named by random ids, so which of them gets which half differs.
        recording.fact("partitions of each " + when, stable.members().stream()
                .map(one -> one.assignment().topicPartitions().size()).sorted().toList());
    }

    private static ConsumerGroupDescription await(Cluster cluster, String group,
            Predicate<ConsumerGroupDescription> is) {
        ConsumerGroupDescription[] found = new ConsumerGroupDescription[1];
        Waiting.until(90_000, "the group is stable", () -> {
            ConsumerGroupDescription now = cluster.admin().describeConsumerGroups(List.of(group)).describedGroups()
                    .get(group).get();
            boolean settled = now.groupState() == GroupState.STABLE && is.test(now) && now.members().stream()
                    .allMatch(one -> one.memberEpoch().equals(now.groupEpoch()))
                    && now.members().stream().mapToInt(one -> one.assignment().topicPartitions().size()).sum() == PARTITIONS;
            found[0] = settled ? now : null;
            return settled;
        });
        return found[0];
    }

    private static void stalls(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = new HashMap<>(Map.of("group.protocol", "consumer", "auto.offset.reset", "earliest",
                "max.poll.interval.ms", "10000"));
        recording.config("consumers", new TreeMap<>(config));
        recording.given("partitions", PARTITIONS);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            try (Member first = new Member(cluster, group, "billing-1", topic, config);
                    Member second = new Member(cluster, group, "billing-2", topic, config)) {
                int before = await(cluster, group, one -> one.members().size() == 2).groupEpoch().orElseThrow();
                Waiting.sleep(2000 + 970 * repeat);
                long stalled = second.stall(25_000);
                ConsumerGroupDescription alone = await(cluster, group, one -> one.members().size() == 1);
                recording.measured("ms from the stall until the group is stable without it",
                        System.currentTimeMillis() - stalled);
                recording.fact("epochs later", alone.groupEpoch().orElseThrow() - before);
                second.await("lost", stalled, 60_000, one -> true);
                recording.fact("the stalled one is told that its partitions are", "lost");
                Waiting.untilMoment(stalled + 25_000);
                ConsumerGroupDescription again = await(cluster, group, one -> one.members().size() == 2);
                recording.measured("ms from the end of the stall until the group is stable with it",
                        System.currentTimeMillis() - (stalled + 25_000));
                recording.fact("epochs later with both again", again.groupEpoch().orElseThrow() - before);
            }
        }
    }
}
