package kafkarium.recorder;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kafkarium.recorder.Member.Event;

/** Consumer groups as their members live through them. */
final class Groups {
    private static final int PARTITIONS = 6;

    private Groups() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("classic-group-timeline",
                        "Three members join a classic group of a topic with 6 partitions, one after the other; the second leaves; "
                                + "the third is killed. A producer sends 60 records a second all the time.",
                        (cluster, recording) -> timeline(cluster, recording, Map.of("session.timeout.ms", "10000"))),
                Situation.of("coordinator-killed",
                        "Each broker leads one of three partitions, the only member of a group reads all of them and commits what a "
                                + "poll returned; the broker that coordinates the group is killed.",
                        Groups::coordinatorKilled),
                Situation.of("member-stalls",
                        "One of two members of a classic group stalls for 25 s, beyond max.poll.interval.ms, and polls again.",
                        Groups::stalls),
                Situation.of("member-stalls-pause",
                        "One of two members of a classic group stalls beyond max.poll.interval.ms, and the other takes over its "
                                + "partitions. A producer sends 60 records a second all the time.",
                        Groups::stallsPause),
                Situation.of("static-member-restarts-in-time",
                        "One of two static members of a classic group is killed and comes back, under the same "
                                + "group.instance.id, within its session.",
                        (cluster, recording) -> staticRestarts(cluster, recording, "30000", 0)),
                Situation.of("static-member-restarts-late",
                        "One of two static members of a classic group is killed and comes back, under the same "
                                + "group.instance.id, after its session.",
                        (cluster, recording) -> staticRestarts(cluster, recording, "10000", 18_000)),
                Situation.of("killed-with-auto-commit", delivery("commits automatically every 5 s"),
                        (cluster, recording) -> deliveredTwice(cluster, recording, true)),
                Situation.of("killed-with-commit-after-processing", delivery("commits what a poll returned after it is processed"),
                        (cluster, recording) -> deliveredTwice(cluster, recording, false)));
    }

    private static String delivery(String how) {
        return "The only member of a group takes 10 ms for each of 50 records a second and " + how + ". It is killed; another "
                + "member takes over.";
    }

    private static void coordinatorKilled(Cluster cluster, Recording recording) throws Exception {
        List<List<Integer>> placed = List.of(List.of(1, 2, 3), List.of(2, 3, 1), List.of(3, 1, 2));
        Map<String, String> config = new TreeMap<>(Map.of("auto.offset.reset", "earliest", "enable.auto.commit", "false"));
        recording.given("placement", placed);
        recording.config("consumers", config);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.place(cluster, topic, placed, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, 3, 30, Map.of());
                    Member member = new Member(cluster, group, "billing-1", topic, with(config, ".commit", "after"))) {
                Event assigned = member.await("assigned", 0, 60_000, one -> true);
                Waiting.sleep(6000 + 370 * repeat);
                int coordinator = cluster.admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get()
                        .coordinator().id();
                long killed = cluster.kill(coordinator);
                // The partition that the killed broker led is another matter.
                String other = topic + "-" + (coordinator % 3);
                Waiting.sleep(20_000);
                recording.measured("ms that a partition of another leader went unread at most",
                        longestPause(List.of(member), killed, other));
                recording.fact("generations later", member.assignment().orElseThrow().generation() - assigned.generation());
                List<String[]> polls = member.events().stream().filter(one -> one.what().equals("polled"))
                        .map(one -> one.detail().split(" ")).filter(one -> one[0].equals(other)).toList();
                long twice = 0;
                for (int at = 1; at < polls.size(); at++) {
                    twice += Long.parseLong(polls.get(at - 1)[2]) - Long.parseLong(polls.get(at)[1]);
                }
                recording.fact("records of it delivered twice", twice);
            }
            cluster.heal();
        }
    }

    /** What happens to two members that have half of the partitions each. */
    private interface Pair {
        void play(Member first, Member second, int repeat) throws Exception;
    }

    private static void stalling(Cluster cluster, Recording recording, Pair pair) throws Exception {
        Map<String, String> config = Map.of("max.poll.interval.ms", "10000", "auto.offset.reset", "earliest");
        recording.config("consumers", new TreeMap<>(config));
        recording.given("partitions", PARTITIONS);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, PARTITIONS, 60, Map.of());
                    Member first = new Member(cluster, group, "billing-1", topic, config);
                    Member second = new Member(cluster, group, "billing-2", topic, config)) {
                both(first, second);
                pair.play(first, second, repeat);
            }
        }
    }

    private static void stalls(Cluster cluster, Recording recording) throws Exception {
        stalling(cluster, recording, (first, second, repeat) -> {
            Waiting.sleep(4000 + 570 * repeat);
            int before = first.assignment().orElseThrow().generation();
            long stalled = second.stall(25_000);
            Event alone = first.await("assigned", stalled, 60_000, one -> one.partitions().size() == PARTITIONS);
            recording.measured("ms from the stall until the other has all partitions", alone.at() - stalled);
            recording.fact("generations later", alone.generation() - before);
            Event lost = second.await("lost", stalled, 60_000, one -> true);
            recording.fact("partitions it is told to have lost", lost.detail().split(",").length);
            Event again = second.await("assigned", lost.at(), 60_000, one -> true);
            recording.measured("ms from the end of the stall until it has partitions again",
                    again.at() - (stalled + 25_000));
            recording.fact("generations later with both again", again.generation() - before);
            recording.fact("partitions of it again", again.partitions().size());
        });
    }

    private static void stallsPause(Cluster cluster, Recording recording) throws Exception {
        stalling(cluster, recording, (first, second, repeat) -> {
            Waiting.sleep(6000 + 570 * repeat);
            List<String> its = second.assignment().orElseThrow().partitions();
            long stalled = second.stall(25_000);
            Event next = first.await("polled", stalled, 60_000, one -> its.contains(one.detail().split(" ")[0]));
            Event last = second.events().stream().filter(one -> one.what().equals("polled"))
                    .reduce((earlier, later) -> later).orElseThrow();
            recording.measured("ms that the partitions of a stalled member went unread", next.at() - last.at());
            recording.fact("partitions of who takes over", first.assignment().orElseThrow().partitions().size());
        });
    }

    private static void both(Member first, Member second) {
        Waiting.until(60_000, "both members have half", () -> first.assignment().isPresent()
                && second.assignment().isPresent()
                && first.assignment().get().partitions().size() == PARTITIONS / 2
                && second.assignment().get().partitions().size() == PARTITIONS / 2);
    }

    private static void staticRestarts(Cluster cluster, Recording recording, String sessionMs, long laterMs)
            throws Exception {
        Map<String, String> config = Map.of("session.timeout.ms", sessionMs, "auto.offset.reset", "earliest");
        recording.config("consumers", new TreeMap<>(config));
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, PARTITIONS, 60, Map.of());
                    Member first = new Member(cluster, group, "billing-1", topic, with(config, "group.instance.id", "one"));
                    Member second = new Member(cluster, group, "billing-2", topic, with(config, "group.instance.id", "two"))) {
                both(first, second);
                Waiting.sleep(4000 + 570 * repeat);
                Event before = second.assignment().orElseThrow();
                long killed = second.kill();
                Waiting.sleep(1000 + laterMs);
                try (Member again = new Member(cluster, group, "billing-2", topic, with(config, "group.instance.id", "two"))) {
                    Event polling = again.await("polling", 0, 30_000, one -> true);
                    Event assigned = again.await("assigned", 0, 60_000, one -> true);
                    Waiting.sleep(4000);
                    recording.measured("ms from its first poll until it has partitions", assigned.at() - polling.at());
                    recording.fact("generations later", assigned.generation() - before.generation());
                    recording.fact("it has the same partitions", numbers(assigned).equals(numbers(before)));
                    recording.fact("rebalances of the other member meanwhile", first.events().stream()
                            .filter(one -> one.at() >= killed && one.what().equals("assigned")).count());
                }
            }
        }
    }

    static Map<String, String> with(Map<String, String> config, String key, String value) {
        Map<String, String> more = new HashMap<>(config);
        more.put(key, value);
        return more;
    }

    private static void deliveredTwice(Cluster cluster, Recording recording, boolean auto) throws Exception {
        Map<String, String> config = new TreeMap<>(Map.of("session.timeout.ms", "10000", "auto.offset.reset", "earliest"));
        if (!auto) {
            config.put("enable.auto.commit", "false");
        }
        recording.config("consumers", config);
        Map<String, String> ours = new HashMap<>(config);
        ours.put(".processing", "10");
        if (!auto) {
            ours.put(".commit", "after");
        }
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, 1, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, 1, 50, Map.of());
                    Member first = new Member(cluster, group, "billing-1", topic, ours)) {
                first.await("assigned", 0, 60_000, one -> true);
                Waiting.sleep(12_000 + 870 * repeat);
                first.kill();
                long read = delivered(first).get(1);
                try (Member second = new Member(cluster, group, "billing-2", topic, ours)) {
                    second.await("polled", 0, 60_000, one -> true);
                    long from = delivered(second).get(0);
                    recording.measured("records delivered twice", Math.max(0, read - from));
                    recording.fact("records never delivered", Math.max(0, from - read));
                }
            }
        }
    }

    /** The first offset that a member was given, and the one after the last. */
    private static List<Long> delivered(Member member) {
        List<String[]> polls = member.events().stream().filter(one -> one.what().equals("polled"))
                .map(one -> one.detail().split(" ")).toList();
        return List.of(Long.parseLong(polls.get(0)[1]), Long.parseLong(polls.get(polls.size() - 1)[2]));
    }

    /** Partitions that a member owns, as numbers. */
    private static List<Integer> numbers(Event assigned) {
        return assigned.partitions().stream().map(name -> Integer.parseInt(name.substring(name.lastIndexOf('-') + 1)))
                .sorted().toList();
    }

    private static void timeline(Cluster cluster, Recording recording, Map<String, String> keys) throws Exception {
        Map<String, String> config = new HashMap<>(keys);
        config.put("auto.offset.reset", "earliest");
        recording.config("consumers", new TreeMap<>(config));
        recording.given("partitions", PARTITIONS);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = Topics.fresh("orders");
            String group = Topics.fresh("billing");
            Topics.create(cluster, topic, PARTITIONS, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, PARTITIONS, 60, Map.of())) {
                Waiting.sleep(1000);
                Map<String, Member> members = new LinkedHashMap<>();
                List<Member> ever = new ArrayList<>();
                try {
                    for (int number = 1; number <= 3; number++) {
                        String name = "billing-" + number;
                        Member member = new Member(cluster, group, name, topic, config);
                        members.put(name, member);
                        ever.add(member);
                        joined(recording, members, ever, name);
                        // The next one comes at another moment between two heartbeats each time.
                        Waiting.sleep(4000 + 570 * repeat);
                    }
                    long left = members.remove("billing-2").leave();
                    tell(recording, members, ever, "after billing-2 leaves", left);
                    Waiting.sleep(4000 + 570 * repeat);
                    long killed = members.remove("billing-3").kill();
                    tell(recording, members, ever, "after billing-3 is killed", killed);
                } finally {
                    for (Member member : ever) {
                        member.close();
                    }
                }
            }
        }
    }

    private static void joined(Recording recording, Map<String, Member> members, List<Member> ever, String name) {
        Event polling = members.get(name).await("polling", 0, 60_000, one -> true);
        tell(recording, members, ever, "with " + name, polling.at());
    }

    /** Waits until the members that are left all have their partitions of one later generation. */
    private static void tell(Recording recording, Map<String, Member> members, List<Member> ever, String when,
            long from) {
        Map<String, Event> assigned = new TreeMap<>();
        members.forEach((name, member) -> assigned.put(name, member.await("assigned", from, 60_000, one -> true)));
        List<Integer> generations = assigned.values().stream().map(Event::generation).distinct().toList();
        recording.fact("generation " + when, generations.size() == 1 ? generations.get(0) : generations);
        Map<String, List<Integer>> partitions = new TreeMap<>();
        assigned.forEach((name, event) -> partitions.put(name, numbers(event)));
        recording.fact("partitions " + when, partitions);
        long last = assigned.values().stream().mapToLong(Event::at).max().orElseThrow();
        recording.measured("ms until every member has its partitions " + when, last - from);
        Waiting.sleep(1500);
        recording.measured("ms that a partition went unread at most " + when, longestPause(ever, from));
    }

    /** The longest time that no member was told records of a partition, around a rebalance. */
    static long longestPause(List<Member> members, long from) {
        return longestPause(members, from, "");
    }

    /** The same of partitions whose name ends so. */
    private static long longestPause(List<Member> members, long from, String ending) {
        Map<String, List<Long>> polls = new TreeMap<>();
        for (Member member : members) {
            for (Event event : member.events()) {
                boolean counts = event.what().equals("polled") && event.detail().split(" ")[0].endsWith(ending);
                if (counts && event.at() >= from - 2000) {
                    polls.computeIfAbsent(event.detail().split(" ")[0], unknown -> new ArrayList<>()).add(event.at());
                }
            }
        }
        long longest = 0;
        for (List<Long> times : polls.values()) {
            List<Long> sorted = times.stream().sorted().toList();
            for (int at = 1; at < sorted.size(); at++) {
                if (sorted.get(at) >= from) {
                    longest = Math.max(longest, sorted.get(at) - sorted.get(at - 1));
                }
            }
        }
        return longest;
    }
}
