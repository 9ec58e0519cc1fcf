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
                        (cluster, recording) -> timeline(cluster, recording, Map.of("session.timeout.ms", "10000"))));
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
        Member member = members.get(name);
        Event assigned = member.await("assigned", 0, 60_000, one -> true);
        Event polling = member.await("polling", 0, 1_000, one -> true);
        recording.measured("ms from the first poll of " + name + " until it has partitions", assigned.at() - polling.at());
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
    private static long longestPause(List<Member> members, long from) {
        Map<String, List<Long>> polls = new TreeMap<>();
        for (Member member : members) {
            for (Event event : member.events()) {
                if (event.what().equals("polled") && event.at() >= from - 2000) {
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
