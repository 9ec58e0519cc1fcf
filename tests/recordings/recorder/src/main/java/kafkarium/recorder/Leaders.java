package kafkarium.recorder;

import java.util.List;
import java.util.Map;
import kafkarium.recorder.MetadataLog.Change;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** What happens when the leader of a partition ends, and when it comes back. */
final class Leaders {
    private static final List<List<Integer>> PLACED = List.of(List.of(1, 2, 3));

    private static final String WITHOUT_ELR = " The cluster has no eligible leader replicas.";
    private static final Cluster.Spec NO_ELR =
            new Cluster.Spec(1, Map.of(), Map.of("eligible.leader.replicas.version", "0"));

    private Leaders() {}

    static List<Situation> all() {
        String flow = "Broker 1 leads a partition of three replicas, a producer with acks=all sends 50 records a second, ";
        return List.of(
                Situation.of("leader-killed", flow + "broker 1 is killed and started again.", Leaders::killed),
                Situation.of("leader-killed-reader",
                        "Broker 1 leads a partition of three replicas, to which 50 records a second are written; the only member of a "
                                + "group whose coordinator is another broker reads it. Broker 1 is killed.",
                        Leaders::killedReader),
                Situation.of("leader-stopped", flow + "broker 1 is stopped cleanly and started again.", Leaders::stopped),
                Situation.of("leader-frozen", flow + "broker 1 freezes for 25 s.", Leaders::frozen),
                Situation.of("acks-1-leader-killed-ahead",
                        "Broker 1 leads a partition of three replicas, and what the other two fetch takes 500 ms there and 500 ms "
                                + "back. A producer with acks=1 sends 50 records a second; broker 1 is killed and started again.",
                        Leaders::killedAhead),
                Situation.of("last-in-sync-killed",
                        lastInSync("off"), (cluster, recording) -> lastInSyncKilled(cluster, recording, false)),
                Situation.of("last-in-sync-killed-unclean",
                        lastInSync("on"), (cluster, recording) -> lastInSyncKilled(cluster, recording, true)),
                Situation.of("last-in-sync-killed-without-elr", lastInSync("off") + WITHOUT_ELR, NO_ELR,
                        (cluster, recording) -> lastInSyncKilled(cluster, recording, false)),
                Situation.of("last-in-sync-killed-unclean-without-elr", lastInSync("on") + WITHOUT_ELR, NO_ELR,
                        (cluster, recording) -> lastInSyncKilled(cluster, recording, true)));
    }

    private static String lastInSync(String unclean) {
        return "Unclean leader election is " + unclean + ". Brokers 2 and 3 freeze until broker 1 is alone in the ISR; it takes five "
                + "more records with acks=1 and is killed. Broker 2 thaws, then broker 3; then broker 1 is started again.";
    }

    private static void leaderBefore(Recording recording, Change before) {
        recording.fact("leader before", before.partition().leader);
        recording.fact("leader epoch before", before.partition().leaderEpoch);
        recording.fact("ISR before", before.isr());
    }

    private static void leaderAfter(Recording recording, Change after) {
        recording.fact("leader after", after.partition().leader);
        recording.fact("leader epoch after", after.partition().leaderEpoch);
        recording.fact("ISR after", after.isr());
        recording.fact("ELR after", after.elr());
    }

    private static void fates(Recording recording, Flow flow, List<String> values) {
        recording.fact("sends that failed", flow.failed());
        recording.fact("acknowledged records that are gone", flow.gone(values));
        recording.fact("records twice in the log", Flow.twice(values));
    }

    private static void returned(Cluster cluster, Recording recording, String topic, long from) {
        long unfenced = cluster.metadata().awaitFencing(1, -1, from, 120_000);
        Change whole = cluster.metadata().await(topic, 0, from, 120_000, "broker 1 is in sync again",
                change -> change.isr().contains(1));
        recording.measured("ms from being unfenced until back in the ISR", whole.at() - unfenced);
        recording.fact("leader after the return", whole.partition().leader);
        recording.fact("ISR after the return", whole.isr());
    }

