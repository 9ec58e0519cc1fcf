package kafkarium.recorder;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/** Groups whose coordinator assigns (KIP-848), as their description tells. */
final class ServerGroups {
    private static final int PARTITIONS = 6;
    private static final Cluster.Spec SHORT_SESSIONS = Cluster.Spec.of("group.consumer.session.timeout.ms", "10000",
            "group.consumer.min.session.timeout.ms", "10000");

    private ServerGroups() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("consumer-protocol-timeline", timelineOf("uniform"),
                        (cluster, recording) -> timeline(cluster, recording, "uniform", false)),
                Situation.of("consumer-protocol-timeline-range", timelineOf("range"),
                        (cluster, recording) -> timeline(cluster, recording, "range", false)),
                Situation.of("consumer-protocol-pauses",
                        timelineOf("uniform") + " Sessions are of 10 s, and a producer sends 60 records a second all the time.",
                        SHORT_SESSIONS, (cluster, recording) -> timeline(cluster, recording, "uniform", true)),
                Situation.of("consumer-protocol-member-stalls",
                        "One of two members with group.protocol=consumer stalls for 25 s, beyond max.poll.interval.ms, and polls "
                                + "again.",
                        ServerGroups::stalls),
                Situation.of("consumer-protocol-static-member-restarts-in-time", restarts("within its session"),
                        SHORT_SESSIONS, (cluster, recording) -> staticRestarts(cluster, recording, 1000)),
                Situation.of("consumer-protocol-static-member-restarts-late", restarts("after its session"),
                        SHORT_SESSIONS, (cluster, recording) -> staticRestarts(cluster, recording, 16_000)));
    }

    private static String timelineOf(String assignor) {
        return "Three members with group.protocol=consumer and the " + assignor + " assignor join a group of a topic with 6 "
                + "partitions, one after the other; the second leaves; the third is killed.";
    }

    private static String restarts(String when) {
        return "One of two static members with group.protocol=consumer is killed and comes back, under the same "
                + "group.instance.id, " + when + " of 10 s; as often as it fails it is started again.";
    }

    private static void timeline(Cluster cluster, Recording recording, String assignor, boolean flows) throws Exception {
        Map<String, String> config = new TreeMap<>(Map.of("group.protocol", "consumer", "auto.offset.reset", "earliest",
                "group.remote.assignor", assignor));
        recording.config("consumers", config);
        recording.given("partitions", PARTITIONS);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            Map<String, Member> members = new LinkedHashMap<>();
            try (Flow flow = flows ? new Flow(cluster.bootstrap(), topic, PARTITIONS, 60, Map.of()) : null) {
                for (int number = 1; number <= 3; number++) {
                    String name = "billing-" + number;
                    Member member = new Member(cluster, group, name, topic, config);
                    members.put(name, member);
                    long polling = member.await("polling", 0, 30_000, one -> true).at();
                    tell(cluster, recording, group, members.keySet(), "with " + name, polling);
                    pause(recording, members, "with " + name, polling, flows);
                    Waiting.sleep(3000 + 970 * repeat);
                }
                long left = members.get("billing-2").leave();
                tell(cluster, recording, group, Set.of("billing-1", "billing-3"), "after billing-2 leaves", left);
                pause(recording, members, "after billing-2 leaves", left, flows);
                Waiting.sleep(3000 + 970 * repeat);
                long killed = members.get("billing-3").kill();
                tell(cluster, recording, group, Set.of("billing-1"), "after billing-3 is killed", killed);
                pause(recording, members, "after billing-3 is killed", killed, flows);
            } finally {
                for (Member member : members.values()) {
                    member.close();
                }
            }
        }
    }

    /** Where records flow: how long the partition that waited longest for them did. */
    private static void pause(Recording recording, Map<String, Member> members, String when, long from, boolean flows) {
        if (flows) {
            Waiting.sleep(1500);
            recording.measured("ms that a partition went unread at most " + when,
                    Groups.longestPause(List.copyOf(members.values()), from));
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

    private static void staticRestarts(Cluster cluster, Recording recording, long laterMs) throws Exception {
        Map<String, String> config = Map.of("group.protocol", "consumer", "auto.offset.reset", "earliest");
        recording.config("consumers", new TreeMap<>(config));
        recording.given("partitions", PARTITIONS);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            List<Member> ever = new ArrayList<>();
            try (Flow flow = new Flow(cluster.bootstrap(), topic, PARTITIONS, 60, Map.of())) {
                ever.add(new Member(cluster, group, "billing-1", topic, Groups.with(config, "group.instance.id", "one")));
                Map<String, String> two = Groups.with(config, "group.instance.id", "two");
                ever.add(new Member(cluster, group, "billing-2", topic, two));
                ConsumerGroupDescription before = await(cluster, group, one -> one.members().size() == 2);
                Waiting.sleep(2000 + 970 * repeat);
                long killed = ever.get(1).kill();
                Waiting.sleep(laterMs);
                Member again;
                boolean serves;
                do {
                    again = new Member(cluster, group, "billing-2", topic, two);
                    ever.add(again);
                    serves = serves(again);
                    if (ever.size() == 3) {
                        recording.fact("the first restart ends with", serves ? "partitions" : failure(again));
                    }
                } while (!serves);
                long assigned = again.await("assigned", 0, 60_000, one -> true).at();
                recording.measured("ms from the kill until it has partitions", assigned - killed);
                ConsumerGroupDescription after = await(cluster, group, one -> one.members().size() == 2);
                recording.fact("epochs later", after.groupEpoch().orElseThrow() - before.groupEpoch().orElseThrow());
                recording.fact("it has the same partitions", partitions(after, "two").equals(partitions(before, "two")));
                Waiting.sleep(1500);
                recording.measured("ms that a partition went unread at most", Groups.longestPause(ever, killed));
            } finally {
                for (Member member : ever) {
                    member.close();
                }
            }
        }
    }

    /** Waits until a member has partitions or has failed: whether it has partitions. */
    private static boolean serves(Member member) {
        Waiting.until(60_000, "the member has partitions or has failed", () -> member.assignment().isPresent()
                || member.events().stream().anyMatch(one -> one.what().equals("failed")));
        return member.assignment().isPresent();
    }

    private static String failure(Member member) {
        return member.await("failed", 0, 0, one -> true).detail();
    }

    private static Set<TopicPartition> partitions(ConsumerGroupDescription group, String instance) {
        return group.members().stream().filter(one -> one.groupInstanceId().equals(Optional.of(instance)))
                .findFirst().orElseThrow().assignment().topicPartitions();
    }
}