    private static String placed(Cluster cluster, Recording recording, Map<String, String> config) throws Exception {
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, PLACED, config);
        recording.given("placement", PLACED);
        recording.config("topic", config);
        leaderBefore(recording, cluster.metadata().now(topic, 0));
        return topic;
    }

    /** What is done while a producer sends. */
    @FunctionalInterface
    private interface Meanwhile {
        void go(String topic, Flow flow) throws Exception;
    }

    /** Five times: a new topic, 50 records a second, then the fault, at another moment between two heartbeats each time. */
    private static void repeated(Cluster cluster, Recording recording, Map<String, String> producer, Meanwhile fault)
            throws Exception {
        recording.config("producer", producer);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = placed(cluster, recording, Map.of());
            try (Flow flow = new Flow(cluster.bootstrap(), topic, 1, 50, producer)) {
                Waiting.sleep(4000 + 370 * repeat);
                fault.go(topic, flow);
            }
            cluster.heal();
        }
    }

    private static void killed(Cluster cluster, Recording recording) throws Exception {
        repeated(cluster, recording, Map.of(), (topic, flow) -> {
            long killed = cluster.kill(1);
            Change after = awaitOtherLeader(cluster, topic, killed);
            recording.measured("ms until there is a leader again", after.at() - killed);
            leaderAfter(recording, after);
            flow.awaitAcknowledged(after.at(), 60_000);
            recording.measured("ms without an acknowledgement", flow.longestSilence(killed));
            returned(cluster, recording, topic, cluster.restart(1));
            flow.close();
            fates(recording, flow, new ReplicaLog(cluster, 2, topic, 0).values());
        });
    }

    private static void killedReader(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> config = Map.of("auto.offset.reset", "earliest");
        recording.config("consumers", config);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = placed(cluster, recording, Map.of());
            String group = Topics.fresh("billing");
            while (coordinator(cluster, group, topic) == 1) {
                group = Topics.fresh("billing");
            }
            try (Flow flow = new Flow(cluster.bootstrap(), topic, 1, 50, Map.of());
                    Member member = new Member(cluster, group, "billing-1", topic, config)) {
                member.await("polled", 0, 60_000, one -> true);
                Waiting.sleep(4000 + 370 * repeat);
                long killed = cluster.kill(1);
                awaitOtherLeader(cluster, topic, killed);
                Waiting.sleep(6000);
                recording.measured("ms that the partition went unread", Groups.longestPause(List.of(member), killed));
                recording.fact("assignments of the member",
                        member.events().stream().filter(one -> one.what().equals("assigned")).count());
            }
            cluster.heal();
        }
    }

    /** A group is there as soon as it has committed something. */
    private static int coordinator(Cluster cluster, String group, String topic) throws Exception {
        cluster.admin().alterConsumerGroupOffsets(group,
                Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))).all().get();
        return cluster.admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get().coordinator().id();
    }

    private static Change awaitOtherLeader(Cluster cluster, String topic, long from) {
        return cluster.metadata().await(topic, 0, from, 60_000, "another broker leads",
                change -> change.partition().leader != 1);
    }

    private static void stopped(Cluster cluster, Recording recording) throws Exception {
        repeated(cluster, recording, Map.of(), (topic, flow) -> {
            long told = cluster.terminate(1);
            leaderAfter(recording, awaitOtherLeader(cluster, topic, told));
            cluster.awaitEnd(1);
            Waiting.sleep(1000);
            recording.measured("ms without an acknowledgement", flow.longestSilence(told));
            Change down = cluster.metadata().now(topic, 0);
            recording.fact("leader epoch when it is down", down.partition().leaderEpoch);
            recording.fact("ISR when it is down", down.isr());
            recording.fact("ELR when it is down", down.elr());
            returned(cluster, recording, topic, cluster.restart(1));
            flow.close();
            fates(recording, flow, new ReplicaLog(cluster, 2, topic, 0).values());
        });
    }

    private static void frozen(Cluster cluster, Recording recording) throws Exception {
        repeated(cluster, recording, Map.of("request.timeout.ms", "15000"), (topic, flow) -> {
            long frozen = cluster.freeze(1);
            Change after = awaitOtherLeader(cluster, topic, frozen);
            recording.measured("ms until there is a leader again", after.at() - frozen);
            leaderAfter(recording, after);
            Waiting.untilMoment(frozen + 25_000);
            recording.measured("ms without an acknowledgement", flow.longestSilence(frozen));
            returned(cluster, recording, topic, cluster.thaw(1));
            flow.close();
            fates(recording, flow, new ReplicaLog(cluster, 2, topic, 0).values());
            recording.fact("both logs are alike", sameLogs(cluster, topic));
        });
    }

    private static boolean sameLogs(Cluster cluster, String topic) throws Exception {
        Waiting.sleep(1500);
        return new ReplicaLog(cluster, 1, topic, 0).batches().equals(new ReplicaLog(cluster, 2, topic, 0).batches());
    }

    private static void killedAhead(Cluster cluster, Recording recording) throws Exception {
        repeated(cluster, recording, Map.of("acks", "1"), (topic, flow) -> {
            cluster.replicationOf(1).delay(500);
            Waiting.sleep(5000);
            long killed = cluster.kill(1);
            cluster.replicationOf(1).delay(0);
            long end = new ReplicaLog(cluster, 1, topic, 0).end();
            Change after = awaitOtherLeader(cluster, topic, killed);
            leaderAfter(recording, after);
            flow.awaitAcknowledged(after.at(), 60_000);
            List<List<Long>> epochs = new ReplicaLog(cluster, 2, topic, 0).epochs();
            long parted = epochs.get(epochs.size() - 1).get(1);
            recording.measured("records only the old leader had", end - parted);
            returned(cluster, recording, topic, cluster.restart(1));
            flow.close();
            recording.fact("both logs are alike", sameLogs(cluster, topic));
            List<String> values = new ReplicaLog(cluster, 2, topic, 0).values();
            recording.measured("acknowledged records that are gone", flow.gone(values));
            recording.fact("records twice in the log", Flow.twice(values));
            recording.fact("sends that failed", flow.failed());
            recording.fact("epochs of the old leader are those of the new one",
                    new ReplicaLog(cluster, 1, topic, 0).epochs().equals(epochs));
        });
    }

    private static void lastInSyncKilled(Cluster cluster, Recording recording, boolean unclean) throws Exception {
        String topic = placed(cluster, recording, Map.of("unclean.leader.election.enable", "" + unclean));
        send(cluster, topic, 0, 5, "all");
        long frozen = cluster.freeze(2);
        cluster.freeze(3);
        Change alone = cluster.metadata().await(topic, 0, frozen, 60_000, "broker 1 is alone in the ISR",
                change -> change.isr().equals(List.of(1)));
        recording.fact("ELR with broker 1 alone", alone.elr());
        recording.fact("leader epoch with broker 1 alone", alone.partition().leaderEpoch);
        send(cluster, topic, 5, 10, "1");
        long killed = cluster.kill(1);
        Change dead = cluster.metadata().await(topic, 0, killed, 60_000, "broker 1 leads no more",
                change -> change.partition().leader != 1);
        recording.fact("leader after the kill", dead.partition().leader);
        recording.fact("leader epoch after the kill", dead.partition().leaderEpoch);
        recording.fact("ISR after the kill", dead.isr());
        recording.fact("ELR after the kill", dead.elr());
        long thawed = cluster.thaw(2);
        cluster.metadata().awaitFencing(2, -1, thawed, 60_000);
        long thawedToo = cluster.thaw(3);
        cluster.metadata().awaitFencing(3, -1, thawedToo, 60_000);
        Waiting.sleep(8000);
        Change thawedState = cluster.metadata().now(topic, 0);
        recording.fact("leader with 2 and 3 back", thawedState.partition().leader);
        recording.fact("ISR with 2 and 3 back", thawedState.isr());
        recording.fact("ELR with 2 and 3 back", thawedState.elr());
        long restarted = cluster.restart(1);
        cluster.metadata().awaitFencing(1, -1, restarted, 120_000);
        Change whole = cluster.metadata().await(topic, 0, restarted, 120_000, "all are in sync",
                change -> change.isr().size() == 3);
        recording.fact("leader in the end", whole.partition().leader);
        Waiting.sleep(1500);
        recording.fact("records in the end", new ReplicaLog(cluster, whole.partition().leader, topic, 0).values());
    }

    private static void send(Cluster cluster, String topic, int from, int to, String acks) throws Exception {
        // Brokers 2 and 3 may be frozen; a client that asks one of them first only loses time.
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrapOf(List.of(1)), Map.of("acks", acks))) {
            for (int number = from; number < to; number++) {
                producer.send(new ProducerRecord<>(topic, 0, null, "" + number)).get();
            }
        }
    }
}
